"""gzip, zip, their damages and their bombs."""

import gzip
import hashlib
import io
import zipfile

import pytest

from commands.ports.provider_files import Limits
from tests.adapters.provider_files.given import READER, chunks, focus, rejection, report

CONTENT = focus(*[{"Tags": f"tag {index}"} for index in range(3_000)])
PLAIN = [chunk.digest for chunk in chunks(CONTENT)]


def zipped(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(CONTENT),
        gzip.compress(CONTENT[:20_000]) + gzip.compress(CONTENT[20_000:]),
        gzip.compress(CONTENT) + b"\x00" * 512,
        zipped(("lines.csv", CONTENT)),
        zipped(("folder/", b""), ("folder/lines.csv", CONTENT)),
    ],
    ids=["gzip", "two members", "padded", "zip", "zip with folder"],
)
def test_packed_files_are_read_as_plain_ones(packed):
    assert [chunk.digest for chunk in chunks(packed)] == PLAIN
    seen = report(packed)
    assert (seen.bytes, seen.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())


@pytest.mark.parametrize("keep", [20, 1_000, -9, -1])
def test_a_gzip_that_was_cut_off(keep):
    assert rejection(gzip.compress(CONTENT)[:keep]).code == "file-truncated"


def test_damaged_archives():
    packed = bytearray(gzip.compress(CONTENT))
    packed[len(packed) // 2] ^= 0xFF
    assert rejection(bytes(packed)).code == "file-broken"
    whole = zipped(("lines.csv", CONTENT))
    assert rejection(whole[: len(whole) // 2]).code == "file-broken"
    spoilt = bytearray(whole)
    spoilt[len(whole) // 3] ^= 0xFF
    assert rejection(bytes(spoilt)).code == "file-broken"


def test_a_zip_must_hold_one_file():
    error = rejection(zipped(("a.csv", CONTENT), ("b.csv", CONTENT)))
    assert error.code == "zip-not-one-file"
    assert "a.csv, b.csv" in error.message
    assert rejection(zipped()).code == "zip-not-one-file"


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("lines.csv", content))], ids=["gzip", "zip"])
def test_a_bomb_is_stopped_by_its_ratio(pack):
    bomb = pack(focus({}) + b"\n" * (80 * 1024 * 1024))
    error = rejection(bomb)
    assert error.code == "compression-bomb"
    assert "250 times" in error.message


def test_the_absolute_limit_holds_for_plain_and_packed_files():
    for content in (CONTENT, gzip.compress(CONTENT)):
        assert rejection(content, limits=Limits(max_bytes=10_000)).code == "file-too-large"


def test_an_upload_may_be_gzip_but_not_zip():
    packed = gzip.compress(CONTENT)
    blocks = [packed[index : index + 1_000] for index in range(0, len(packed), 1_000)]
    assert [chunk.digest for chunk in READER.read_upload(blocks, name="x.csv.gz", media="csv")] == PLAIN
    with pytest.raises(Exception, match="upload its CSV") as refused:
        list(READER.read_upload([zipped(("lines.csv", CONTENT))], name="x.zip", media="csv"))
    assert refused.value.code == "compressed-upload"
