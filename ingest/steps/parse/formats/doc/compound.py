"""Write a compound file with streams in its root ([MS-CFB]), to hand an embedded object to another reader."""

import struct

MAX_BYTES = 6 * 2**20
"""Of all streams together. The sectors of more would need a longer header."""

_SECTOR = 512
_SMALLEST_STREAM = 4096  # shorter streams are stored in another way, so they are padded
_END, _FAT, _FREE, _NONE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF, 0xFFFFFFFF
_ROOT, _STREAM = 5, 2
_FAT_SECTORS_IN_HEADER = 109


def write_compound_file(streams: dict[str, bytes]) -> bytes:
    """Return a compound file."""
    sectors: list[bytes] = []
    chains: list[int] = []
    names = sorted(streams, key=lambda name: (len(name), name.upper()))
    padded = {name: streams[name].ljust(_SMALLEST_STREAM, b"\0") for name in names}
    starts = {name: _append(sectors, chains, padded[name]) for name in names}
    entries = [_entry("Root Entry", _ROOT, child=1 if names else _NONE, start=_END, size=0)]
    for number, name in enumerate(names, 1):
        right = number + 1 if number < len(names) else _NONE
        entries.append(_entry(name, _STREAM, right=right, start=starts[name], size=len(padded[name])))
    directory = _append(sectors, chains, b"".join(entries))
    count = 1
    while count * (_SECTOR // 4) < len(chains) + count:
        count += 1
    first = len(sectors)
    table = [*chains, *[_FAT] * count]
    table += [_FREE] * (count * (_SECTOR // 4) - len(table))
    places = [first + number for number in range(count)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, count, directory, 0, _SMALLEST_STREAM, _END, 0, _END, 0)
    header += struct.pack(f"<{_FAT_SECTORS_IN_HEADER}I", *places, *[_FREE] * (_FAT_SECTORS_IN_HEADER - count))
    return header + b"".join(sectors) + struct.pack(f"<{len(table)}I", *table)


def _append(sectors: list[bytes], chains: list[int], data: bytes) -> int:
    """Add the sectors of a stream, and return the number of the first."""
    start = len(sectors)
    for offset in range(0, len(data), _SECTOR):
        sectors.append(data[offset : offset + _SECTOR].ljust(_SECTOR, b"\0"))
        chains.append(len(sectors))
    chains[-1] = _END
    return start


def _entry(name: str, kind: int, *, start: int, size: int, child: int = _NONE, right: int = _NONE) -> bytes:
    encoded = name[:31].encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III36xIII", _NONE, right, child, start, size, 0)
