"""Damaged, lost, unreadable and locked files of SQLite databases, and the allocation of the write-ahead log's index."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.db import sqlite_file
from ingest.db.migrate import migrate
from ingest.db.session import Database
from ingest.errors import DatabaseDamaged, DependencyDown
from tests.db.conftest import SHORT_TIMEOUTS


@pytest.fixture
def file(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "ingest.db"))


def open_database(file: Path) -> Database:
    return Database(f"sqlite:///{file}", timeouts=SHORT_TIMEOUTS)


def overwrite(file: Path) -> None:
    file.write_bytes(random.Random(1).randbytes(100_000))


def damage_pages(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[20_000:200_000] = random.Random(2).randbytes(180_000)
    file.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "no database": overwrite,
    "cut": lambda file: os.truncate(file, 100_000),
    "cut within the header": lambda file: os.truncate(file, 50),
    "damaged pages": damage_pages,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("use", [Database.ping, migrate], ids=["read", "migrate"])
def test_a_damaged_file_is_named_with_what_helps(
    file: Path, damage: Callable[[Path], None], use: Callable[[Database], None]
) -> None:
    damage(file)
    database = open_database(file)

    with pytest.raises(DatabaseDamaged, match=rf"the file {file} is damaged \(.*\): restore it from a backup"):
        use(database)
    database.dispose()


@pytest.mark.parametrize("is_missing", [False, True])
def test_an_emptied_or_missing_file_beside_uploaded_files_is_lost_and_not_made_anew(
    file: Path, is_missing: bool
) -> None:
    (file.parent / "blobs" / "raw" / "aa").mkdir(parents=True)
    file.unlink() if is_missing else os.truncate(file, 0)
    database = open_database(file)

    with pytest.raises(DatabaseDamaged, match="is missing" if is_missing else "is empty"):
        migrate(database)
    with pytest.raises(DatabaseDamaged):
        database.ping()
    assert file.exists() is not is_missing
    database.dispose()


def test_an_empty_file_without_uploaded_files_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "blobs" / "raw").mkdir(parents=True)
    (tmp_path / "ingest.db").touch()
    database = open_database(tmp_path / "ingest.db")

    migrate(database)

    database.ping()
    database.dispose()


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "ingest.db").mkdir()

    with pytest.raises(DependencyDown, match=rf"unable to open database file \({tmp_path}/ingest.db\)"):
        open_database(tmp_path / "ingest.db").ping()


def test_a_file_that_another_process_has_locked_is_an_outage(file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    database = open_database(file)

    with pytest.raises(DependencyDown, match="database is locked"):
        database.ping()
    holder.close()
    database.ping()
    database.dispose()


def test_the_index_of_the_log_has_a_block_for_every_byte_on_disks_with_small_blocks(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "SQLITE_PAGE_BYTES", 2**20)  # larger than the blocks of any disk
    database = open_database(file)

    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    index = file.with_name("ingest.db-shm").stat()
    assert index.st_size == sqlite_file.WAL_INDEX_BYTES
    assert index.st_blocks * 512 >= index.st_size
    database.dispose()
