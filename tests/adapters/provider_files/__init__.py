"""Provider files: formats, the engine and its limits, sources, lists."""
