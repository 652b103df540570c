"""The HTTP API: who may call, what a call means, and how it is answered."""
