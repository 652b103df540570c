"""One transaction that gives a group of approvals their numbers.

Rows first, then the order lock; under it all versions are checked, the losers drop out, the rest is numbered in order
and appended by the one append function. Nobody else can be between, so there is no gap and no double, whatever crashes:
without the commit there is neither the approval nor its number.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from psycopg import AsyncConnection, AsyncCursor, Rollback

from adapters.event_store.append_call import append_group, stored_answer
from adapters.event_store.chain import GENESIS_HEX
from adapters.event_store.codec import Codec
from adapters.event_store.encode import EncodedSave, encode_save
from adapters.sql_files import load_sql
from commands.ports.event_store import AlreadyAnswered, Appended, Conflict, History, Save, Write
from commands.ports.numbering import Numbered, NumberedSave
from domain.customer_invoice.approval import Number
from domain.identity import Stream, id_for, invoice_numbers_stream
from domain.numbering.events import AssignedNumber, NumbersAssigned
from domain.numbering.numbers import assigned, next_sequence, stated, year_of

_SQL = {name: text.encode() for name, text in load_sql("adapters.event_store").items()}
_ANSWER: Final = ("digest", "status", "body", "headers", "position")

Results = dict[int, Numbered | Exception]
"""What became of each save, by its place in the group."""
WriteRows = Callable[[AsyncConnection[Any], Mapping[int, NumberedSave]], Awaitable[Results]]
"""Writes the rows of all saves; those that were refused, with the reason."""


class Unnumbered(Exception):
    """The append function refused what was checked under its own lock: nothing was stored. A fault of the program."""


async def store_numbered(
    cursor: AsyncCursor[Any], group: Sequence[NumberedSave], codec: Codec, write_rows: WriteRows
) -> list[Numbered | Exception]:
    """Number and store a group; no two saves of it share a stream or a key, all are of one business date."""
    results: Results = {}
    left = dict(enumerate(group))
    done = False
    while left and not done:
        async with cursor.connection.transaction() as transaction:
            lost = await write_rows(cursor.connection, left)
            if not lost:
                await cursor.execute(_SQL["wait_for_appends"], prepare=True)
                lost = await _lost(cursor, left)
            results |= lost
            with_rows = any(left[place].rows for place in lost)
            left = {place: save for place, save in left.items() if place not in lost}
            if with_rows:
                raise Rollback(transaction)  # rows of losers are in it: once more, without them
            results |= await _numbered(cursor, left, codec)
            done = True
    return [results[place] for place in range(len(group))]


async def _lost(cursor: AsyncCursor[Any], saves: Mapping[int, NumberedSave]) -> Results:
    """Those whose streams moved on, or whose request was answered before."""
    streams = list({str(history.stream) for save in saves.values() for history in save.after})
    await cursor.execute(_SQL["heads"], (streams,), prepare=True, binary=True)
    heads = {row[0]: row for row in await cursor.fetchall()}
    given = await _answers_given(cursor, saves)
    lost: Results = {}
    for place, save in saves.items():
        moved = [h for h in save.after if _version_and_hash(heads.get(str(h.stream))) != (h.version, h.head_hash)]
        own = next((done for h in moved if (done := _own(heads.get(str(h.stream)), save)) is not None), None)
        answer = given.get((save.key.scope, save.key.key)) if save.key else None
        if answer is not None:  # also to an earlier try of the same save: what was told then is told again
            lost[place] = answer
        elif own is not None:
            lost[place] = own
        elif moved:
            lost[place] = Conflict(moved[0].stream)
    return lost


async def _answers_given(
    cursor: AsyncCursor[Any], saves: Mapping[int, NumberedSave]
) -> dict[tuple[str, str], AlreadyAnswered]:
    keys = [save.key for save in saves.values() if save.key is not None]
    if not keys:
        return {}
    wanted = ([key.scope for key in keys], [key.key for key in keys])
    await cursor.execute(_SQL["answers_given"], wanted, prepare=True)
    rows = await cursor.fetchall()
    return {(r[0], r[1]): AlreadyAnswered(stored_answer(dict(zip(_ANSWER, r[2:], strict=True)))) for r in rows}


def _version_and_hash(head: tuple[Any, ...] | None) -> tuple[int, str]:
    return (0, GENESIS_HEX) if head is None else (head[1], head[2].hex() if head[2] else GENESIS_HEX)


def _own(head: tuple[Any, ...] | None, save: NumberedSave) -> Numbered | None:
    """What an earlier try of this very save had stored, before its connection died."""
    if head is None or head[3] != save.origin.command_id or head[5] is None:
        return None
    said = json.loads(bytes(head[5]))
    number = Number(said["number"], said["series"], said["series_year"], said["sequence"])
    return Numbered(number, head[4])


@dataclass(slots=True)
class _Count:
    """The numbers of a series and year, as this transaction goes on."""

    history: History
    code: str
    year: int | None
    last: NumbersAssigned | None
    first_save: NumberedSave
    given: list[AssignedNumber]

    def following(self, save: NumberedSave) -> AssignedNumber:
        """The number that the save would get."""
        sequence = self.given[-1].sequence + 1 if self.given else next_sequence(save.series, self.last)
        (number,) = assigned(save.series, save.origin.business_date.year, sequence, [save.receiver])
        return number

    def save(self) -> Save:
        """What says who has the numbers: in the name of the one that got the first of them."""
        first = self.given[0]
        command = id_for("numbers", self.code, str(self.year or ""), str(first.sequence))
        origin = replace(self.first_save.origin, command_id=command)
        return Save(origin, (Write(self.history, tuple(stated(self.code, self.year, self.given))),))


async def _numbered(cursor: AsyncCursor[Any], saves: Mapping[int, NumberedSave], codec: Codec) -> Results:
    """Number, encode and append; a save that can't be encoded takes no number."""
    results: Results = {}
    places: list[int] = []
    numbers: list[Number] = []
    encoded: list[EncodedSave] = []
    counts = await _counts(cursor, saves, codec)
    for place, save in sorted(saves.items(), key=lambda item: item[1].order):
        count = counts[_stream_of(save)]
        one = count.following(save)
        number = Number(one.number, count.code, count.year, one.sequence)
        try:
            done = encode_save(save.finish(number), codec)
        except Exception as error:
            if save.rows:
                raise  # its rows are in the transaction
            results[place] = error
            continue
        if not count.given:
            count.first_save = save
        count.given.append(one)
        places.append(place)
        numbers.append(number)
        encoded.append(done)
    encoded += [encode_save(count.save(), codec) for count in counts.values() if count.given]
    if not encoded:
        return results
    outcomes = await append_group(cursor, encoded)
    for place, number, outcome in zip(places, numbers, outcomes, strict=False):
        if isinstance(outcome, Appended):
            results[place] = Numbered(number, outcome.position)
    if not all(isinstance(outcome, Appended) for outcome in outcomes):
        raise Unnumbered(f"checked under the lock, and yet: {[o for o in outcomes if isinstance(o, Exception)][:3]}")
    return results


def _stream_of(save: NumberedSave) -> Stream:
    return invoice_numbers_stream(save.series.code, year_of(save.series, save.origin.business_date.year))


async def _counts(cursor: AsyncCursor[Any], saves: Mapping[int, NumberedSave], codec: Codec) -> dict[Stream, _Count]:
    counts: dict[Stream, _Count] = {}
    for save in saves.values():
        stream = _stream_of(save)
        if stream not in counts:
            year = year_of(save.series, save.origin.business_date.year)
            counts[stream] = _Count(History(stream, (), 0, GENESIS_HEX, 0), save.series.code, year, None, save, [])
    await cursor.execute(_SQL["last_numbers"], ([str(stream) for stream in counts],), prepare=True, binary=True)
    for subject, version, digest, position, type_, schema, data in await cursor.fetchall():
        count = counts[Stream.parse(subject)]
        count.history = replace(count.history, version=version, head_hash=digest.hex(), position=position)
        last = codec.decode(type_, schema, data)
        if not isinstance(last, NumbersAssigned):
            raise TypeError(f"{subject} ends with {type_}")
        count.last = last
    return counts
