"""The archive: a tar of fixed names in fixed order, so that it is written and read as a stream in little memory.

`manifest.json`; for each file `about.json`, `points.jsonl` and `content`; at last `end.json`. Each `about.json` has the
checksums of its two others, `end.json` that of the manifest and all `about.json`, so nothing can be cut off, changed or
exchanged unnoticed. It does not protect from somebody who writes a whole archive anew.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "ingest-archive"
VERSION = 1

MOST_DOCUMENT_BYTES = 2**20
MOST_LINE_BYTES = 64 * 2**20

MANIFEST, END = "manifest.json", "end.json"
ABOUT, POINTS, CONTENT = "about.json", "points.jsonl", "content"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=512)]
Name = Annotated[str, Field(max_length=64)]
Attributes = Annotated[dict[Name, Text | bool | int | float], Field(max_length=16)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class Document(BaseModel):
    """A part of an archive: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Vectors(Document):
    """By what the points were made; they are of use to the same only."""

    model: str
    dimensions: int = Field(ge=1)
    multivector: bool


class Store(Document):
    """The store itself."""

    name: str = Field(max_length=4096)
    description: str | None = Field(max_length=4096)
    metadata: Annotated[dict[Name, Text], Field(max_length=16)]
    expires_after_days: int | None = Field(ge=1, le=365)


class Manifest(Document):
    """What the archive begins with."""

    format: Literal["ingest-archive"] = "ingest-archive"
    version: Literal[1] = 1
    created_at: Count
    source: str
    """The store's id where it was exported."""
    vectors: Vectors
    store: Store


class About(Document):
    """One file: as it was uploaded, as it is in the store, how it ended, and what belongs to it."""

    source: str
    """Its id where it was exported."""
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
    points_sha256: Sha256


class PointLine(Document):
    """One chunk with its vectors; `windows` are little-endian float32 numbers in base64, one row after the other."""

    number: Count
    text: str
    page: int | None
    windows: str
    indices: list[Annotated[int, Field(ge=0, lt=2**32)]]
    values: list[float]


class End(Document):
    """What the archive ends with."""

    files: Count
    sha256: Sha256


def member(number: int, name: str) -> str:
    """The name of a part of the file with this number."""
    return f"files/{number:09}/{name}"
