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


Period = tuple[date | None, date | None]
"""From a day on, included, to a day, not included; None: open."""


def days_left(held: Sequence[Period]) -> list[Period]:
    """The days that none of these periods has, as periods in order."""
    left: list[Period] = []
    since: date | None = None
    for begin, end in sorted(held, key=lambda period: period[0] or date.min):
        if begin is not None and (since is None or since < begin):
            left.append((since, begin))
        if end is None:
            return left
        since = end if since is None else max(since, end)
    return [*left, (since, None)]


def with_identifier(
    identifiers: Sequence[Identifier], provider: str, identifier: str, held: Sequence[Period] = ()
) -> tuple[Identifier, ...]:
    """All of them, and this one for every day on which nobody else has it (`held`).

    Source: errors.csv. Whoever fills in its code says whose the lines are, on whatever days they lie.
    """
    gained = [
        Identifier(provider=provider, identifier=identifier, valid_from=since, valid_to=until)
        for since, until in days_left(held)
    ]
    known = [i for i in identifiers if (i.provider, i.identifier) == (provider, identifier)]
    if set(known) == set(gained):
        return tuple(identifiers)
    return (*(i for i in identifiers if i not in known), *gained)
