"""Named SQL statements out of .sql files, so that SQL is read, reviewed and searched as SQL.

A package keeps its statements in `sql/*.sql` beside its modules:

    -- name: find_key
    -- A key by its hash, for every request.
    SELECT subject, roles FROM api_key WHERE hash = %(hash)s;

Names are snake_case and unique in the package; the comment lines right after the name say what the statement is for
and are required. Parameters are psycopg's; a percent sign that is none is written `%%` where parameters are passed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"--\s*name:\s*(?P<name>.*?)\s*$")
_GOOD_NAME = re.compile(r"[a-z][a-z0-9_]*")


class SqlFileError(Exception):
    """A .sql file that breaks the rules above; the message names the file and what to mend."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text without the comment lines before it, what it is for, and the file it is in."""

    text: str
    description: str
    file: str


class SqlStatements(Mapping[str, str]):
    """The statements of one package: name to SQL text. Asking for an unknown name lists the known ones."""

    def __init__(self, package: str, statements: Mapping[str, Statement]) -> None:
        self._package = package
        self._statements = dict(statements)

    def __getitem__(self, name: str) -> str:
        return self.statement(name).text

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)

    def statement(self, name: str) -> Statement:
        """Return the statement with its description; KeyError with the known names when there is none."""
        try:
            return self._statements[name]
        except KeyError:
            known = ", ".join(sorted(self._statements)) or "none"
            raise KeyError(f"{self._package} has no SQL statement {name!r}; it has: {known}") from None


@cache
def load_sql(package: str) -> SqlStatements:
    """Read `sql/*.sql` of a package (`load_sql(__package__)` or its dotted name), once per process.

    Raises SqlFileError for a duplicate, a nameless or empty statement, a missing description.
    """
    found: dict[str, Statement] = {}
    folder = files(package) / "sql"
    if not folder.is_dir():
        raise SqlFileError(f"{package} has no folder sql/ with its statements")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        for name, statement in parse_sql(file.read_text(encoding="utf-8"), file.name):
            if name in found:
                raise SqlFileError(f"{package}: statement {name} is in {found[name].file} and again in {file.name}")
            found[name] = statement
    return SqlStatements(package, found)


def parse_sql(text: str, file: str) -> Iterator[tuple[str, Statement]]:
    """Yield (name, statement) for each `-- name:` block of one file's text."""
    name, body = None, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        match = _NAME.match(line)
        if match is None:
            if name is None and line.strip() and not line.startswith("--"):
                raise SqlFileError(f"{file}:{number}: SQL before the first `-- name:` line")
            body.append(line)
            continue
        if name is not None:
            yield name, _statement(name, body, file)
        name, body = match["name"], []
        if not _GOOD_NAME.fullmatch(name):
            raise SqlFileError(f"{file}:{number}: {name!r} is no snake_case name")
    if name is not None:
        yield name, _statement(name, body, file)


def _statement(name: str, body: list[str], file: str) -> Statement:
    comments = 0
    while comments < len(body) and body[comments].startswith("--"):
        comments += 1
    description = " ".join(line.removeprefix("--").strip() for line in body[:comments]).strip()
    sql = "\n".join(body[comments:]).strip()
    if not description:
        raise SqlFileError(f"{file}: statement {name} needs a `--` line below its name that says what it is for")
    if not sql:
        raise SqlFileError(f"{file}: statement {name} is empty")
    return Statement(sql, description, file)
