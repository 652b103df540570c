"""Rows of the reference data."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from projections.read_model import Table


class ReferenceRow(NamedTuple):
    """One piece of reference data. `body` is as stored: personal fields are ciphertext, opened only when queried.

    `name` is the plain name; empty where the name is personal. `created_position` orders the list by age.
    """

    id: str
    kind: str
    code: str
    body_version: int
    name: str | None
    body: dict[str, Any]
    retired: bool
    retired_reason: str | None
    erased: bool
    created_at: datetime
    created_position: int
    saved_at: datetime
    version: int
    position: int


REFERENCE: Final = Table("reference_list", ReferenceRow)
