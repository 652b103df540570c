"""Port to what a provider hands over: files of lines, and the list of the invoices it offers.

The reading side turns a file into chunks of canonical rows with exact sums and digests; nothing here touches a
database. Lines are numbered by their data row in the file (the header is not counted) plus the reading's base.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO, Literal, Protocol, TypeAlias

LineKind = Literal["licence", "usage"]
Charge = Literal["usage", "purchase", "tax", "credit", "adjustment"]
Role = Literal["all", "licence", "usage", "detail"]
UploadMedia = Literal["json", "ndjson", "csv"]

ROLES: tuple[Role, ...] = ("all", "licence", "usage", "detail")
ROWS_PER_CHUNK = 10_000

# The columns of `Chunk.copy_csv`, in order, with the types that reproduce its bytes in PostgreSQL.
COPY_COLUMNS: tuple[tuple[str, str], ...] = (
    ("number", "int4"),
    ("kind", "text"),
    ("charge", "text"),
    ("customer_ref", "text"),
    ("product_ref", "text"),
    ("subscription_ref", "text"),
    ("charge_from", "date"),
    ("charge_to", "date"),
    ("quantity", "numeric(38,15)"),
    ("unit", "text"),
    ("unit_price", "numeric(38,15)"),
    ("amount", "numeric(38,15)"),
    ("tax", "numeric(38,15)"),
    ("currency", "text"),
    ("attributes", "text"),
)
# Always quoted when not null: FORCE_QUOTE of these makes `COPY ... TO` give the same bytes back.
COPY_FORCE_QUOTE: tuple[str, ...] = ("customer_ref", "product_ref", "subscription_ref", "unit", "attributes")
# Written without exponent and trailing zeros: `trim_scale(column)` in the SELECT of a `COPY ... TO`.
COPY_NUMERIC: tuple[str, ...] = ("quantity", "unit_price", "amount", "tax")

MappingSource: TypeAlias = str | Mapping[str, object]
"""A built-in format's name, `auto` (by header), or the content of a mapping file as a mapping."""


@dataclass(frozen=True, slots=True)
class KindSums:
    """Exact sums of lines: how many, their amounts, their tax column."""

    count: int = 0
    amount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """At most 10,000 lines, ready to be copied, summed and digested.

    `copy_csv` holds the canonical rows in the order of `COPY_COLUMNS`, as `COPY ... (FORMAT csv)` takes them, each led
    by the reading's prefix if one was asked for; `digest` is the SHA-256 (hex) of exactly these bytes without prefixes.
    `outline` is what the line store keeps beside the rows to check and offer them without reading them. `sums` has the
    keys licence, usage and tax where such lines are there:
    a line with charge tax counts under tax whatever its kind. `period` is the first and the last `charge_from`.
    """

    rows: int
    first_line: int
    last_line: int
    copy_csv: bytes
    digest: str
    sums: Mapping[str, KindSums]
    currencies: frozenset[str]
    period: tuple[dt.date, dt.date] | None
    outline: bytes = b""


@dataclass(frozen=True, slots=True)
class LineWarning:
    """Something odd about a line that blocks nothing: what it says and what its own arithmetic gives."""

    line: int
    code: str
    column: str
    message: str
    expected: Decimal | None = None
    found: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SourceNames:
    """Which attribute of a line carries the customer's and the product's display name, if any does."""

    customer: str | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a finished reading saw. `rows` were given out; `skipped` were left out, by reason.

    `bytes` and `sha256` are of the raw file as stored (still compressed). `warnings` is capped by the limits,
    `warnings_total` is not.
    """

    path: str
    format: str
    sha256: str
    bytes: int
    rows: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[LineWarning] = ()
    warnings_total: int = 0
    names: SourceNames = SourceNames()


@dataclass(frozen=True, slots=True)
class Expect:
    """What the caller knows beforehand.

    `currency` fills in where the file has none. `invoice_number`, if given, must be the one in the file's own
    invoice number column. `split` keeps only the lines whose columns have one of the values (the manifest's split).
    """

    currency: str | None = None
    invoice_number: str | None = None
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one reading, in bytes unless named otherwise. `ratio` is uncompressed to compressed."""

    max_bytes: int = 32 * 1024**3
    max_ratio: int = 250
    max_row_bytes: int = 1024**2
    max_columns: int = 1_000
    max_warnings: int = 1_000
    block_bytes: int = 2 * 1024**2
    rows_per_chunk: int = ROWS_PER_CHUNK


class FileRejected(Exception):
    """The file can't be imported: a stable kebab-case code and one sentence that says what to do next.

    `line` is numbered as the lines are: by data row, the header not counted. `column` is the file's own name.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        # Values from files may hold what no text can: half a surrogate pair.
        message = message.encode("utf-8", "backslashreplace").decode("utf-8")
        super().__init__(message)
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.column = column


class OpenableFile(Protocol):
    """A raw file that can be read from its beginning; `sha256` is known when it was stored by its digest."""

    @property
    def path(self) -> str:
        """The name that people know it by."""

    @property
    def sha256(self) -> str | None:
        """Hex digest of the raw bytes, or None if nobody has computed it yet."""

    def open(self) -> BinaryIO:
        """Open it for reading, from the beginning."""


class Reading(Protocol):
    """One pass over one file. Iterate it once; any step may raise FileRejected. Then ask for the report."""

    def __iter__(self) -> Iterator[Chunk]:
        """Give the chunks in the order of the file."""

    def report(self) -> FileReport:
        """Say what was seen; RuntimeError before the iteration has ended."""


class ProviderFileReader(Protocol):
    """Reads provider files and uploads into chunks, in bounded memory."""

    def read(
        self,
        file: OpenableFile,
        *,
        mapping: MappingSource = "auto",
        role: Role = "all",
        base: int = 0,
        expect: Expect = ...,
        limits: Limits = ...,
        prefix: bytes = b"",
    ) -> Reading:
        """Read a stored file. Raises FileRejected for a mapping that is wrong or unknown."""

    def read_upload(
        self,
        blocks: Iterable[bytes],
        *,
        name: str,
        media: UploadMedia,
        mapping: MappingSource = "auto",
        base: int = 0,
        expect: Expect = ...,
        limits: Limits = ...,
        prefix: bytes = b"",
    ) -> Reading:
        """Read a request body as it streams in: a JSON list, NDJSON, or a CSV of a known format."""

    def format_of(self, file: OpenableFile) -> str:
        """Name the built-in format that `auto` means for a stored file. Raises FileRejected when there is none."""

    def source_names(self, mapping: MappingSource) -> SourceNames:
        """Say which attributes carry display names under this mapping."""


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """One file of an offered invoice; `mapping` is a format's name or a mapping's content."""

    path: str
    role: Role = "all"
    mapping: MappingSource = "auto"
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferedInvoice:
    """An invoice that a provider lists: its header, as written, and its files."""

    number: str
    date: dt.date
    period_from: dt.date
    period_to: dt.date
    currency: str
    total: Decimal
    revision: str
    files: tuple[OfferedFile, ...]
    tax_included: bool = True


class ListNotFetched(Exception):
    """The provider's list could not be had or is wrong; the message says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ProviderConnection(Protocol):
    """An automatic provider: it lists its invoices and serves their files."""

    def list_invoices(self) -> list[OfferedInvoice]:
        """Ask the provider. Raises ListNotFetched."""

    def open(self, file: OfferedFile) -> OpenableFile:
        """Fetch a file into the raw file store and give it back. Raises FileRejected."""
