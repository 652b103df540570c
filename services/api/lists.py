"""Lists: which page, and waiting until the read model has what the caller has written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import Depends, Query
from starlette.responses import Response

from projections.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest, decode_cursor, encode_cursor
from services.api.call import Call
from services.api.problems import Problem
from services.api.rendering import Json

T = TypeVar("T")
MAX_POSITION: Final = 2**63 - 1


AtLeast = Annotated[
    int | None, Query(ge=0, le=MAX_POSITION, description="Wait until the read model has this position, else 503")
]


@dataclass(frozen=True, slots=True)
class Listing:
    """The page that is wanted, and the position the read model must have reached."""

    page: PageRequest
    at_least: int | None


async def _listing(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items a page")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(max_length=2000, description="`next_cursor` of the page before; it stays put while items come"),
    ] = None,
    count: Annotated[Literal["yes", "no"], Query(description="`no` leaves `total` out, which is quicker")] = "yes",
    at_least: AtLeast = None,
) -> Listing:
    return Listing(PageRequest(limit, cursor, count == "yes"), at_least)


ListingDep = Annotated[Listing, Depends(_listing)]
"""The query parameters of every list."""


def page_answer(page: Page[T], render: Callable[[T], Mapping[str, Any]], **more: object) -> Response:
    """`{"items", "next_cursor", "total"}`; `total` only when it was counted."""
    body: dict[str, Any] = {"items": [render(item) for item in page.items], "next_cursor": page.next_cursor, **more}
    if page.total is not None:
        body["total"] = page.total
    return Json(body)


def page_of(items: Sequence[T], wanted: PageRequest) -> Page[T]:
    """A page of what is there as a whole."""
    start = start_of(wanted.cursor)
    end = start + wanted.limit
    return Page(
        items[start:end],
        encode_cursor((str(end),)) if end < len(items) else None,
        len(items) if wanted.count else None,
    )


def start_of(cursor: str | None) -> int:
    """Index that a cursor of `page_of` stands for; Problem 422 for another one."""
    if cursor is None:
        return 0
    (start,) = decode_cursor(cursor, 1)
    if not start.isdecimal() or len(start) > 9:  # noqa: PLR2004 - far above any list
        raise Problem(422, "invalid-cursor", "The cursor is none of this list's: leave it out to start from the top.")
    return int(start)


async def have(call: Call, listing: Listing, *models: str) -> None:
    """Wait, bounded, until the read models have the position; Problem 503 with `Retry-After` when they have not."""
    await have_position(call, listing.at_least, *models)


async def have_position(call: Call, at_least: int | None, *models: str) -> None:
    """The same for what is no list."""
    if not at_least:
        return
    parts = call.parts
    if not await parts.read_models.positions.wait_until(models, at_least, parts.read_wait):
        raise Problem(
            503,
            "read-model-behind",
            f"The list does not have position {at_least} yet: ask again, or leave at_least out.",
            headers={"Retry-After": "1"},
        )
