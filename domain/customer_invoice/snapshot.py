"""The customer as it was when an invoice was locked or ended: what lists and documents show of it from then on."""

from domain.fact import Part, PersonalText


class CustomerSnapshot(Part):
    """The customer as at the request for approval, or as at closing."""

    code: str
    version: int
    """0: nobody had saved it."""
    name: PersonalText
    cluster: str | None = None
