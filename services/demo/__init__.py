"""The demonstration: sample provider files and the main job run on them."""
