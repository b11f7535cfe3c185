"""Damaged and hostile archives are refused and leave nothing behind."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import Refused
from tests.archive.archives import assert_nothing_is_left, restore_archive
from tests.fakes import FakeServices

Entries = list[tuple[tarfile.TarInfo, bytes]]


def rewrite_archive(path: Path, change: Callable[[Entries], Entries]) -> Path:
    with tarfile.open(path) as tar:
        entries = [(entry, (tar.extractfile(entry) or io.BytesIO()).read()) for entry in tar]
    target = path.with_name("changed.tar")
    with tarfile.open(target, "w") as tar:
        for entry, data in change(entries):
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return target


def change_entry(
    entries: Entries, end: str, change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]
) -> Entries:
    """Change the first entry whose name ends with `end`."""
    at = next(n for n, (entry, _) in enumerate(entries) if entry.name.endswith(end))
    return [*entries[:at], change(*entries[at]), *entries[at + 1 :]]


def rename_to(name: str) -> Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]:
    return lambda entry, data: (entry.replace(name=name), data)


def replace_by_symlink(entry: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    link = tarfile.TarInfo(entry.name)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return link, b""


def change_fields(**changes: object) -> Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]:
    return lambda entry, data: (entry, json.dumps({**json.loads(data), **changes}).encode())


DAMAGES: dict[str, Callable[[Entries], Entries]] = {
    "a path outside": lambda entries: change_entry(entries, "content", rename_to("../../../../tmp/evil")),
    "an absolute path": lambda entries: change_entry(entries, "content", rename_to("/etc/cron.d/evil")),
    "a link": lambda entries: change_entry(entries, "content", replace_by_symlink),
    "other bytes": lambda entries: change_entry(entries, "content", lambda entry, data: (entry, b"X" + data[1:])),
    "more bytes": lambda entries: change_entry(entries, "content", lambda entry, data: (entry, data + b"X")),
    "other points": lambda entries: change_entry(
        entries, "points.jsonl", lambda entry, data: (entry, data.replace(b"heron", b"eagle"))
    ),
    "fewer points": lambda entries: change_entry(entries, "points.jsonl", lambda entry, data: (entry, b"")),
    "no end entry": lambda entries: entries[:-1],
    "one file less": lambda entries: [*entries[:-4], entries[-1]],
    "files in another order": lambda entries: [entries[0], *entries[4:7], *entries[1:4], *entries[7:]],
    "another outcome": lambda entries: change_entry(entries, "about.json", change_fields(status="cancelled")),
    "another purpose": lambda entries: change_entry(entries, "about.json", change_fields(purpose="batch")),
    "an unknown field": lambda entries: change_entry(entries, "about.json", change_fields(surprise=1)),
    "a newer version": lambda entries: change_entry(entries, "manifest.json", change_fields(version=2)),
    "another format": lambda entries: change_entry(entries, "manifest.json", change_fields(format="zip")),
    "no entries": lambda entries: [],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_is_refused_and_leaves_nothing(
    damage: str, other_service: FakeServices, archive: Path
) -> None:
    with pytest.raises(Refused):
        restore_archive(other_service, rewrite_archive(archive, DAMAGES[damage]))

    assert_nothing_is_left(other_service)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.8])
def test_a_truncated_archive_is_refused_and_leaves_nothing(
    share: float, other_service: FakeServices, archive: Path
) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(share * len(data.rstrip(b"\x00")))])

    with pytest.raises(Refused):
        restore_archive(other_service, archive)

    assert_nothing_is_left(other_service)
