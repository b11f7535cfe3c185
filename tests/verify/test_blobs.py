"""The check of files against blobs."""

import os

import pytest

from ingest import blobs
from ingest.steps.parse import PARSER_VERSION
from ingest.verify import verify
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.verify.reports import finding_kinds, repair_results


def test_a_missing_blob_is_found(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)

    for name in list(services.blobs.list_keys("raw/")):
        services.blobs.delete(name)

    assert finding_kinds(services) == ["blob_missing"]


def test_an_orphaned_blob_is_found_after_the_grace_period(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.blobs.write("raw/" + "ab" * 32, b"left over")
    assert finding_kinds(services) == []

    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    assert finding_kinds(services) == ["blob_orphaned"]


def test_a_repair_deletes_old_orphaned_blobs_and_texts(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)
    [raw] = services.blobs.list_keys("raw/")
    names = ["raw/" + "ab" * 32, blobs.text_key("ac" * 32, PARSER_VERSION, "pdf")]
    kept = blobs.text_key(raw.removeprefix("raw/"), PARSER_VERSION, "pdf")
    for name in (*names, kept):
        services.blobs.write(name, b"x")
    assert verify(services).counts == {}
    for folder in ("raw", "text"):
        for path in (services.settings.data / "blobs" / folder).rglob("*-*"):
            os.utime(path, (1, 1))
        for path in (services.settings.data / "blobs" / folder).rglob("abab*"):
            os.utime(path, (1, 1))

    assert repair_results(services) == [("blob_orphaned", True), ("text_orphaned", True)]

    assert sorted([*services.blobs.list_keys("raw/"), *services.blobs.list_keys("text/")]) == sorted([raw, kept])


def test_texts_of_older_parsers_are_no_finding_and_a_repair_deletes_them(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)
    [raw] = services.blobs.list_keys("raw/")
    older, kept = (blobs.text_key(raw.removeprefix("raw/"), version, "pdf") for version in ("0-old", PARSER_VERSION))
    for name in (older, kept):
        services.blobs.write(name, b"x")
    for path in (services.settings.data / "blobs" / "text").rglob("*-*"):
        os.utime(path, (1, 1))

    before = verify(services)
    assert (before.counts, len(before.hints)) == ({}, 1)
    assert sorted(services.blobs.list_keys("text/")) == sorted([older, kept])

    assert repair_results(services) == []
    assert [*services.blobs.list_keys("text/")] == [kept]
    assert verify(services).hints == []
