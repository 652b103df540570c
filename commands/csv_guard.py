"""Cells of CSV files that a spreadsheet would take for formulas: marked on the way out, unmarked on the way back.

Source: OWASP, CSV injection. The mark is an apostrophe, which spreadsheets show as text.
"""

from typing import Final

_RISKY: Final = frozenset("=+-@\t\r'")


def guarded(cell: str) -> str:
    """The cell with a mark, if it begins like a formula (or like a marked cell, so that none is taken for another)."""
    return f"'{cell}" if cell[:1] in _RISKY and cell else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`; cells that were never marked stay as they are."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _RISKY and len(cell) > 1 else cell
