"""Search by a part of a number, over numbers kept by the thousand (`read_models.invoice_numbers`): lead, digits, rest.

A part within the lead or the rest is in all of the thousand; any other covers some of the digits that run, which tells
the places. So a look at one row for every thousand counts exactly, however frequent the part, and tells where the
newest are.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from psycopg import sql

from adapters.read_models.reading import composed
from adapters.sql_files import load_sql

SQL: Final = load_sql("adapters.read_models.invoice_list")
PLACES: Final = 1000
WIDEST: Final = 3
FEW: Final = 1000
"""So many are looked up one by one, at some microseconds each; of more than those every page of the list has some."""


class NumberSearch:
    """A search by a part of a number alone: statements' parts, and the values that go with them."""

    def __init__(self, part: str, *, beyond: bool) -> None:
        """`beyond`: the rows after a cursor are asked for."""
        part = part.replace("\x00", "")
        found = list(ways(part))
        self.values: dict[str, Any] = {
            "part": part,
            "few": FEW,
            "way_widths": [way.width for way in found],
            "way_leads": [way.lead for way in found],
            "way_rests": [way.rest for way in found],
            "way_places": [way.places for way in found],
        }
        conditions = ("after_earliest", "after_latest", "after")
        self._after = {name: sql.SQL(SQL[name if beyond else "any_number"]) for name in conditions}

    def beforehand(self) -> sql.Composable:
        """What the other parts build on."""
        return composed(SQL, "numbers", **self._after)

    def rows(self) -> sql.Composable:
        """The newest rows."""
        after = self._after["after"]
        few, many = (composed(SQL, name, after=after) for name in ("few_numbers", "many_numbers"))
        return composed(SQL, "rows_by_number", few=few, many=many)


class Way(NamedTuple):
    """`lead` ends a thousand's lead, `rest` begins its rest, and between them are these places, a character each."""

    width: int
    lead: str
    rest: str
    places: str


def ways(part: str) -> Iterator[Way]:
    """All ways in which a part covers some of the digits that run."""
    for width in range(1, WIDEST + 1):
        for start in range(len(part)):
            for end in range(start + 1, min(start + width, len(part)) + 1):
                lead, digits, rest = part[:start], part[start:end], part[end:]
                if not (digits.isascii() and digits.isdecimal()):
                    break
                spare = width - len(digits)
                for at in range(spare + 1):
                    if (not lead or at == 0) and (not rest or at == spare):
                        yield Way(width, lead, rest, _places(width, at, digits))


@lru_cache(maxsize=2048)
def _places(width: int, at: int, digits: str) -> str:
    """The places whose digits, from one on, are these."""
    wanted = (f"{place:0{width}}".startswith(digits, at) for place in range(10**width))
    return "".join("01"[one] for one in wanted).ljust(PLACES, "0")
