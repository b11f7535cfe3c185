"""The archive format: a tar file with fixed names in a fixed order, so that it can be streamed in little memory.

It holds `manifest.json`, then `about.json`, `points.jsonl` and `content` for each file, and finally `end.json`. Each
`about.json` has the checksums of the other two entries, and `end.json` has the checksum of the manifest and all `about.json`.
So truncated, changed and exchanged entries are detected. The checksums do not protect against a forged archive.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "ingest-archive"
VERSION = 1

MAX_DOCUMENT_BYTES = 2**20
MAX_LINE_BYTES = 64 * 2**20

MANIFEST, END = "manifest.json", "end.json"
ABOUT, POINTS, CONTENT = "about.json", "points.jsonl", "content"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=512)]
Name = Annotated[str, Field(max_length=64)]
Attributes = Annotated[dict[Name, Text | bool | int | float], Field(max_length=16)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class Document(BaseModel):
    """Base of the JSON documents of an archive: rejects unknown fields and converts no types."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class VectorSpec(Document):
    """The embedding model of the points. Only a service with the same model can use them."""

    model: str
    dimensions: int = Field(ge=1)
    multivector: bool


class StoreRecord(Document):
    """Settings of the store."""

    name: str = Field(max_length=4096)
    description: str | None = Field(max_length=4096)
    metadata: Annotated[dict[Name, Text], Field(max_length=16)]
    expires_after_days: int | None = Field(ge=1, le=365)
    languages: Annotated[list[Name], Field(max_length=64)] = []
    """Languages of the texts (ISO 639-1), by which queries are stemmed. Archives of older versions have none."""


class Manifest(Document):
    """The first entry of an archive."""

    format: Literal["ingest-archive"] = "ingest-archive"
    version: Literal[1] = 1
    created_at: Count
    source: str
    """Id of the exported store."""
    vectors: VectorSpec
    store: StoreRecord


class ReportRecord(Document):
    """The coverage report of a file, as in its row (ingest/steps/parse/report.py)."""

    reader: Text = ""
    reader_version: Text = ""
    language: Text = ""
    parts: dict[Name, dict[Literal["read", "ocr", "empty", "failed", "not_read"], Count]] = {}
    warnings: list[Annotated[list[Text], Field(min_length=3, max_length=3)]] = []
    """Code, message and part of each."""
    warning_count: Count = 0
    replaced_characters: Count = 0


class FileRecord(Document):
    """A file of the store: upload, membership, outcome, and checksums of its other entries."""

    source: str
    """Id of the exported file."""
    filename: str = Field(max_length=255)
    purpose: str = Field(max_length=32)
    bytes: Count
    sha256: Sha256
    attributes: Attributes
    chunk_tokens: int = Field(ge=100, le=4096)
    chunk_overlap: int = Field(ge=0, le=2048)
    status: Literal["completed", "failed", "cancelled"]
    error_code: Literal["server_error", "unsupported_file", "invalid_file"] | None
    error_message: str | None
    chunks: Count
    terms: Count
    usage_bytes: Count
    warnings: Count = 0
    report: ReportRecord | None = None
    """Neither is in archives of version 0.2 and older."""
    points_sha256: Sha256


class PointRecord(Document):
    """A chunk with its vectors. `windows` are the rows of little-endian float32 numbers, in base64."""

    number: Count
    text: str
    page: int | None = None
    """Only in archives of version 0.2 and older."""
    location: dict[str, Any] | None = None
    windows: str
    indices: list[Annotated[int, Field(ge=0, lt=2**32)]]
    values: list[float]


class ArchiveEnd(Document):
    """The last entry of an archive."""

    files: Count
    sha256: Sha256


def entry_name(number: int, name: str) -> str:
    """Return the name of an entry of the file with this number."""
    return f"files/{number:09}/{name}"
