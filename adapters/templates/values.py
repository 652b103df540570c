"""Values in a template, and the filters on them: each bounded by what a rendering may spend."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context, StrictUndefined

from adapters.templates.language import COMPARED, COUNTED
from commands.ports.templates import TemplateBroken

MAX_OUTPUT: Final = 1_000_000
"""Characters of a rendered text."""
ROUNDS: Final = 1_000_000
"""Rounds of loops, each weighted by the size of its body: under a second of work."""
BUDGET: Final = " budget"
"""The name under which a rendering's budget lies beside the data; no template can write it."""


@dataclass(slots=True)
class Budget:
    """What one rendering may still spend; TemplateBroken when it is used up."""

    rounds: int = ROUNDS
    output: int = MAX_OUTPUT

    def spend(self, weight: int) -> None:
        """One round, or many."""
        self.rounds -= weight
        if self.rounds < 0:
            raise TemplateBroken("The text loops too often: show fewer things, or fewer lists inside lists.")

    def write(self, characters: int) -> None:
        """So much of the text."""
        self.output -= characters
        if self.output < 0:
            raise TemplateBroken(f"The text is longer than {MAX_OUTPUT:,} characters.")


def written(value: object) -> str:
    """What is written for a value: nothing for None; a list or mapping is refused, its fields have to be named."""
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        raise TemplateBroken("A list or an object can't be written as a whole: name its fields, or loop over it.")
    return str(value)


@pass_context
def _counted(context: Context, values: object, weight: int) -> Iterator[Any]:
    if isinstance(values, StrictUndefined):
        str(values)  # raises, naming what is missing
    if not isinstance(values, list | tuple | Mapping):
        raise TemplateBroken("A loop can only run over a list of the data.")
    return _spending(values, context[BUDGET], weight)


def _spending(values: Sequence[Any] | Mapping[Any, Any], budget: Budget, weight: int) -> Iterator[Any]:
    for value in values:
        budget.spend(weight)
        yield value


@pass_context
def _join(context: Context, values: object, separator: object = "") -> str:
    if not isinstance(values, list | tuple) or not isinstance(separator, str):
        raise TemplateBroken("join puts a text between the items of a list.")
    budget: Budget = context[BUDGET]
    budget.spend(len(values))
    texts = [written(value) for value in values]
    if sum(map(len, texts)) + len(texts) * len(separator) > MAX_OUTPUT:
        raise TemplateBroken(f"The text is longer than {MAX_OUTPUT:,} characters.")
    return separator.join(texts)


def _compared(value: object) -> object:
    if isinstance(value, Mapping | list | tuple):
        raise TemplateBroken("Lists and objects can't be compared: compare their fields, or their length.")
    return value


FILTERS_OF_OURS: Final[Mapping[str, Callable[..., Any]]] = {
    "join": _join,
    "lower": lambda value: written(value).lower(),
    "title": lambda value: written(value).title(),
    "trim": lambda value: written(value).strip(),
    "upper": lambda value: written(value).upper(),
    COUNTED: _counted,
    COMPARED: _compared,
}
"""In place of Jinja's, which would take any object."""
