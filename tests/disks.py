"""Small disks for tests that fill them: an ext4 image on a loop device, or a file system in memory. Both need root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, mib: int, *, inodes: int = 0) -> Iterator[Path]:
    """Mount an empty ext4 file system, without blocks for root and with blocks of 1 KiB, and yield where it is."""
    image, mounted = folder / "disk.img", folder / "disk"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(mib * 2**20)
    options = ["-q", "-F", "-m", "0", "-b", "1024", *(["-N", str(inodes)] if inodes else [])]
    subprocess.run(["mkfs.ext4", *options, str(image)], check=True)
    with _mounted(["-o", "loop", str(image)], mounted):
        yield mounted


@contextmanager
def memory_disk(folder: Path, kib: int) -> Iterator[Path]:
    """Mount an empty file system of this size in memory and yield where it is."""
    mounted = folder / "disk"
    mounted.mkdir()
    with _mounted(["-t", "tmpfs", "-o", f"size={kib}k", "tmpfs"], mounted):
        yield mounted


def fill(disk: Path, *, leave_bytes: int = 0) -> Path:
    """Fill a disk to its last byte, or until `leave_bytes` are free. Return the file to delete for more room."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for block in (2**20, 2**10, 1):
            try:
                while not leave_bytes or _free_bytes(disk) - block > leave_bytes:
                    file.write(b"x" * block)
            except OSError:
                continue
    return filler


def use_all_inodes(disk: Path) -> Path:
    """Make empty files until a disk takes no more. Return the folder to delete for more room."""
    folder = disk / "inodes"
    folder.mkdir()
    number = 0
    try:
        while True:
            (folder / str(number)).touch()
            number += 1
    except OSError:
        return folder


def _free_bytes(disk: Path) -> int:
    facts = os.statvfs(disk)
    return facts.f_bavail * facts.f_frsize


@contextmanager
def _mounted(source: list[str], target: Path) -> Iterator[None]:
    subprocess.run(["mount", *source, str(target)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(target)], check=True)
