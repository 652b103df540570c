"""Where tests keep what outlives a run: jars, a PostgreSQL cluster. Ignored by git, removed by `make clean`."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3


def quick_folder() -> str | None:
    """Where a broker's data may lie in memory: its controller syncs to disk so often that a busy disk stalls it.

    None, for the usual place, where there is no such folder with room.
    """
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return str(_MEMORY) if usable else None
