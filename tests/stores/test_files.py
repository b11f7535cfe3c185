"""Uploaded files: names, expiry, deletion."""

import pytest

from ingest.errors import NotFound
from ingest.stores import files, members
from ingest.stores.files import BATCH_PURPOSE_EXPIRES_AFTER_SECONDS, clean_filename
from tests.conftest import Clock
from tests.db.rows import WINDOW
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ("line\nbreak\x00.txt", "linebreak.txt"),
        ("Übersicht 2024 – 数据.md", "Übersicht 2024 – 数据.md"),
        ("", "upload"),
        ("folder/", "upload"),
        ("\ud800.txt", ".txt"),
        ("..", "upload"),
        ("a/...", "upload"),
        (".gitignore", ".gitignore"),
        ("annual\u202etxt.exe", "annualtxt.exe"),
        ("\u2066a\u2069.txt", "a.txt"),
        ("\u0645\u06cc\u200c\u062e.txt", "\u0645\u06cc\u200c\u062e.txt"),
    ],
)
def test_a_filename_has_no_path_and_no_control_characters(filename: str, expected: str) -> None:
    assert clean_filename(filename) == expected


def test_a_long_filename_keeps_its_extension() -> None:
    assert clean_filename("x" * 300 + ".pdf").endswith("x.pdf")
    assert len(clean_filename("x" * 300 + ".pdf")) == 255


@pytest.mark.parametrize(
    ("purpose", "expires_after", "lifetime"),
    [
        ("assistants", None, None),
        ("assistants", 3_600, 3_600),
        ("batch", None, BATCH_PURPOSE_EXPIRES_AFTER_SECONDS),
        ("batch", 3_600, 3_600),
    ],
)
def test_only_files_with_purpose_batch_expire_by_default(
    services: FakeServices, purpose: str, expires_after: int | None, lifetime: int | None
) -> None:
    file = files.create(services, CALLER, filename="a.txt", purpose=purpose, blocks=[b"x"], expires_after=expires_after)

    assert file.expires_at == (None if lifetime is None else file.created_at + lifetime)


def test_an_expired_file_is_not_found_at_once_and_deleted_by_maintenance(services: FakeServices, clock: Clock) -> None:
    file = files.create(services, CALLER, filename="a", purpose="assistants", blocks=[b"x"], expires_after=3_600)
    clock.advance(3_600)

    with pytest.raises(NotFound):
        files.retrieve(services, CALLER, file.id)
    assert files.delete_expired(services, 10) == 1
    assert files.delete_expired(services, 10) == 0
    assert list(services.blobs.list_keys("raw/")) == []


def test_a_deleted_file_is_removed_from_its_stores(services: FakeServices) -> None:
    store, [file_id, other] = attach_texts(services, "one", "two")

    files.delete(services, CALLER, file_id)

    page = members.list_page(services, CALLER, store, WINDOW, status=None)
    assert [file.file_id for file in page.items] == [other]
    with pytest.raises(NotFound):
        files.delete(services, CALLER, file_id)
