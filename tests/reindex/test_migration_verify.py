"""`ingest verify` of stores with two models."""

from collections.abc import Callable

import pytest

from ingest.config import LOCAL_MODEL
from ingest.jobs.maintenance import run_maintenance
from ingest.verify import verify
from tests.fakes import FakeIndex, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.reindex.scenes import (
    HERONS,
    OTHER_MODEL,
    THIRD_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    migrated_store,
    model_state,
    point_generations,
    search_texts,
)

FAULTS: dict[str, Callable[[FakeIndex], object]] = {
    "points_missing": lambda index: index.points.popitem(),
    "points_orphaned": lambda index: index.points.update(
        {(row, generation + 2, number): value for (row, generation, number), value in index.points.items()}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("model", [LOCAL_MODEL, OTHER_MODEL])
@pytest.mark.parametrize("standby_state", ["staging", "kept"])
def test_verify_finds_and_repairs_the_points_of_either_model(
    services: FakeServices, fault: str, model: str, standby_state: str
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    if standby_state == "kept":
        run_maintenance(services)
    index = services.index_of(model)
    assert isinstance(index, FakeIndex)
    assert_consistent(services)

    FAULTS[fault](index)

    assert verify(services, is_running=False).counts == {fault: 1 if fault == "points_missing" else 3}
    assert all(finding.repair for finding in verify(services, repair=True, is_running=False).findings)
    finish_all_work(services)
    assert_consistent(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert search_texts(services, store) == sorted(HERONS)


def test_verify_deletes_points_in_the_collection_of_the_wrong_model(services: FakeServices) -> None:
    migrated_store(services, HERONS[0])
    right_index, wrong_index = services.index_of(OTHER_MODEL), services.index
    assert isinstance(right_index, FakeIndex)
    wrong_index.points.update(right_index.points)

    assert verify(services, repair=True, is_running=False).counts == {"points_orphaned": 1}

    finish_all_work(services)
    assert_consistent(services)
    assert (len(right_index.points), len(wrong_index.points)) == (1, 1)


@pytest.mark.parametrize("model", [OTHER_MODEL, LOCAL_MODEL])
def test_verify_deletes_points_in_the_collection_of_a_third_model_and_no_others(
    services: FakeServices, model: str
) -> None:
    store, _ = migrated_store(services, HERONS[0])
    wrong_index, right_index = services.index_of(THIRD_MODEL), services.index_of(model)
    assert isinstance(wrong_index, FakeIndex)
    assert isinstance(right_index, FakeIndex)
    wrong_index.points.update(right_index.points)

    assert verify(services, repair=True, is_running=False).counts == {"points_orphaned": 1}

    finish_all_work(services)
    assert_consistent(services)
    assert [len(point_generations(services, each)) for each in (OTHER_MODEL, LOCAL_MODEL, THIRD_MODEL)] == [1, 1, 0]
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
