"""Outlines of chunks of lines, as they pass from the reader to the line store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outline:
    """What the reader made of a chunk for the checks, beside the chunk's rows: opaque to commands."""

    first_line: int
    lines: int
    content: bytes
