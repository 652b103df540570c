"""Where tests keep what outlives a run: jars, a PostgreSQL cluster. Ignored by git, removed by `make clean`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
