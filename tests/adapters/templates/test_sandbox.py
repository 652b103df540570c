import pytest

from adapters.templates import SandboxedTemplates
from commands.mail.samples import sample_of
from commands.mail.texts import BUILT_IN
from commands.ports.templates import TemplateBroken, Text

DATA = {
    "rows": [{"name": f"n{i}", "amount": "1.00"} for i in range(3000)],
    "text": "x" * 1000,
    "none": None,
    "object": {"key": "<b>", "0": "zero"},
    "empty": [],
}
TEMPLATES = SandboxedTemplates()


def body(source: str) -> str:
    return TEMPLATES.render(Text("s", source), DATA).body


def broken(source: str) -> TemplateBroken:
    with pytest.raises(TemplateBroken) as info:
        body(source)
    return info.value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ object.key }}{{ none }}{{ object['0'] }}", "<b>zero"),
        ("{% for r in rows %}{% if loop.first %}{{ loop.index }}{{ r.name }}{% endif %}{% endfor %}", "1n0"),
        ("{{ rows|length }} {{ (rows|first).name|upper }}", "3000 N0"),
        ("{{ rows[1].name }}{{ missing|default('-') }}", "n1-"),
        ("{% for r in empty %}x{% else %}nothing{% endfor %}", "nothing"),
        ("{% for r in rows if r.name == 'n7' %}{{ r.name }}{% endfor %}", "n7"),
        ("{{ 'yes' if object.key is defined and not none else 'no' }}\n", "yes\n"),
        ("{{ ['a', 'b']|join(', ') }}", "a, b"),
    ],
)
def test_what_a_text_needs_works(source, text):
    assert body(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ rows.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ object['__class__'] }}",
        "{% for r in rows %}{{ loop._iterable }}{% endfor %}",
        "{{ text.upper() }}",
        "{{ self }}",
        "{{ rows|attr('x') }}",
        "{{ rows|map(attribute='name') }}",
        "{% for x in range(10) %}{% endfor %}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{{ text|replace('x', 'yy') }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 1000000000 }}",
        "{{ text ~ text }}",
        "{{ text[1:] }}",
        "{% for r in rows recursive %}{% endfor %}",
        "{% filter upper %}{% endfilter %}",
        "{{ 'a' in rows }}",
        "{{ rows == rows }}",
        "{{ rows }}",
        "{{ object }}",
        "{{ rows|upper }}",
        "{% for c in text %}{% endfor %}",
    ],
)
def test_what_reads_attributes_or_computes_is_refused_with_a_sentence(source):
    message = broken(source).message
    assert message.endswith((".", ")"))
    assert "Traceback" not in message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{% for a in rows %}{% for b in rows %}{% for c in rows %}{% endfor %}{% endfor %}{% endfor %}", "too often"),
        ("{% for r in rows %}{{ text }}{% endfor %}", "longer than 1,000,000 characters"),
        ("{% for r in rows %}{% for t in rows %}{{ ['a']|join }}{% endfor %}{% endfor %}", "too often"),
        ("{{ [text, text]|join(text) }}" * 400, "longer than"),
        ("{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}", "nests too deep"),
        ("{% if text %}" * 3000 + "{% endif %}" * 3000, "nests"),
        ("{% for r in rows %}" * 30 + "{% endfor %}" * 30, "nests"),
        ("{{ " + "9" * 5000 + " }}", "number too long"),
        ("{{ text }}" * 6000, "too long"),
    ],
)
def test_what_would_not_end_is_refused(source, says):
    assert says in broken(source).message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ missing }}", "missing"),
        ("{{ object.missing }}", "missing"),
        ("{% for x in missing %}{% endfor %}", "missing"),
        ("{{ text }", "Line 1"),
        ("{{ rows[9999].name }}", "9999"),
    ],
)
def test_what_is_not_there_is_named(source, says):
    assert says in broken(source).message


def test_checking_finds_names_in_branches_that_the_sample_does_not_take():
    with pytest.raises(TemplateBroken, match="'colour'"):
        TEMPLATES.check(Text("s", "{% if none %}{{ colour }}{% endif %}"), DATA)
    with pytest.raises(TemplateBroken, match="reads what is not there"):
        TEMPLATES.check(Text("s", "{{ (rows|first).name }}"), DATA)
    with pytest.raises(TemplateBroken) as info:
        TEMPLATES.check(Text("{{ colour }}", "b"), DATA)
    assert info.value.field == "subject"


def test_a_subject_is_one_line():
    assert TEMPLATES.render(Text("a\n {{ object.key }}\r\nb", ""), DATA).subject == "a <b> b"


FIGURES = {"invoice": ("2.5", "1,234.50"), "task-failed": ("INV-2026-000001", "tries: 1")}


@pytest.mark.parametrize("code", sorted(BUILT_IN))
def test_built_in_texts_have_their_figures(code):
    TEMPLATES.check(BUILT_IN[code], sample_of(code))
    text = TEMPLATES.render(BUILT_IN[code], sample_of(code))
    for figure in FIGURES.get(code, ("10,000.00", "12,000.00")):
        assert figure in text.subject + text.body
    assert "{" not in text.subject + text.body
