"""The pipeline of one file: stages, reuse of vectors, groups, limits; over fakes."""

from dataclasses import replace

import pytest

from ingest.db.queue.claims import Claim
from ingest.errors import Abandoned, InvalidFile
from ingest.jobs import pipeline
from ingest.jobs.pipeline import JobControl, Stage
from tests.db import rows
from tests.fakes import FakeServices
from tests.jobs.scenes import attach_texts

TEXT = "A heron stands in the water. " * 40


def make_claim(services: FakeServices, text: str, *, chunk_tokens: int = 100) -> Claim:
    """Attach a text to a new store and claim it."""
    store, [file_id] = attach_texts(services, text)
    claim = rows.claim(services.database, rows.get_row(services.database, store, file_id).row)
    return replace(claim, chunk_tokens=chunk_tokens, chunk_overlap=0)


def control(stages: list[Stage] | None = None, lose_lease_after: int = 1_000) -> JobControl:
    """A job that notes its stages, and loses its lease after some groups of points."""
    renewals = iter(range(lose_lease_after))

    def ensure_lease() -> None:
        if next(renewals, None) is None:
            raise Abandoned("the lease is lost")

    enter_stage = (lambda stage: None) if stages is None else stages.append
    return JobControl(still_wanted=lambda: True, ensure_lease=ensure_lease, enter_stage=enter_stage)


def test_the_stages_follow_each_other_and_the_totals_are_those_of_the_points(services: FakeServices) -> None:
    claim, stages = make_claim(services, TEXT), list[Stage]()

    totals = pipeline.ingest_file(claim, services, control(stages)).totals

    assert stages == ["parse", "chunk", "embed", "index"]
    points = [point for _, point in services.index.points.values()]
    assert totals.chunks == len(points) > 2
    assert totals.usage_bytes == sum(len(point.text.encode()) + point.dense.nbytes for point in points)
    assert "".join(point.text for point in points) == TEXT


def test_chunks_are_embedded_and_written_in_groups(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "GROUP_CHUNKS", 2)
    claim, stages = make_claim(services, TEXT), list[Stage]()

    totals = pipeline.ingest_file(claim, services, control(stages)).totals

    groups = -(-totals.chunks // 2)
    assert stages == ["parse", "chunk", *(["embed", "index"] * groups)]


def test_a_job_that_loses_its_lease_writes_no_further_group(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "GROUP_CHUNKS", 1)
    claim = make_claim(services, TEXT)

    with pytest.raises(Abandoned):
        pipeline.ingest_file(claim, services, control(lose_lease_after=2))

    assert len(services.index.points) == 2


def test_unchanged_chunks_of_the_same_model_keep_their_vectors(services: FakeServices) -> None:
    first = make_claim(services, TEXT)
    totals = pipeline.ingest_file(first, services, control()).totals
    assert services.embedder.embedded == totals.chunks
    again = replace(
        first, generation=first.generation + 1, fallback_generation=first.generation, live_model=first.model
    )

    assert pipeline.ingest_file(again, services, control()).totals == totals

    assert services.embedder.embedded == totals.chunks
    assert services.index.count_points(first.row, again.generation) == totals.chunks


def test_points_of_another_model_are_not_reused(services: FakeServices) -> None:
    first = make_claim(services, TEXT)
    totals = pipeline.ingest_file(first, services, control()).totals
    again = replace(first, generation=first.generation + 1, fallback_generation=first.generation, live_model="other")

    pipeline.ingest_file(again, services, control())

    assert services.embedder.embedded == 2 * totals.chunks


def test_a_retry_deletes_the_chunks_that_an_earlier_attempt_wrote_beyond_its_own(services: FakeServices) -> None:
    claim = make_claim(services, TEXT, chunk_tokens=100)
    pipeline.ingest_file(claim, services, control())

    totals = pipeline.ingest_file(replace(claim, attempt=2, chunk_tokens=400), services, control()).totals

    assert services.index.count_points(claim.row, claim.generation) == totals.chunks


def test_a_file_with_too_many_tokens_is_refused(services: FakeServices) -> None:
    claim = make_claim(services, TEXT)
    services.settings = services.settings.model_copy(update={"max_tokens_per_file": 10})

    with pytest.raises(InvalidFile, match="tokens; at most 10 are accepted"):
        pipeline.ingest_file(claim, services, control())

    assert services.index.points == {}


def test_the_point_owner_has_the_file_and_the_generation_of_the_claim(services: FakeServices) -> None:
    claim = make_claim(services, "A heron.")

    owner = pipeline.point_owner_of(claim)

    assert (owner.row, owner.generation, owner.file_id) == (claim.row, claim.generation, claim.file_id)
    assert (owner.project, owner.vector_store_id) == (claim.project, claim.vector_store_id)
