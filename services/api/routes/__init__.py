"""Routes, one file a resource, named as the path."""
