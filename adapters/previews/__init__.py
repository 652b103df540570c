"""What previews of contracts showed, as rows of a day."""

from adapters.previews.stored_previews import StoredPreviews

__all__ = ["StoredPreviews"]
