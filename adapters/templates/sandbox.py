"""Rendering: Jinja's immutable sandbox around the confined language, with budgets for rounds and output."""

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.runtime import LoopContext, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.templates.language import FILTERS, TESTS, confine
from adapters.templates.values import BUDGET, FILTERS_OF_OURS, Budget, written
from commands.ports.templates import TemplateBroken, Text

_LOOP: Final = frozenset({"index", "index0", "revindex", "first", "last", "length"})


class _Environment(ImmutableSandboxedEnvironment):
    """Reads mappings by key and lists by number; no value has attributes here."""

    def getattr(self, obj: object, attribute: str) -> Any:  # noqa: ANN401 - a value of the data
        return self.getitem(obj, attribute)

    def getitem(self, obj: object, argument: object) -> Any:  # noqa: ANN401 - a value of the data
        if isinstance(obj, StrictUndefined):
            str(obj)  # raises, naming what is missing
        if isinstance(obj, LoopContext):
            name = str(argument)
            return getattr(obj, name) if name in _LOOP else self.undefined(obj=obj, name=name)
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))


class SandboxedTemplates:
    """`commands.ports.templates.Templates`: plain text, no HTML is escaped."""

    def __init__(self) -> None:
        env = _Environment(undefined=StrictUndefined, autoescape=False, optimized=False, finalize=written)
        env.globals.clear()
        env.filters = {name: env.filters[name] for name in FILTERS} | dict(FILTERS_OF_OURS)
        env.tests = {name: env.tests[name] for name in TESTS}
        env.trim_blocks = env.lstrip_blocks = False
        env.keep_trailing_newline = True
        self._env = env

    def check(self, template: Text, names: Mapping[str, Any]) -> None:
        """Render with the sample, and with its lists empty, so that what depends on data is seen both ways."""
        for field, source in (("subject", template.subject), ("body", template.body)):
            tree = self._parse(source, field)
            unknown = sorted(meta.find_undeclared_variables(tree) - names.keys())
            if unknown:
                known = ", ".join(sorted(names))
                raise TemplateBroken(f"The {field} names {unknown[0]!r}, which is not there: {known} are.", field=field)
        self.render(template, names)
        self.render(template, {name: [] if isinstance(value, list) else value for name, value in names.items()})

    def render(self, template: Text, data: Mapping[str, Any]) -> Text:
        """Both texts; the subject as one line."""
        subject = self._render(template.subject, data, "subject")
        return Text(" ".join(subject.split()), self._render(template.body, data, "body"))

    def _parse(self, source: str, field: str) -> nodes.Template:
        try:
            return self._env.parse(source)
        except TemplateSyntaxError as wrong:
            raise TemplateBroken(f"Line {wrong.lineno}: {wrong.message}", field=field, line=wrong.lineno) from None
        except (RecursionError, ValueError, OverflowError, MemoryError):
            raise TemplateBroken(f"The {field} nests too deep, or has a number too long.", field=field) from None

    def _render(self, source: str, data: Mapping[str, Any], field: str) -> str:
        tree = confine(self._parse(source, field), field)
        budget = Budget()
        try:
            code = self._env.compile(tree)
            template = self._env.template_class.from_code(self._env, code, {}, None)
            pieces: list[str] = []
            for piece in template.generate({**data, BUDGET: budget}):
                budget.write(len(piece))
                pieces.append(piece)
            return "".join(pieces)
        except TemplateBroken as broken:
            broken.field = field
            raise
        except UndefinedError as missing:
            raise TemplateBroken(f"The {field} reads what is not there: {missing.message}.", field=field) from None
        except TemplateError as wrong:
            raise TemplateBroken(f"The {field} can't be rendered: {wrong.message}", field=field) from None
        except (SyntaxError, RecursionError, MemoryError):
            raise TemplateBroken(f"The {field} nests too deep.", field=field) from None
        except (TypeError, ValueError) as wrong:
            raise TemplateBroken(f"The {field} can't be rendered: {wrong}.", field=field) from None
