"""What the handlers need of the outside world, one protocol a file."""
