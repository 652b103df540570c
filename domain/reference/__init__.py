"""Reference data: one generic aggregate, a typed body per kind, every change a version."""
