"""What a template may say: a small part of Jinja, checked on its syntax tree before anything runs.

Allowed are fields of the data (`{{ a.b }}`), `if`, `for` over lists of the data, comparisons, and a few filters. There
is nothing by which a template could compute without end or without bound: no calls, macros, assignments, arithmetic
or string building, no `range`. What is left to bound is how often loops inside loops run: every `for` counts its
rounds, weighted by the size of its body, against the budget of the rendering.
"""

from collections.abc import Iterator
from typing import Final

from jinja2 import nodes

from commands.ports.templates import TemplateBroken

MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 40
FILTERS: Final = frozenset({"default", "first", "last", "join", "length", "lower", "title", "trim", "upper"})
TESTS: Final = frozenset({"defined", "undefined", "none", "number", "string"})
COUNTED: Final = "counted rounds"
"""Name of the filter that the check puts around what a loop runs over; no template can write it."""
COMPARED: Final = "compared value"
"""Name of the filter around both sides of a comparison: lists are not compared, that would take time for each item."""

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.For,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.List,
    nodes.Tuple,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
)
_WORDS: Final = {
    nodes.Call: "call anything",
    nodes.Macro: "define macros",
    nodes.Assign: "assign variables",
    nodes.AssignBlock: "assign variables",
    nodes.Include: "include other templates",
    nodes.Import: "import other templates",
    nodes.FromImport: "import other templates",
    nodes.Extends: "extend other templates",
    nodes.Slice: "cut slices",
    nodes.Concat: "join texts with ~",
    nodes.BinExpr: "calculate",
    nodes.Pos: "calculate",
    nodes.FilterBlock: "use filter blocks",
    nodes.Dict: "make mappings",
}


def confine(tree: nodes.Template, field: str) -> nodes.Template:
    """Check a template's tree and put the counting into its loops; TemplateBroken names what is not allowed."""
    for number, (node, depth) in enumerate(_walk(tree)):
        if number >= MAX_NODES:
            raise TemplateBroken(f"The {field} is too long: more than {MAX_NODES} expressions and texts.", field=field)
        if depth > MAX_DEPTH:
            raise TemplateBroken(f"The {field} nests deeper than {MAX_DEPTH} levels.", field=field, line=node.lineno)
        _check(node, field)
    for loop in tree.find_all(nodes.For):
        weight = nodes.Const(1 + sum(1 for _ in _walk(loop)), lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, COUNTED, [weight], [], None, None, lineno=loop.lineno)
    for comparison in tree.find_all(nodes.Compare):
        comparison.expr = _plain(comparison.expr)
        for operand in comparison.ops:
            operand.expr = _plain(operand.expr)
    return tree


def _plain(side: nodes.Expr) -> nodes.Expr:
    return nodes.Filter(side, COMPARED, [], [], None, None, lineno=side.lineno)


def _walk(node: nodes.Node, depth: int = 0) -> Iterator[tuple[nodes.Node, int]]:
    waiting = [(node, depth)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _check(node: nodes.Node, field: str) -> None:
    match node:
        case nodes.For(recursive=True):
            what = "run loops recursively"
        case nodes.Filter(name=name) if name not in FILTERS:
            what = f"use the filter {name!r} (only {', '.join(sorted(FILTERS))})"
        case nodes.Test(name=name) if name not in TESTS:
            what = f"use the test {name!r}"
        case nodes.Operand(op="in" | "notin"):
            what = "look into lists with in"
        case nodes.Name(name="self"):
            what = "read 'self'"
        case nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=name)) if str(name).startswith("_"):
            what = f"read {str(name)[:60]!r}: names that begin with an underscore are no data"
        case nodes.Name(name=name) if name.startswith("_"):
            what = f"read {name[:60]!r}: names that begin with an underscore are no data"
        case nodes.Filter(dyn_args=args, dyn_kwargs=kwargs) if args or kwargs:
            what = "pass arguments with stars"
        case _ if isinstance(node, _ALLOWED):
            return
        case _:
            words = (words for cls, words in _WORDS.items() if isinstance(node, cls))
            what = next(words, f"use {type(node).__name__.lower()}")
    raise TemplateBroken(f"Line {node.lineno}: a template can't {what}.", field=field, line=node.lineno)
