"""The other columns of a line as one JSON object, written straight as the CSV cell that holds it.

In the quoted CSV cell each quote is doubled, so a pair is `""Key"":""value""`; a quote inside a value is `\\""`.
"""

import json
from collections.abc import Sequence

import pyarrow.compute as pc

from adapters.provider_files.cells import CellFault, Piece, StringColumn, constant, first_row, joined, text_bytes

_CONTROLS = [chr(code) for code in range(1, 32)]


def refuse_nul(column: StringColumn, data: bytes) -> None:
    """CellFault `nul-character` when a cell holds one: PostgreSQL can't keep it."""
    if b"\x00" in data and (row := first_row(pc.fill_null(pc.match_substring(column, "\x00"), False))) is not None:
        raise CellFault("nul-character", row, column[row].as_py().replace("\x00", "\\0"), "holds a NUL character")


def csv_text(column: StringColumn, *, quotes: bool, controls: bool) -> StringColumn:
    """The inside of a quoted CSV cell."""
    if not (quotes or controls):
        return column
    data = text_bytes(column)
    refuse_nul(column, data)
    return pc.replace_substring(column, '"', '""') if b'"' in data else column


def json_text(column: StringColumn, *, quotes: bool, controls: bool) -> StringColumn:
    """The inside of a JSON string that is itself inside a quoted CSV cell."""
    data = text_bytes(column)
    if b"\\" in data:
        column = pc.replace_substring(column, "\\", "\\\\")
    if quotes and b'"' in data:
        column = pc.replace_substring(column, '"', '\\""')
    if controls:
        refuse_nul(column, data)
        for character in _CONTROLS:
            if character.encode() in data:
                column = pc.replace_substring(column, character, json.dumps(character)[1:-1])
    return column


def json_constant(text: str) -> str:
    """As `json_text`, for one text."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace('"', '""')


def attribute_pieces(columns: Sequence[tuple[str, StringColumn]], *, quotes: bool, controls: bool) -> list[Piece]:
    """The quoted cell, in pieces, of an object with each row's non-null cells in the given order.

    Commas: pairs before the first one that every row has are followed by one, pairs behind it are preceded by one.
    """
    pieces: list[Piece] = ['"{']
    sometimes: list[StringColumn] = []
    always = False
    for name, column in columns:
        if column.null_count == len(column):
            continue
        comma = "," if always else ""
        key = f'{comma}""{json_constant(name)}"":""'
        only = constant(column)
        if only is not None:
            if controls:
                refuse_nul(column, text_bytes(column))
            pieces.append(f'{key}{json_constant(only)}""')
        elif not column.null_count:
            pieces += [key, json_text(column, quotes=quotes, controls=controls), '""']
        else:
            text = json_text(column, quotes=quotes, controls=controls)
            if always:
                pieces.append(pc.binary_join_element_wise(key, text, '""', ""))
            else:
                sometimes.append(pc.binary_join_element_wise(key, text, '""', ""))
            continue
        if not always and sometimes:
            pieces[1:1] = [pc.binary_join_element_wise(pair, ",", "") for pair in sometimes]
            sometimes = []
        always = True
    if sometimes:
        pairs = [pc.binary_join_element_wise(pair, ",", "") for pair in sometimes]
        pieces.append(pc.ascii_rtrim(joined(pairs), characters=","))  # a pair itself ends with a quote
    pieces.append('}"')
    return pieces
