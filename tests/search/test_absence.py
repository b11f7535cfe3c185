"""Why a file is not among the results."""

from typing import Any

import pytest

from ingest.db.queue.membership import Member
from ingest.errors import InvalidFile
from ingest.search import retrieval, search
from ingest.search.absence import FileExplanation, failed_condition, to_json
from ingest.search.fusion import FusionWeights
from ingest.search.options import SearchOptions
from ingest.steps.filters import Comparison, Compound
from ingest.stores import members
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text

IS_NEW = Comparison("gte", "year", 2024.0)
IS_RED = Comparison("in", "colour", ("red", "pink"))


def explain(services: FakeServices, store: str, *file_ids: str, query: str = "heron", **options: Any) -> Any:
    """Return what the search says of each of the files."""
    asked = SearchOptions(explain_file_ids=file_ids, **options)
    return search.search_store(services, CALLER, store, [query], asked).files


def test_a_file_outside_the_store_is_not_in_it(services: FakeServices) -> None:
    store, _ = attach_texts(services, "a heron")
    other = upload_text(services, "a heron")

    assert [each.reason for each in explain(services, store, other, "file-none")] == ["not_in_store"] * 2


def test_a_file_that_is_not_completed_has_its_status_and_its_error(services: FakeServices) -> None:
    store, [failed] = attach_texts(services, "a heron")
    services.parser.error = InvalidFile("it is broken")
    run_published_jobs(services)
    waiting = upload_text(services, "another heron")
    members.attach(services, CALLER, store, Member(waiting, {}, 800, 400))

    first, second = explain(services, store, failed, waiting)

    assert (first.reason, first.status, first.error_code) == ("not_completed", "failed", "invalid_file")
    assert (second.reason, second.status, second.error_code) == ("not_completed", "in_progress", None)


def test_a_file_that_the_filter_leaves_out_has_the_condition_it_fails(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "a heron")
    run_published_jobs(services)
    members.update_attributes(services, CALLER, store, file_id, {"colour": "red", "year": 2020.0})

    [explained] = explain(services, store, file_id, filters=Compound("and", (IS_RED, IS_NEW)))

    assert explained.reason == "filtered_out"
    assert explained.condition == {"type": "gte", "key": "year", "value": 2024.0}


def test_a_shown_file_has_its_rank(services: FakeServices) -> None:
    store, [otter, heron] = attach_texts(services, "an otter", "a heron")
    run_published_jobs(services)

    first, second = explain(services, store, otter, heron)

    assert (first.reason, first.rank, second.reason, second.rank) == ("shown", 2, "shown", 1)
    assert second.score > first.score


def test_a_file_below_the_threshold_has_its_score(services: FakeServices) -> None:
    store, [otter, _] = attach_texts(services, "zzz", "a heron")
    run_published_jobs(services)

    [explained] = explain(services, store, otter, score_threshold=0.5)

    assert (explained.reason, explained.rank) == ("below_threshold", 2)
    assert explained.score < 0.5


def test_a_file_beyond_the_limit_has_its_rank(services: FakeServices) -> None:
    store, files = attach_texts(services, "heron heron", "a heron at the lake", "an otter at the lake")
    run_published_jobs(services)

    [explained] = explain(services, store, files[2], limit=2)

    assert (explained.reason, explained.rank) == ("beyond_limit", 3)


def test_a_file_without_a_passage_among_the_found_is_scored_alone(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "FIRST_DEPTH", 2)
    store, files = attach_texts(services, "heron heron", "a heron at the lake", "zzz")
    run_published_jobs(services)

    [explained] = explain(services, store, files[2], limit=1)

    assert (explained.reason, explained.rank) == ("no_candidate", None)
    [result] = [
        each for each in search.search(services, CALLER, store, ["heron"], limit=10) if each.file_id == files[2]
    ]
    assert explained.score == pytest.approx(result.score)


def test_a_search_by_words_has_no_passage_of_a_file_without_any(services: FakeServices) -> None:
    store, [otter, _] = attach_texts(services, "an otter", "a heron")
    run_published_jobs(services)

    [explained] = explain(services, store, otter, weights=FusionWeights(0, 1))

    assert (explained.reason, explained.score) == ("no_passage", None)


def test_a_folded_file_names_the_one_that_stands_for_it(services: FakeServices) -> None:
    text = "The heron fishes at dawn in the shallow water near the old bridge of the village, as it has for years."
    store, files = attach_texts(services, text, text)
    run_published_jobs(services)

    explained: list[FileExplanation] = explain(services, store, *files, fold_duplicates=True)

    by_reason = {each.reason: each for each in explained}
    assert set(by_reason) == {"shown", "duplicate"}
    assert by_reason["duplicate"].duplicate_of == by_reason["shown"].file_id


def test_the_failed_part_of_a_filter_is_the_first_of_all_and_the_whole_of_any() -> None:
    attributes, both = {"colour": "blue", "year": 2020.0}, (IS_RED, IS_NEW)

    assert failed_condition(Compound("and", both), attributes, "a") == IS_RED
    assert failed_condition(Compound("or", both), attributes, "a") == Compound("or", both)
    assert failed_condition(Compound("or", both), attributes | {"year": 2024.0}, "a") is None
    assert failed_condition(Compound("and", (Compound("and", both), IS_NEW)), {"colour": "red"}, "a") == IS_NEW


def test_a_filter_is_shown_as_the_api_takes_it() -> None:
    assert to_json(Compound("or", (IS_RED, IS_NEW))) == {
        "type": "or",
        "filters": [
            {"type": "in", "key": "colour", "value": ["red", "pink"]},
            {"type": "gte", "key": "year", "value": 2024.0},
        ],
    }
