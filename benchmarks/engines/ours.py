"""What was built: pyarrow, block by block."""

import hashlib
from decimal import Decimal
from pathlib import Path

from adapters.provider_files.reader import ArrowProviderFileReader, LocalFile
from domain.money import EXACT


def run(path: Path) -> tuple[int, Decimal, str]:
    rows, total, whole = 0, Decimal(0), hashlib.sha256()
    for chunk in ArrowProviderFileReader().read(LocalFile(path)):
        rows += chunk.rows
        for one in chunk.sums.values():
            total = EXACT.add(total, one.amount)
        whole.update(bytes.fromhex(chunk.digest))
    return rows, total, whole.hexdigest()
