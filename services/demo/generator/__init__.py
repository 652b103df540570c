"""Provider files in real formats, made from a seed: the same seed gives the same bytes."""
