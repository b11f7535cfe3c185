"""The scan: depth and values are counted outside of strings, however the body is cut into blocks."""

import json

import pytest

from api.json_bodies.scan import JsonScan
from ingest.errors import InvalidRequest

BLOCKS = [1, 2, 3, 7, 1_000_000]


def scan(body: bytes, block: int, *, values: int = 10**6, depth: int = 32) -> JsonScan:
    scanned = JsonScan(values, depth)
    for start in range(0, len(body), block):
        scanned.add(body[start : start + block])
    return scanned


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(
    "body",
    [
        b"[[[]]]",
        b'{"a":{"b":[]}}',
        b'[[["[[[["]]]',
        rb'[[["\"[[[["]]]',
        rb'[[["\\",["x"]]]]',
        '[[["é[\U0001f600["]]]'.encode(),
    ],
)
def test_depth_is_counted_outside_of_strings(body: bytes, block: int) -> None:
    deepest = 4 if b'["x"]' in body else 3

    scan(body, block, depth=deepest)
    with pytest.raises(InvalidRequest, match=f"At most {deepest - 1} levels"):
        scan(body, block, depth=deepest - 1)


@pytest.mark.parametrize("block", BLOCKS)
def test_values_are_counted_outside_of_strings(block: int) -> None:
    body = json.dumps({"a": [1, 2, ",,,,"], "b\\": {"c": '"'}}).encode()
    count = 9  # two objects, a list, three names, and three commas

    scan(body, block, values=count)
    with pytest.raises(InvalidRequest, match="too many values"):
        scan(body, block, values=count - 1)


@pytest.mark.parametrize(
    "body",
    [b'{"file_ids":' + b"[" * 2**25, b'{"file_ids":[' + b"[]," * 2**23, b"[" + b"1," * 2**24, b'{"a":{},' * 2**22],
)
def test_a_hostile_body_is_refused_within_its_first_part(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        scan(body[: 4 * 2**20], 2**18, values=250_000)
