"""Parsing in pieces gives what one call of json.loads gives, for valid and for damaged bodies."""

import io
import json
import random
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter

from api.json_bodies.parsing import parse_in_pieces
from api.json_bodies.scan import JsonScan
from ingest.errors import InvalidRequest

STRICT_STRINGS: TypeAdapter[list[Any]] = TypeAdapter(list[str])
TEXTS = ['x\\"[]{},:', "é\U0001f600", '"', "\\", "", "]", "a,b"]


def parse(body: bytes, block: int, validators: Any = None, max_items: int = 10**9) -> Any:
    scan = JsonScan(10**9)
    for start in range(0, len(body), block):
        scan.add(body[start : start + block])
    return parse_in_pieces(io.BytesIO(body), len(body), scan.long_arrays, validators or {}, max_items)


def random_value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if depth > 3 or kind < 0.4:
        return chance.choice([1, None, True, -1.5e3, *TEXTS])
    if kind < 0.7:
        return [random_value(chance, depth + 1) for _ in range(chance.randint(0, 8))]
    return {chance.choice(TEXTS) + str(n): random_value(chance, depth + 1) for n in range(chance.randint(0, 6))}


def outcome(parsed: Any) -> Any:
    try:
        return parsed()
    except (ValueError, InvalidRequest):
        return ValueError


def test_pieces_give_the_same_value_or_error_as_the_whole() -> None:
    chance = random.Random(1)
    for _ in range(60):
        value = {f"k{n}": [random_value(chance, 2) for _ in range(chance.randint(0, 30))] for n in range(3)}
        body = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode()
        block = chance.choice([7, 13, 50, 200])
        assert parse(body, block) == value

        damaged = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.choice(b'[]{},:"\\1 ')
        expected = outcome(lambda damaged=damaged: json.loads(damaged))
        assert outcome(lambda damaged=damaged, block=block: parse(bytes(damaged), block)) == expected


@pytest.mark.parametrize("body", [b'{"a":[1,2,3,4,5,6,]}', b'{"a":[,1,2,3,4,5,6]}', b'{"a":[1,2,3,,4,5,6]}'])
@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_a_comma_too_many_is_an_error_also_at_a_cut(body: bytes, block: int) -> None:
    with pytest.raises(json.JSONDecodeError):
        parse(body, block)


def test_the_last_of_two_equal_names_counts() -> None:
    assert parse(b'{"a":[1,1,1,1,1],"a":[2,2,2,2,2]}', 4) == {"a": [2, 2, 2, 2, 2]}


def test_a_wrong_item_is_named_by_its_place_in_the_whole_array() -> None:
    body = json.dumps({"ids": ["x"] * 50 + [1] + ["x"] * 50}).encode()

    with pytest.raises(RequestValidationError) as caught:
        parse(body, 20, {"ids": STRICT_STRINGS})

    assert [error["loc"] for error in caught.value.errors()] == [("body", "ids", 50)]


def test_an_array_that_is_too_long_is_refused_before_it_is_parsed() -> None:
    body = json.dumps({"ids": list(range(100))}).encode()

    with pytest.raises(InvalidRequest, match="maximum length 99, but got an array with length 100"):
        parse(body, 20, max_items=99)


def test_one_huge_value_is_refused() -> None:
    body = json.dumps({"ids": ["a", "b", "x" * 5_000_000]}).encode()

    with pytest.raises(InvalidRequest, match="a value is too large"):
        parse(body, 2**18)
