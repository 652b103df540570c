"""The port to text templates: rendered in a sandbox, with bounds on loops, output and time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Text:
    """A template, or what became of it: a subject of one line, and a body."""

    subject: str
    body: str


class TemplateBroken(Exception):
    """A text that can't be rendered; the message says where and what to mend, in one sentence."""

    def __init__(self, message: str, *, field: str = "body", line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.line = line


class Templates(Protocol):
    """Rendering. Data are plain values: strings, numbers, booleans, None, lists and mappings of these."""

    def check(self, template: Text, names: Mapping[str, Any]) -> None:
        """TemplateBroken when it can't be rendered with data of this shape, or names what is not there."""
        ...

    def render(self, template: Text, data: Mapping[str, Any]) -> Text:
        """The text; TemplateBroken when it reads what is not there or does not end within its bounds."""
        ...
