"""The read models as they are queried: `ReadModels.open(url)` gives all of them on one pool of connections."""

from adapters.read_models.facade import ReadModels

__all__ = ["ReadModels"]
