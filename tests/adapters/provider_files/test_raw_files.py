"""Raw files in a folder and in a bucket: what both do."""

import hashlib
import io
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.provider_files.raw_bucket import FilesUnusable, RawFileBucket, open_raw_files
from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.reader import ArrowProviderFileReader
from commands.ports.provider_files import Expect, FileRejected

ABC = hashlib.sha256(b"abc").hexdigest()


@pytest.fixture(params=["folder", "file", "memory"])
def location(request, tmp_path: Path) -> str:
    name = f"raw-{uuid4().hex}"
    return {"folder": str(tmp_path / name), "file": f"file://{tmp_path}/{name}", "memory": f"memory://{name}/deep"}[
        request.param
    ]


def test_what_is_put_is_found_under_its_digest_by_another_process(location):
    put = open_raw_files(location).put([b"a", b"bc"], "x/f.csv", max_bytes=3)
    assert (put.path, put.sha256, put.bytes) == ("x/f.csv", ABC, 3)
    found = open_raw_files(location).get(ABC, "named otherwise")
    assert (found.path, found.sha256, found.bytes) == ("named otherwise", ABC, 3)
    for kept in (put, found, found):
        with kept.open() as opened:
            assert opened.read() == b"abc"
    again = open_raw_files(location).put([b"abc"], "g.csv", max_bytes=3)
    assert again.sha256 == ABC


def test_what_is_too_large_or_breaks_off_is_not_kept(location):
    files = open_raw_files(location)
    with pytest.raises(FileRejected, match="larger than 2 bytes"):
        files.put([b"a", b"bc"], "f.csv", max_bytes=2)

    def breaking():
        yield b"abc"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        files.put(breaking(), "f.csv", max_bytes=9)
    with pytest.raises(FileRejected) as missing:
        files.get(ABC, "f.csv")
    assert missing.value.code == "file-not-found"


def test_a_half_upload_of_an_earlier_try_is_put_right():
    name = f"memory://half-{uuid4().hex}"
    files = open_raw_files(name)
    assert isinstance(files, RawFileBucket)
    kept = files.put([b"abc"], "f", max_bytes=3)
    kept.filesystem.pipe_file(kept.location, b"a")
    with files.put([b"abc"], "f", max_bytes=3).open() as opened:
        assert opened.read() == b"abc"


def test_files_of_a_bucket_are_read_as_those_of_a_folder(location):
    head = "kind,customer,product,charge_from,quantity,amount,currency\n"
    rows = "".join(f"usage,c-1,p-1,2026-02-03,1,{n},EUR\n" for n in range(50))
    table = pa.table({"kind": ["usage"], "customer": ["c-1"], "product": ["p-1"], "charge_from": ["2026-02-03"],
                      "quantity": ["1"], "amount": ["7"], "currency": ["EUR"]})  # fmt: skip
    parquet = io.BytesIO()
    pq.write_table(table, parquet)
    files, reader = open_raw_files(location), ArrowProviderFileReader()
    for name, content, lines in (("a.csv", (head + rows).encode(), 50), ("a.parquet", parquet.getvalue(), 1)):
        kept = files.put([content], name, max_bytes=100_000)
        chunks = list(reader.read(kept, mapping="ledgerline", expect=Expect(currency="EUR")))
        assert sum(chunk.rows for chunk in chunks) == lines


def test_a_url_that_cannot_be_used_says_why(tmp_path):
    with pytest.raises(FilesUnusable, match="nowhere://"):
        open_raw_files("nowhere://bucket/x")
    assert isinstance(open_raw_files(f"file://{tmp_path}"), RawFileStore)
