"""The call of the append function: a group of encoded saves in, what became of each out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncCursor

from adapters.event_store.encode import EncodedSave
from adapters.event_store.packing import NewAnswers, NewClaims, NewEvents, NewWrites, PackedRecords
from adapters.sql_files import load_sql
from commands.ports.event_store import AlreadyAnswered, Appended, ClaimTaken, Conflict, StoredAnswer
from domain.identity import Stream

MAX_GROUP: Final = 256
"""Saves in one group."""

_APPEND = load_sql("adapters.event_store")["append_events"].encode()
_NO_CLAIMS, _NO_ANSWERS = NewClaims(()), NewAnswers(())


class Again(Exception):
    """The save shares a stream, a name or a key with an earlier one of its group: it belongs into the next group."""


class Unlinked(Exception):
    """The append function answered something that its callers do not know: program and schema are of two versions."""


Outcome = Appended | Conflict | ClaimTaken | AlreadyAnswered | Again


async def append_group(cursor: AsyncCursor[Any], group: Sequence[EncodedSave]) -> list[Outcome]:
    """Append in one round trip; the outcomes are in the order of the saves. At most MAX_GROUP saves."""
    await cursor.execute(_APPEND, arguments(group), prepare=True, binary=True)
    row = await cursor.fetchone()
    if row is None:
        raise Unlinked("append_events gave no row")
    return outcomes(group, row[0], row[1])


def arguments(group: Sequence[EncodedSave]) -> list[PackedRecords | bytes | bool]:
    """The group as the function's arguments."""
    keys = [key for save in group for key in save.keys]
    distinct = set(keys)
    return [
        NewWrites(save.writes for save in group),
        NewEvents(save.events for save in group),
        NewClaims(save.claims for save in group) if any(save.claims for save in group) else _NO_CLAIMS,
        NewAnswers(save.answers for save in group) if any(save.answers for save in group) else _NO_ANSWERS,
        b"".join([save.hashes for save in group]),
        len(group) > 1 and (len(keys) != len(distinct) or not all(distinct.isdisjoint(save.guards) for save in group)),
    ]


def outcomes(group: Sequence[EncodedSave], base: int, lost: Sequence[Mapping[str, Any]] | None) -> list[Outcome]:
    """What became of each save; positions count the events of those that were stored."""
    reasons: dict[int, Mapping[str, Any]] = {}
    for reason in lost or ():
        known = reasons.get(reason["save"])
        if known is None or _weight(reason) > _weight(known):
            reasons[reason["save"]] = reason
    found: list[Outcome] = []
    position = base
    for number, save in enumerate(group, 1):
        if (reason := reasons.get(number)) is not None:  # type: ignore[assignment]  # not the loop's above
            found.append(_loss(reason))
        else:
            position += len(save.events)
            found.append(Appended(position if save.events else 0))
    return found


# What a save is told that lost for several reasons: its own earlier success before all, then what a repeated request
# is about, then names; a conflict only when nothing better is known.
_WEIGHT: Final = {"again": 0, "conflict": 1, "claimed": 2, "answered": 3, "own": 4}


def _weight(reason: Mapping[str, Any]) -> tuple[int, int]:
    """Of a save's own events the last one counts: its streams are each found by their end."""
    return _WEIGHT[reason["why"]], reason.get("position", 0)


def _loss(reason: Mapping[str, Any]) -> Outcome:
    match reason["why"]:
        case "own":
            return Appended(reason["position"])
        case "answered":
            return AlreadyAnswered(stored_answer(reason))
        case "claimed":
            return ClaimTaken(reason["kind"], reason["key"], UUID(reason["owner"]))
        case "conflict":
            return Conflict(Stream.parse(reason["stream"]))
        case _:
            return Again()


def stored_answer(row: Mapping[str, Any]) -> StoredAnswer:
    """An answer out of its columns."""
    return StoredAnswer(
        digest=row["digest"],
        status=row["status"],
        body=json.loads(row["body"]),
        headers=json.loads(row["headers"]),
        position=row["position"],
    )
