"""Providers' own names for customers and products: at any day a name means one thing."""

from collections.abc import Sequence
from datetime import date

from domain.reference.bodies import Identifier
from domain.rejected import Rejected


def overlap(one: Identifier, other: Identifier) -> bool:
    """Whether two periods share a day: from included, to not, open ends reach for ever."""
    begins_before_end = one.valid_from is None or other.valid_to is None or one.valid_from < other.valid_to
    ends_after_begin = one.valid_to is None or other.valid_from is None or other.valid_from < one.valid_to
    return begins_before_end and ends_after_begin


def refuse_overlaps(identifiers: Sequence[Identifier]) -> None:
    """Rejected `identifier-twice` when a body gives the same identifier twice for the same day."""
    seen: dict[tuple[str, str], list[Identifier]] = {}
    for identifier in identifiers:
        others = seen.setdefault((identifier.provider, identifier.identifier), [])
        if any(overlap(identifier, other) for other in others):
            raise Rejected(
                "identifier-twice",
                f"Identifier {identifier.identifier!r} of provider {identifier.provider} is given twice for the same "
                "period: leave one out or give periods that do not overlap.",
                kind="invalid",
                facts={"provider": identifier.provider, "identifier": identifier.identifier},
            )
        others.append(identifier)


def with_identifier(identifiers: Sequence[Identifier], provider: str, identifier: str) -> tuple[Identifier, ...]:
    """All of them, and this one from where its earlier periods ended; the same when it holds already."""
    periods = [i for i in identifiers if (i.provider, i.identifier) == (provider, identifier)]
    if any(i.valid_to is None for i in periods):
        return tuple(identifiers)
    since: date | None = max((i.valid_to for i in periods if i.valid_to is not None), default=None)
    return (*identifiers, Identifier(provider=provider, identifier=identifier, valid_from=since))
