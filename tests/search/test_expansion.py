"""Results with the chunks around them: no text twice, one location, one result where they overlap."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.db.content.members import LiveFile
from ingest.db.queue.membership import Member
from ingest.search import expansion, search
from ingest.search.expansion import expand, join_locations, join_texts
from ingest.search.options import SearchOptions
from ingest.search.passages import RankedPassage
from ingest.steps.index import Hit, Point, PointOwner, StoredText
from ingest.steps.vectors import SparseVector
from ingest.stores import members, vector_stores
from tests.contracts.points import unit_vector
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs, upload_text

TEXT = "".join(f"{number:04d} " for number in range(100))


def part(start: int, end: int, **location: Any) -> StoredText:
    return StoredText(TEXT[start:end], {"start": start, "end": end, **location})


def store_chunks(services: FakeServices, row: int, texts: Sequence[StoredText], generation: int = 1) -> None:
    index = services.index_of(services.settings.default_model)
    owner = PointOwner(row, generation, "p", "vs", f"file-{row}", f"{row}.txt", {})
    for number, (text, location, _) in enumerate(texts):
        index.upsert(owner, [Point(number, text, unit_vector(0)[None], SparseVector([], []), location)])


def passage(services: FakeServices, row: int, number: int, text: StoredText, score: float = 0.5) -> RankedPassage:
    file = LiveFile(1, f"file-{row}", f"{row}.txt", {}, "m")
    hit = Hit(row, 1, number, text.text, score, text.location)
    return RankedPassage(hit, file, services.settings.default_model, "q", None, None, score, score)


@hypothesis_settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_chunks_join_to_the_text_they_were_cut_from(steps: list[tuple[int, int]]) -> None:
    spans = [(0, 20)]
    for step, growth in steps:  # each begins inside the one before or at its end, and ends after it
        start = min(spans[-1][1], spans[-1][0] + 1 + step)
        spans.append((start, spans[-1][1] + 1 + growth))

    parts = [part(*span) for span in spans]

    assert join_texts(parts) == TEXT[: spans[-1][1]]
    assert join_locations(parts) == {"start": 0, "end": spans[-1][1]}


def test_the_header_row_of_the_first_chunk_is_kept_and_those_of_the_others_are_not_repeated() -> None:
    first = StoredText(f"{TEXT[0:5]}\n{TEXT[20:40]}", {"start": 20, "end": 40, "header": [0, 5]})
    second = StoredText(f"{TEXT[0:5]}\n{TEXT[35:60]}", {"start": 35, "end": 60, "header": [0, 5]})

    assert join_texts([first, second]) == f"{TEXT[0:5]}\n{TEXT[20:60]}"
    assert join_texts([part(0, 30), second]) == TEXT[0:30] + "\n" + TEXT[35:60]
    assert join_locations([first, second]) == {"start": 20, "end": 60, "header": [0, 5]}


def test_chunks_of_older_versions_are_joined_by_the_text_they_repeat() -> None:
    old = [StoredText(TEXT[0:100], None), StoredText(TEXT[60:160], None), StoredText("something else", None)]

    assert join_texts(old) == TEXT[0:160] + "something else"
    assert join_locations(old) is None


def test_the_location_covers_the_pages_and_rows_of_all_chunks() -> None:
    pages = [part(0, 20, pages=[1, 2], headings=["A"]), part(20, 40, pages=[2, 3], headings=["B"])]
    rows = [
        part(0, 20, sheet="X", rows=[1, 5]),
        part(20, 40, sheet="X", rows=[6, 9]),
        part(40, 50, sheet="Y", rows=[1, 2]),
    ]

    assert join_locations(pages) == {"start": 0, "end": 40, "pages": [1, 3], "headings": ["A"]}
    assert join_locations(rows) == {"start": 0, "end": 50, "sheet": "X", "rows": [1, 9]}


def test_a_passage_grows_by_its_neighbours_of_the_same_generation(services: FakeServices) -> None:
    chunks = [part(start, start + 20) for start in range(0, 100, 10)]
    store_chunks(services, 1, chunks)
    store_chunks(services, 1, [part(300, 320)] * 10, generation=2)

    [grown] = expand(services, [passage(services, 1, 4, chunks[4])], 2)

    assert grown.hit.text == TEXT[20:80]
    assert grown.hit.location == {"start": 20, "end": 80}
    assert grown.hit.number == 4


def test_the_ends_of_a_file_end_a_passage(services: FakeServices) -> None:
    chunks = [part(0, 20), part(20, 40)]
    store_chunks(services, 1, chunks)

    [grown] = expand(services, [passage(services, 1, 0, chunks[0])], 10)

    assert grown.hit.text == TEXT[0:40]


def test_chunks_beyond_a_missing_one_are_left_out(services: FakeServices) -> None:
    chunks = [part(start, start + 20) for start in range(0, 100, 20)]
    store_chunks(services, 1, chunks)
    index = services.index_of(services.settings.default_model)
    del index.points[1, 1, 3]  # type: ignore[attr-defined]  # the fake index

    [grown] = expand(services, [passage(services, 1, 2, chunks[2])], 2)

    assert grown.hit.text == TEXT[0:60]


def test_results_that_overlap_become_one_with_the_better_score_and_place(services: FakeServices) -> None:
    chunks = [part(start, start + 20) for start in range(0, 200, 20)]
    store_chunks(services, 1, chunks)
    store_chunks(services, 2, chunks)
    ranked = [passage(services, 1, 5, chunks[5], 0.9), passage(services, 2, 5, chunks[5], 0.8)]
    ranked += [passage(services, 1, 1, chunks[1], 0.7), passage(services, 1, 3, chunks[3], 0.6)]

    grown = expand(services, ranked, 1)

    assert [(each.hit.row, each.score, each.hit.text) for each in grown] == [
        (1, 0.9, TEXT[0:140]),
        (2, 0.8, TEXT[80:140]),
    ]


def test_neighbouring_results_that_share_text_become_one(services: FakeServices) -> None:
    chunks = [part(start, start + 30) for start in range(0, 200, 20)]
    store_chunks(services, 1, chunks)

    apart = expand(services, [passage(services, 1, 1, chunks[1]), passage(services, 1, 5, chunks[5])], 1)
    touching = expand(services, [passage(services, 1, 1, chunks[1]), passage(services, 1, 4, chunks[4])], 1)

    assert [each.hit.text for each in apart] == [TEXT[0:70], TEXT[80:150]]
    assert [each.hit.text for each in touching] == [TEXT[0:130]]


def test_the_characters_that_are_read_are_bounded(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "MAX_READ_CHARACTERS", 40)
    monkeypatch.setattr(expansion, "_PAGE", 2)
    chunks = [part(start, start + 20) for start in range(0, 100, 20)]
    store_chunks(services, 1, chunks)
    store_chunks(services, 2, chunks)

    grown = expand(services, [passage(services, 1, 2, chunks[2]), passage(services, 2, 2, chunks[2])], 1)

    assert [each.hit.text for each in grown] == [TEXT[20:80], TEXT[40:60]]


def test_a_search_expands_its_results_to_the_text_of_the_file(services: FakeServices) -> None:
    text = " ".join(f"word{number}" for number in range(800)) + " heron " + " ".join(f"end{n}" for n in range(800))
    store = vector_stores.create(services, CALLER, name="", description=None, metadata={}, expires_after_days=None)
    file_id = upload_text(services, text)
    members.attach(services, CALLER, store.id, Member(file_id, None, 100, 40))
    run_published_jobs(services)

    [plain] = search.search(services, CALLER, store.id, ["heron"], limit=1)
    [grown] = search.search_store(services, CALLER, store.id, ["heron"], SearchOptions(limit=1, expand=3)).results

    start, end = grown.location["start"], grown.location["end"]
    assert grown.text == text[start:end]
    assert start < plain.location["start"]
    assert end > plain.location["end"]
    assert grown.score == plain.score
    assert grown.location["content_hash"] != plain.location["content_hash"]


def test_a_neighbour_that_names_another_file_is_not_shown(services: FakeServices) -> None:
    texts = [part(0, 20), part(20, 40), part(40, 60)]
    store_chunks(services, 1, texts)
    index = services.index_of(services.settings.default_model)
    other = PointOwner(1, 1, "p", "vs", "file-other", "other.txt", {})
    index.upsert(other, [Point(2, "text of another file", unit_vector(0)[None], SparseVector([], []))])

    [expanded] = expand(services, [passage(services, 1, 1, texts[1])], 1)

    assert expanded.hit.text == TEXT[0:40]
