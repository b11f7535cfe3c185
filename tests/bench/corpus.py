"""Generate a corpus for benchmarks: deterministic, about 10 KB of text per document, no two alike."""

import html
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docx

TEXT = ("txt", "md", "html")
OFFICE = ("docx", "pdf")

CHARACTERS = 10_000
_LINE = 90
_LINES_A_PAGE = 50
_SYLLABLES = ("ba", "co", "di", "fu", "ge", "ha", "ki", "lo", "mu", "ne", "pa", "ri", "so", "tu", "ve", "za")
_COMMON = ("the", "of", "and", "to", "in", "is", "that", "for", "was", "on", "as", "with", "be", "at", "this", "from")


@dataclass(frozen=True)
class Document:
    """A file of the corpus and a sentence that occurs in no other file."""

    path: Path
    kind: str
    sentence: str


def make(folder: Path, count: int, kinds: Sequence[str], *, first: int = 0) -> list[Document]:
    """Write `count` documents, cycling through the formats, numbered from `first`. A number decides the content."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder, number, kinds[number % len(kinds)]) for number in range(first, first + count)]


def _write(folder: Path, number: int, kind: str) -> Document:
    words = random.Random(number)
    topic = ["".join(words.choices(_SYLLABLES, k=words.choice((2, 3, 4)))) for _ in range(150)]
    sentence = f"Marker{number:06d} {' '.join(words.choices(topic, k=8))}."
    paragraphs = [sentence]
    length = len(sentence)
    while length < CHARACTERS:
        paragraphs.append(" ".join(_sentence(words, topic) for _ in range(4)))
        length += len(paragraphs[-1]) + 2
    path = folder / f"{number:06d}.{kind}"
    _WRITERS[kind](path, paragraphs)
    return Document(path, kind, sentence)


def _sentence(words: random.Random, topic: Sequence[str]) -> str:
    chosen = [words.choice(topic if words.random() < 0.3 else _COMMON) for _ in range(words.randint(7, 19))]
    return " ".join(chosen).capitalize() + "."


def _as_text(path: Path, paragraphs: Sequence[str]) -> None:
    path.write_text("\n\n".join(paragraphs))


def _as_markdown(path: Path, paragraphs: Sequence[str]) -> None:
    path.write_text("\n\n".join(f"## {p[:30]}\n\n{p}" if i % 4 == 0 else p for i, p in enumerate(paragraphs)))


def _as_html(path: Path, paragraphs: Sequence[str]) -> None:
    body = "\n".join(f"<p>{html.escape(p)}</p>" for p in paragraphs)
    path.write_text(f"<!doctype html><html><head><title>{path.stem}</title></head><body>{body}</body></html>")


def _as_docx(path: Path, paragraphs: Sequence[str]) -> None:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(path))


def _as_pdf(path: Path, paragraphs: Sequence[str]) -> None:
    """Build a PDF with compressed text in a standard font; no dependency of the project writes PDF."""
    text = " ".join(paragraphs)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    pages = [lines[start : start + _LINES_A_PAGE] for start in range(0, len(lines), _LINES_A_PAGE)]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, page in enumerate(pages):
        shown = "".join(f"({line}) '\n" for line in page)
        stream = zlib.compress(f"BT /F1 10 Tf 12 TL 40 800 Td\n{shown}ET".encode())
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * i} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + stream + b"\nendstream")
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    start, size = len(written), len(objects) + 1
    written += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n".encode()
    path.write_bytes(written + f"startxref\n{start}\n%%EOF\n".encode())


_WRITERS = {"txt": _as_text, "md": _as_markdown, "html": _as_html, "docx": _as_docx, "pdf": _as_pdf}
