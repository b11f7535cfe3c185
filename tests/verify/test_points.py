"""The check of rows against points."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ingest.jobs.maintenance import run_maintenance
from ingest.stores import members, vector_stores
from ingest.verify import verify
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.verify.reports import (
    add_points_of_another_generation,
    add_points_of_surplus_chunks,
    add_points_of_unknown_rows,
    finding_kinds,
    lose_points,
)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lose_points, "points_missing"),
        (add_points_of_unknown_rows, "points_orphaned"),
        (add_points_of_another_generation, "points_orphaned"),
        (add_points_of_surplus_chunks, "points_orphaned"),
    ],
)
def test_points_that_do_not_match_their_rows_are_found(
    services: FakeServices, damage: Callable[[FakeServices], None], kind: str
) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)

    damage(services)

    assert finding_kinds(services) == [kind]


def test_points_that_name_another_store_or_project_are_found(services: FakeServices) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)
    [(key, (owner, point))] = services.index.points.items()
    services.index.points[key] = (replace(owner, vector_store_id="vs_other"), point)

    assert finding_kinds(services) == ["points_missing", "points_orphaned"]

    services.index.points[key] = (replace(owner, project="proj_other"), point)
    assert finding_kinds(services) == ["points_missing", "points_orphaned"]


def test_points_with_a_gap_in_their_chunk_numbers_are_found(services: FakeServices) -> None:
    attach_texts(services, "word " * 2_000)
    run_published_jobs(services)
    last = max(services.index.points)
    services.index.points[(*last[:2], last[2] + 1)] = services.index.points.pop(last)

    assert finding_kinds(services) == ["points_missing", "points_orphaned"]


def test_points_that_are_due_for_deletion_are_no_finding(services: FakeServices) -> None:
    store, [file_id, _] = attach_texts(services, "one", "two")
    run_published_jobs(services)
    points = dict(services.index.points)
    members.delete(services, CALLER, store, file_id)
    vector_stores.delete(services, CALLER, store)
    run_maintenance(services)
    services.index.points = points  # as a worker that lost its file may still write them

    assert verify(services).counts == {}
