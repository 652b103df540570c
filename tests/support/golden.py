"""Golden files of stored events: for each type and version the very bytes that a store holds.

    python -m tests.support.golden

writes those that are missing, when a type or version is new. One that was released is never written again: it stands
for the events of long ago that must still be read. `--rewrite`, only before the first release, also writes anew those
that no longer say what their class does. Personal fields in them are encrypted under the key of `GoldenVault`.
"""

import sys
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid5

from adapters.event_store.codec import Codec, UnreadableEvent
from commands.ports.key_vault import SubjectKey
from domain.fact import Fact
from domain.facts import FACTS
from domain.identity import NAMESPACE
from tests.support.samples import sample_fact

FOLDER = Path(__file__).parents[1] / "golden" / "events"


class GoldenVault:
    """Keys that anybody can compute: for golden files only."""

    def key_for(self, subject: str) -> SubjectKey:
        name = uuid5(NAMESPACE, f"golden:{subject}")
        return SubjectKey(name, sha256(name.bytes).digest())

    def keys_for(self, subjects: Collection[str]) -> Mapping[str, SubjectKey]:
        return {subject: self.key_for(subject) for subject in subjects}

    def secrets(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        return {name: sha256(name.bytes).digest() for name in ids}

    async def erase(self, subject: str) -> bool:
        raise NotImplementedError(subject)


def file_of(type_: str, version: int) -> Path:
    """Where the golden file of a type and version is."""
    return FOLDER / f"{type_}.v{version}.json"


def write(*, rewrite: bool = False) -> list[Path]:
    """Write golden files for new types and versions, or also for changed ones; return the files written."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = []
    for (type_, version), cls in sorted(FACTS.items()):
        path, fact = file_of(type_, version), sample_fact(cls)
        if not path.exists() or (rewrite and not _says(path, fact)):
            path.write_bytes(CODEC.encode(fact) + b"\n")
            written.append(path)
    return written


def _says(path: Path, fact: Fact) -> bool:
    try:
        return CODEC.decode(fact.type, fact.schema_version, path.read_bytes()) == fact
    except UnreadableEvent:
        return False


CODEC = Codec(GoldenVault())

if __name__ == "__main__":
    for path in write(rewrite="--rewrite" in sys.argv):
        sys.stdout.write(f"{path.relative_to(FOLDER.parents[2])}\n")
