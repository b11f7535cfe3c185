"""A parsed file cut into chunks: texts, terms, locations and windows."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ingest.errors import InvalidFile
from ingest.jobs.document import ChunkedDocument, chunk_document
from ingest.steps import bm25
from ingest.steps.bm25.hashing import title_id
from ingest.steps.embed import MAX_PARTS, always_wanted
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.vectors import Vectors


class RecordingEmbedder:
    """Returns one row for each text: its place in the list of all texts so far."""

    model, window_tokens, dimensions = "m", 50, 1

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], still_wanted: Callable[[], bool] = always_wanted) -> list[Vectors]:
        first = len(self.texts)
        self.texts += texts
        return [np.array([[first + i]], np.float32) for i in range(len(texts))]

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        raise NotImplementedError

    def close(self) -> None:
        pass


def table(rows: int) -> ParsedText:
    builder = TextBuilder()
    with builder.section("sheet", "Staff"):
        builder.add_block("The people of the house.")
        for number in range(1, rows + 1):
            builder.add_row(["Name", "Town"] if number == 1 else [f"Person {number}", f"Town {number}"], number)
    return builder.parsed("xlsx")


def embed(document: ChunkedDocument, window_tokens: int | None, reused: dict[str, Vectors]) -> list[list[str]]:
    """Embed all chunks, and return the texts of each chunk's windows; ["reused"] for a reused one."""
    embedder = RecordingEmbedder()
    numbers = range(len(document))
    texts = [document.text(number) for number in numbers]
    windows = document.plan_windows(100, window_tokens)
    vectors = list(windows.embed(numbers, texts, reused, embedder, always_wanted))
    return [[embedder.texts[int(row[0])] if row[0] >= 0 else "reused" for row in rows] for rows in vectors]


def test_every_chunk_is_its_part_of_the_text_below_the_header_that_it_repeats() -> None:
    parsed = table(120)
    document = chunk_document(parsed, 100, 50, 10_000)

    for number in range(len(document)):
        location = document.point(number, document.text(number), np.zeros((1, 1), np.float32), 10).location or {}
        header = "".join(parsed.text[slice(*location[key])] + "\n" for key in ("header",) if key in location)
        assert document.text(number) == header + parsed.text[location["start"] : location["end"]]
        assert location["sheet"] == "Staff"
        first, last = location["rows"]
        assert f"Person {last} |" in document.text(number) or last == 1
        assert bool(header) == (number > 0)
        assert 1 <= first <= last <= 120
    assert len(document) > 10


def test_the_terms_of_a_repeated_header_count() -> None:
    document = chunk_document(table(120), 100, 50, 10_000)

    for number in (1, 5):
        expected = bm25.count_terms(document.text(number))
        counted = document.term_counts[number]
        assert counted.length == expected.length
        assert dict(zip(counted.ids, counted.counts, strict=True)) == dict(
            zip(expected.ids, expected.counts, strict=True)
        )


def test_a_chunk_that_fits_the_model_is_embedded_whole() -> None:
    document = chunk_document(ParsedText("same words here. " * 100, "text"), 100, 0, 10_000)

    windows = embed(document, None, {})

    assert windows == [[document.text(number)] for number in range(len(document))]
    assert embed(document, 100, {}) == windows


def test_windows_of_longer_chunks_cover_them_and_repeat_a_short_header() -> None:
    parsed = table(200)
    document = chunk_document(parsed, 100, 50, 10_000)

    for number, windows in enumerate(embed(document, 40, {})):
        assert len(windows) >= 2
        rows = [line for line in document.text(number).splitlines() if line.startswith("Person ") and "Town" in line]
        embedded = "".join(window.removeprefix("Name | Town\n") for window in windows)
        assert all(row in embedded for row in rows[1:-1])
        assert all(window.startswith("Name | Town\n") for window in windows[1:])


def test_a_chunk_with_a_known_text_keeps_its_vectors() -> None:
    document = chunk_document(table(100), 100, 50, 10_000)
    known = {document.text(number): np.array([[-1.0]], np.float32) for number in (0, 2)}

    windows = embed(document, 40, known)

    assert [number for number, texts in enumerate(windows) if texts == ["reused"]] == [0, 2]
    fresh = embed(document, 40, {})
    assert [texts for number, texts in enumerate(windows) if number not in (0, 2)] == [
        texts for number, texts in enumerate(fresh) if number not in (0, 2)
    ]


def test_groups_hold_every_chunk_once() -> None:
    document = chunk_document(table(100), 100, 50, 10_000)

    numbers = [number for group in document.groups(4) for number in group]

    assert numbers == list(range(len(document)))
    assert max(len(group) for group in document.groups(4)) == 4


def test_a_text_of_too_many_tokens_is_refused() -> None:
    with pytest.raises(InvalidFile, match=r"has 1,001 tokens; at most 1,000"):
        chunk_document(ParsedText("a" + " a" * 1_000, "text"), 100, 0, 1_000)


def test_a_chunk_has_the_names_of_its_file_and_its_sheet_as_titles() -> None:
    document = chunk_document(table(3), 100, 50, 10_000, "Mietvertrag-Schulze.xlsx")

    indices = document.point(0, document.text(0), np.zeros((1, 1), np.float32), 10).sparse.indices

    assert {title_id(term) for term in ("mietvertrag", "schulz", "staff")} <= set(np.asarray(indices).tolist())
