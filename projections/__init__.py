"""What readers see: one folder a read model, its fold and its port."""
