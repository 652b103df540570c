"""The built-in formats, how a mapping is chosen, and how a header is recognised."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from adapters.provider_files.mapping import FormatMapping, merged, parse_mapping_text, validated
from commands.ports.provider_files import FileRejected, MappingSource

AUTO = "auto"
_SHOWN = 6
_MOST = 0.5


@cache
def built_in() -> Mapping[str, FormatMapping]:
    """All built-in formats by name."""
    folder = resources.files(__package__) / "formats"
    texts = {
        entry.name.removesuffix(".toml"): entry.read_text("utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
    raw = {name: parse_mapping_text(text, name=name) for name, text in texts.items()}
    return {name: validated(_extended(content, raw)) for name, content in sorted(raw.items())}


def load_mapping(source: MappingSource) -> FormatMapping | None:
    """The mapping of a name or of a mapping file's content; None for `auto`. FileRejected when there is none."""
    if isinstance(source, str):
        if source == AUTO:
            return None
        found = built_in().get(source)
        if found is None:
            raise FileRejected(
                "format-unknown",
                f"There is no format {source[:64]!r}: use one of {', '.join(built_in())}, or give a mapping file.",
            )
        return found
    raw = {name: mapping.model_dump(by_alias=True, exclude_unset=True) for name, mapping in built_in().items()}
    return validated(_extended(source, raw))


def detect(header: Sequence[str]) -> FormatMapping:
    """The built-in format of a header row: the one with the most telling columns, all of them present.

    Where none fits, one that has most of its required columns: what it lacks is then the error to report.
    """
    names = set(header)
    fitting = [
        mapping
        for mapping in built_in().values()
        if mapping.detect and all(_present(mapping, name, names) for name in mapping.detect)
    ]
    if not fitting and (near := _nearest(names)) is not None:
        return near
    if not fitting:
        shown = ", ".join(list(header)[:_SHOWN])
        raise FileRejected(
            "format-unknown",
            f"The header ({shown[:200]}{', ...' if len(header) > _SHOWN else ''}) is none of the known formats "
            f"({', '.join(built_in())}): name the format or give a mapping file.",
        )
    return max(fitting, key=lambda mapping: len(mapping.detect))


def _nearest(header: set[str]) -> FormatMapping | None:
    def share(mapping: FormatMapping) -> float:
        return sum(_present(mapping, name, header) for name in mapping.required) / max(len(mapping.required), 1)

    best = max(built_in().values(), key=share)
    return best if share(best) > _MOST else None


def _present(mapping: FormatMapping, name: str, header: set[str]) -> bool:
    return name in header or any(alias in header for alias in mapping.aliases.get(name, ()))


def _extended(content: Mapping[str, object], raw: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    parent = content.get("extends")
    if parent is None:
        return content
    if not isinstance(parent, str) or parent not in raw:
        raise FileRejected(
            "mapping-invalid",
            f"The mapping extends {str(parent)[:64]!r}, which is no built-in format: use one of {', '.join(raw)}.",
        )
    return merged(_extended(raw[parent], raw), content)
