"""Searches during a migration."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.config import LOCAL_MODEL
from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown
from ingest.jobs import run
from ingest.reindex import migration
from ingest.search import search
from ingest.search.fusion import FusionWeights
from ingest.steps.vectors import Vectors
from ingest.stores import members
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.reindex.scenes import HERONS, OTHER_MODEL, migrate, model_state, search_texts


def make_queries_fail(services: FakeServices, model: str) -> None:
    """Let the model's embedder fail for queries."""

    def no_answer(text: str, max_parts: int = 0) -> Vectors:
        raise DependencyDown("embedder", "it is down")

    services.embedder_of(model).embed_query = no_answer  # type: ignore[method-assign] # a fake


def test_a_rolling_migration_does_not_query_the_target_model_before_a_file_cut_over(
    services: FakeServices,
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    make_queries_fail(services, OTHER_MODEL)

    migrate(services, store, rolling=True)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "mixed")
    assert search_texts(services, store) == sorted(HERONS)


def test_a_rolling_migration_does_not_query_the_previous_model_after_the_last_file_cut_over(
    services: FakeServices,
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    run_published_jobs(services)
    make_queries_fail(services, LOCAL_MODEL)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "mixed")
    assert search_texts(services, store) == sorted(HERONS)


def test_a_rolling_migration_queries_both_models_while_files_use_both(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    run.run_job(services, services.queue.lanes["bulk"].pop(0).row, lease_holder="test/1")
    make_queries_fail(services, LOCAL_MODEL)

    with pytest.raises(DependencyDown):
        search_texts(services, store)


def test_a_rolling_migration_of_a_store_without_files_finds_nothing(services: FakeServices) -> None:
    store, files = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    for file_id in files:
        members.delete(services, CALLER, store, file_id)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "mixed")
    assert search_texts(services, store) == []


def test_the_first_files_that_cut_over_during_a_search_are_found(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    original = services.index.search

    def search_then_advance(*args: object, **kwargs: object) -> object:
        hits = original(*args, **kwargs)  # type: ignore[arg-type] # passes on whatever it gets
        run_published_jobs(services)
        return hits

    services.index.search = search_then_advance  # type: ignore[method-assign, assignment] # a fake

    assert search_texts(services, store) == sorted(HERONS)
    assert migration.get_migration_status(services, CALLER, store).ready_files == 3


def test_a_passage_has_the_score_of_its_live_point_and_not_of_one_that_awaits_its_purge(
    services: FakeServices,
) -> None:
    store, [first, *_] = attach_texts(services, "heron heron heron", "zzz", "qqq")
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    for message in services.queue.lanes["bulk"][:2]:
        run.run_job(services, message.row, lease_holder="test/1")
    index = services.index_of(OTHER_MODEL)
    assert isinstance(index, FakeIndex)
    before = {key: value for key, value in index.points.items() if value[0].file_id == first}
    members.attach(services, CALLER, store, Member(first, None, 300, 0))
    run.run_job(services, rows.get_row(services.database, store, first).row, lease_holder="test/1")
    [(key, (owner, point))] = before.items()
    index.points[key] = (owner, replace(point, dense=point.dense * np.float32(0.5)))

    [best, *_] = search.search(services, CALLER, store, ["heron heron heron"], limit=3, weights=FusionWeights(1, 0))

    assert len(index.points) == 3
    assert best.file_id == first
    assert best.score == pytest.approx(1.0)


def test_a_search_is_repeated_when_its_store_cuts_over_during_it(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    original = services.index.search

    def search_then_advance(*args: object, **kwargs: object) -> object:
        hits = original(*args, **kwargs)  # type: ignore[arg-type] # passes on whatever it gets
        migration.advance_migration(services, store)
        return hits

    services.index.search = search_then_advance  # type: ignore[method-assign, assignment] # a fake

    assert search_texts(services, store) == sorted(HERONS)
    assert model_state(services, store)[0] == OTHER_MODEL


def test_a_file_that_cuts_over_between_the_two_queries_of_a_search_is_found_once(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    run.run_job(services, services.queue.lanes["bulk"].pop(0).row, lease_holder="test/1")
    index = services.index_of(OTHER_MODEL)
    assert isinstance(index, FakeIndex)
    original = index.search

    def search_then_advance(*args: object, **kwargs: object) -> object:
        hits = original(*args, **kwargs)  # type: ignore[arg-type] # passes on whatever it gets
        for message in services.queue.lanes["bulk"][:1]:
            services.queue.lanes["bulk"].remove(message)
            run.run_job(services, message.row, lease_holder="test/1")
        return hits

    index.search = search_then_advance  # type: ignore[method-assign, assignment] # a fake

    for ready in (2, 3):
        assert search_texts(services, store) == sorted(HERONS)
        assert migration.get_migration_status(services, CALLER, store).ready_files == ready
