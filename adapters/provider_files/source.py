"""Where files may come from: local folders, https hosts and buckets that the deployment allows, nothing else.

https goes through httpx rather than fsspec's own client, so that every redirect's host is checked too.
"""

import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urljoin, urlsplit

import fsspec
import httpx

from adapters.provider_files.raw_files import read_blocks
from commands.ports.provider_files import FileRejected
from commands.ports.raw_files import KeptFile, RawFiles

_REDIRECTS = 3
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@dataclass(frozen=True, slots=True)
class AllowedPlaces:
    """Folders (with all below them), hosts (`name` or `name:port`) and s3 buckets to read from."""

    roots: Sequence[Path] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)
    buckets: frozenset[str] = field(default_factory=frozenset)
    max_bytes: int = 8 * 1024**3


class FileSources:
    """Reads files from allowed places and copies them into the raw file store."""

    def __init__(self, places: AllowedPlaces, store: RawFiles, *, verify: ssl.SSLContext | bool = True) -> None:
        self._places = places
        self._store = store
        self._verify = verify

    def fetch(self, location: str, *, authorization: str | None = None, name: str | None = None) -> KeptFile:
        """Copy a file into the store. FileRejected says why a place is not allowed or a file can't be had."""
        path = name or location
        with self._blocks(location, authorization) as blocks:
            return self._store.put(blocks, path, max_bytes=self._places.max_bytes)

    def read(self, location: str, *, max_bytes: int, authorization: str | None = None) -> bytes:
        """A small file's bytes (a manifest, a mapping), not kept."""
        gathered, size = [], 0
        with self._blocks(location, authorization) as blocks:
            for block in blocks:
                size += len(block)
                if size > max_bytes:
                    raise FileRejected(
                        "file-too-large", f"{location} is larger than {max_bytes:,} bytes.", file=location
                    )
                gathered.append(block)
        return b"".join(gathered)

    @contextmanager
    def _blocks(self, location: str, authorization: str | None) -> Iterator[Iterable[bytes]]:
        scheme = urlsplit(location).scheme
        if scheme in {"https", "http"}:
            with self._https(location, authorization) as blocks:
                yield blocks
        elif scheme == "s3":
            with self._s3(location) as stream:
                yield read_blocks(stream)
        elif scheme in {"", "file"}:
            with self._local(location) as stream:
                yield read_blocks(stream)
        else:
            raise _not_allowed(location, f"{scheme} is not read; use a local path, https or s3")

    @contextmanager
    def _local(self, location: str) -> Iterator[BinaryIO]:
        path = Path(location.removeprefix("file://"))
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            resolved = path.absolute()
        if not any(resolved.is_relative_to(root.resolve()) for root in self._places.roots) or ".." in path.parts:
            raise _not_allowed(location, "it is outside the allowed folders")
        if resolved.exists() and not resolved.is_file():
            raise FileRejected("file-not-found", f"{location} is no file: name one.", file=location)
        try:
            handle = os.open(resolved, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as stream:
                yield stream
        except FileNotFoundError:
            raise FileRejected("file-not-found", f"{location} does not exist: check the name.", file=location) from None
        except PermissionError as error:
            raise FileRejected(
                "fetch-failed", f"{location} may not be read ({error.strerror}): check its rights.", file=location
            ) from error

    @contextmanager
    def _https(self, location: str, authorization: str | None) -> Iterator[Iterable[bytes]]:
        target = location
        host = urlsplit(location).netloc
        try:
            with httpx.Client(timeout=_TIMEOUT, verify=self._verify, follow_redirects=False) as client:
                for _ in range(_REDIRECTS + 1):
                    self._check_host(target, location)
                    same = urlsplit(target).netloc == host
                    headers = {"Authorization": authorization} if authorization and same else {}
                    with client.stream("GET", target, headers=headers) as answer:
                        if answer.is_redirect:
                            target = urljoin(target, answer.headers.get("location", ""))
                            continue
                        self._check_answer(answer, location)
                        yield answer.iter_bytes()
                        return
                raise FileRejected("fetch-failed", f"{location} redirects too often: give its address.", file=location)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FileRejected(
                "fetch-failed",
                f"{location} could not be fetched ({str(error)[:160] or type(error).__name__}): try again later.",
                file=location,
            ) from error

    def _check_host(self, target: str, location: str) -> None:
        parts = urlsplit(target)
        host = parts.hostname or ""
        if (
            parts.scheme not in {"https", "http"}
            or not {host, parts.netloc} & self._places.hosts
            or "@" in parts.netloc
        ):
            raise _not_allowed(location, f"the host {parts.netloc[:100]!r} is not allowed")
        if parts.scheme == "http" and not _is_loopback(host):
            raise _not_allowed(location, "it is not https")

    def _check_answer(self, answer: httpx.Response, location: str) -> None:
        if answer.status_code != httpx.codes.OK:
            raise FileRejected(
                "file-not-found" if answer.status_code == httpx.codes.NOT_FOUND else "fetch-failed",
                f"{location} answered {answer.status_code} {answer.reason_phrase}: check its address and access.",
                file=location,
            )
        length = answer.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._places.max_bytes:
            raise FileRejected(
                "file-too-large", f"{location} is larger than {self._places.max_bytes:,} bytes.", file=location
            )

    @contextmanager
    def _s3(self, location: str) -> Iterator[BinaryIO]:
        bucket = urlsplit(location).netloc
        if bucket not in self._places.buckets:
            raise _not_allowed(location, f"the bucket {bucket[:100]!r} is not allowed")
        if importlib.util.find_spec("s3fs") is None:
            raise FileRejected("fetch-failed", f"{location} needs the extra s3: install ledgerline[s3].", file=location)
        try:
            with fsspec.open(location, "rb") as stream:
                yield cast("BinaryIO", stream)
        except OSError as error:
            raise FileRejected(
                "fetch-failed", f"{location} could not be fetched ({str(error)[:160]}).", file=location
            ) from error


def beside(location: str, path: str) -> str:
    """A path as written in the file at `location`: relative to it, or a place of its own."""
    if urlsplit(path).scheme in {"https", "http", "s3", "file"}:
        return path
    if urlsplit(location).scheme in {"https", "http"}:
        return urljoin(location, path)
    if path.startswith("/"):
        return path
    return location.rpartition("/")[0] + "/" + path if "/" in location else path


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _not_allowed(location: str, why: str) -> FileRejected:
    return FileRejected(
        "location-not-allowed",
        f"{location[:200]} may not be read: {why}. Ask an administrator to allow the place, or move the file.",
        file=location[:200],
    )
