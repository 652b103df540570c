"""How old versions of stored events are read: from one version to the next, on the JSON, never on the store.

A fact class whose meaning or shape must change gets a successor with the next `schema_version`. The old class stays in
`domain.facts` (its golden files still decode), and an upcaster from its version is entered here.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""From the JSON object of a version (personal fields in clear) to that of the next one."""

UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = MappingProxyType({})
"""(stored type, version read) -> how to make the next version of it."""
