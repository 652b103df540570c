"""The parts of benchmarks/projection.py: the events, the library's side, our side."""
