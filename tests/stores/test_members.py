"""The files of a vector store: attaching, attributes, parsed text."""

import pytest

from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown, NotFound
from ingest.jobs.maintenance import run_maintenance
from ingest.stores import batches, files, members, vector_stores
from ingest.stores.members import MAX_NAMED_IDS
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text


def create_store(services: FakeServices) -> str:
    return vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id


def test_an_attached_file_is_published_after_the_commit(services: FakeServices) -> None:
    attach_texts(services, "one")

    assert len(services.queue.lanes["interactive"]) == 1


def test_files_are_attached_while_the_broker_is_down_and_published_by_maintenance(services: FakeServices) -> None:
    store, file_id = create_store(services), upload_text(services, "one")
    services.queue.is_down = True

    file = members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))

    assert file.status == "in_progress"
    services.queue.is_down = False
    run_maintenance(services)
    assert run_published_jobs(services) == ["completed"]


def test_files_are_attached_although_publishing_raises(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    store, file_id = create_store(services), upload_text(services, "one")

    def fail() -> int:
        raise RuntimeError("a defect")

    monkeypatch.setattr(services.feeder, "top_up", fail)

    assert members.attach(services, CALLER, store, Member(file_id, {}, 800, 400)).status == "in_progress"


def test_nothing_is_attached_or_published_when_a_file_is_unknown(services: FakeServices) -> None:
    store, file_id = create_store(services), upload_text(services, "one")

    with pytest.raises(NotFound, match="'file-none'"):
        batches.create(services, CALLER, store, [Member(id_, {}, 800, 400) for id_ in (file_id, "file-none")])

    with pytest.raises(NotFound):
        members.retrieve(services, CALLER, store, file_id)
    assert services.queue.lanes["bulk"] == []


def test_an_error_names_the_first_unknown_files_only(services: FakeServices) -> None:
    unknown = [f"file-{n}" for n in range(MAX_NAMED_IDS + 2)]

    with pytest.raises(NotFound, match="and 2 more") as raised:
        members.require_files(services, CALLER, unknown)

    assert f"'file-{MAX_NAMED_IDS - 1}'" in str(raised.value)
    assert f"'file-{MAX_NAMED_IDS}'" not in str(raised.value)


def test_attributes_are_replaced_while_the_index_is_down_and_written_to_points_by_maintenance(
    services: FakeServices,
) -> None:
    store, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)
    services.index.is_down = True

    file = members.update_attributes(services, CALLER, store, file_id, {"year": 2024.0})

    assert file.attributes == {"year": 2024.0}
    services.index.is_down = False
    services.database._clock.advance(60)  # type: ignore[union-attr] # the test clock
    run_maintenance(services)
    [(owner, _)] = services.index.points.values()
    assert owner.attributes == {"year": 2024.0}


def test_the_text_of_a_file_is_read_while_it_is_in_progress(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "A heron.")

    assert members.read_parsed_text(services, CALLER, store, file_id).text == "A heron."


def test_a_busy_parser_is_an_outage(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    store, [file_id] = attach_texts(services, "A heron.")
    monkeypatch.setattr(members, "PARSER_WAIT_SECONDS", 0.01)

    with services.parser_lock, pytest.raises(DependencyDown, match="busy"):
        members.read_parsed_text(services, CALLER, store, file_id)


def test_a_removed_file_stays_uploaded(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "one")

    members.delete(services, CALLER, store, file_id)

    with pytest.raises(NotFound):
        members.retrieve(services, CALLER, store, file_id)
    with pytest.raises(NotFound):
        members.delete(services, CALLER, store, file_id)
    assert files.retrieve(services, CALLER, file_id).id == file_id
