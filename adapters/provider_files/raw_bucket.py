"""Raw files in a bucket, by way of fsspec: the same as in a folder, under the same names."""

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from fsspec.core import url_to_fs

from adapters.provider_files.raw_files import RawFileStore, at_most, gone
from commands.ports.raw_files import RawFiles


class FilesUnusable(Exception):
    """FILES names a place that this installation can't reach; the message says what to do."""


@dataclass(frozen=True, slots=True)
class BucketFile:
    """A raw file in the bucket, under the name that people know it by; opens from its beginning, and can seek."""

    path: str
    sha256: str
    bytes: int
    location: str
    filesystem: Any = field(repr=False, compare=False)

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return cast("BinaryIO", self.filesystem.open(self.location, "rb"))


class RawFileBucket:
    """Content-addressed files below one URL. An upload is there as a whole or not at all, as object stores have it."""

    def __init__(self, filesystem: Any, root: str) -> None:  # noqa: ANN401 - fsspec is not typed
        self._filesystem = filesystem
        self._root = root.rstrip("/")

    def put(self, blocks: Iterable[bytes], path: str, *, max_bytes: int) -> BucketFile:
        """See the port. The bytes wait in a temporary file until their digest, which is their name, is known."""
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(prefix="ledgerline-") as incoming:
            for block in at_most(max_bytes, blocks, path):
                size += len(block)
                digest.update(block)
                incoming.write(block)
            incoming.flush()
            location = self._location(digest.hexdigest())
            if self._size(location) != size:
                self._filesystem.makedirs(location.rpartition("/")[0], exist_ok=True)
                self._filesystem.put_file(incoming.name, location)
        return BucketFile(path, digest.hexdigest(), size, location, self._filesystem)

    def get(self, sha256: str, path: str) -> BucketFile:
        """See the port."""
        location = self._location(sha256)
        size = self._size(location)
        if size is None:
            raise gone(sha256, path)
        return BucketFile(path, sha256, size, location, self._filesystem)

    def _size(self, location: str) -> int | None:
        try:
            return int(self._filesystem.info(location)["size"])
        except FileNotFoundError:
            return None

    def _location(self, sha256: str) -> str:
        return f"{self._root}/sha256/{sha256[:2]}/{sha256}"


def open_raw_files(location: str) -> RawFiles:
    """The store of raw files at a folder or a URL (file://, s3:// ...). FilesUnusable for a URL that can't be used.

    What a bucket needs to be reached is its own package's business: s3:// needs s3fs, and reads what AWS's tools read.
    """
    if "://" not in location:
        return RawFileStore(Path(location))
    try:
        filesystem, root = url_to_fs(location)
    except (ImportError, ValueError) as error:
        scheme = location.partition("://")[0]
        raise FilesUnusable(f"FILES is at {scheme}://, which can't be reached from here: {error}") from error
    protocols = {filesystem.protocol} if isinstance(filesystem.protocol, str) else set(filesystem.protocol)
    return RawFileStore(Path(root)) if "file" in protocols else RawFileBucket(filesystem, root)
