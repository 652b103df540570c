"""Provider files: formats as data, one streaming engine, sources, manifests."""
