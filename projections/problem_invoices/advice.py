"""What to do next about a problem, in one sentence a kind."""

from collections.abc import Sequence
from typing import Final

STEPS: Final = {
    "unresolved_references": "Fill in the codes in errors.csv, post it to /customers/bulk and /products/bulk, and try "
    "again.",
    "checksum_failed": "Ask the provider for what is missing, or correct the lines or the header, and try again.",
    "checksum_overridable": "Override the difference with a reason on a manual sync or activation, or ask the provider "
    "for what is missing.",
    "import_failed": "Read the message, have the file or the header put right, and try again.",
    "provider_changed": "Adjust the invoice, acknowledge the change, or deactivate it and sync it again.",
    "stuck": "Sync it again; if it gets stuck once more, look at the worker's log.",
}


def next_steps(kinds: Sequence[str], *, can_be_overridden: bool) -> tuple[str, ...]:
    """A sentence for each kind of problem, in their order."""
    return tuple(STEPS["checksum_overridable" if k == "checksum_failed" and can_be_overridden else k] for k in kinds)
