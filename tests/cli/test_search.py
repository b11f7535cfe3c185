"""`ingest search` against the real API over fakes."""

import json

from ingest.cli.search import excerpt
from tests.cli.conftest import Command, run_jobs_until_ended
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts


def test_results_are_printed_with_their_scores_and_files(services: FakeServices, url: str, ingest: Command) -> None:
    store, files = attach_texts(services, "The heron fishes at dawn.", "zzz")
    run_jobs_until_ended(services, 2)

    ended = ingest("search", store, "heron", "--limit", "1", "--base-url", url)

    assert (ended.code, ended.err) == (0, "")
    *_, title, passage = ended.out.splitlines()
    assert title.startswith("1. 0.")
    assert title.endswith(f" a.txt ({files[0]})")
    assert passage == "   The heron fishes at dawn."


def test_results_and_files_are_explained(services: FakeServices, url: str, ingest: Command) -> None:
    store, [heron, other] = attach_texts(services, "The heron fishes at dawn.", "zzz")
    run_jobs_until_ended(services, 2)

    ended = ingest(
        "search", store, "heron", "--limit", "1", "--explain", "--file", other, "--file", heron, "--base-url", url
    )

    assert "meaning: rank 1, 0.60 * " in ended.out
    assert "words: rank 1, 0.40 * " in ended.out
    assert ": heron" in ended.out
    assert f"{other}: beyond_limit. The best passage has rank 2" in ended.out
    assert f"{heron}: shown. The file is result 1." in ended.out


def test_an_empty_answer_has_exit_code_one(services: FakeServices, url: str, ingest: Command) -> None:
    store, _ = attach_texts(services)

    ended = ingest("search", store, "heron", "--base-url", url)

    assert (ended.code, ended.out.strip()) == (1, "Nothing was found.")


def test_the_answer_of_the_api_is_printed_as_json(services: FakeServices, url: str, ingest: Command) -> None:
    store, [heron] = attach_texts(services, "The heron fishes at dawn.")
    run_jobs_until_ended(services, 1)

    page = json.loads(ingest("search", store, "heron", "--json", "--base-url", url).out.splitlines()[-1])

    assert (page["object"], page["data"][0]["file_id"]) == ("vector_store.search_results.page", heron)


def test_an_unknown_store_is_refused(url: str, ingest: Command) -> None:
    ended = ingest("search", "vs_none", "heron", "--base-url", url)

    assert ended.code == 2
    assert "vs_none" in ended.err


def test_an_excerpt_shows_the_words_of_the_query() -> None:
    text = (
        "The ferry leaves at noon. " * 20 + "Only two keepers may open the safe. " + "The lamp burns all night. " * 20
    )

    shown = excerpt(text, "Who may open the safe?")

    assert "open the safe" in shown
    assert (shown[0], shown[-1]) == ("…", "…")
    assert len(shown) <= 162


def test_an_excerpt_without_words_of_the_query_is_the_beginning() -> None:
    assert excerpt("The ferry leaves at noon. " * 20, "xylophone").startswith("The ferry leaves")
    assert excerpt("The ferry.", "xylophone") == "The ferry."
