"""Attacks by searches: long queries, many of them, abandoned ones, hostile filters."""

import json
import random
import time
from contextlib import suppress
from functools import partial

from tests.attacks.raw import Target, at_once, repeatedly

_QUERY_BYTES = 32_768
_WORDS = [f"{a}{b}{c}" for a in ("bar", "ko", "lin", "mes") for b in ("tu", "va", "ra", "po") for c in ("n", "sk", "x")]
_QUARTER = 8_190
_DEPTH = 100_000
_FILTER_BYTES = 25 << 20
_TIMEOUT = 20.0
"""Seconds after which an attacker gives up a search; the service answers within about ten."""


def long_query(seed: int) -> str:
    """Return a query of 32 KB of different words."""
    words = random.Random(seed)
    text = ""
    while len(text) < _QUERY_BYTES:
        text += "".join(words.choices(_WORDS, k=2)) + f"{words.randrange(10_000)} "
    return text[:_QUERY_BYTES].strip()


def _search(target: Target, body: bytes) -> int:
    return target.post(f"/v1/vector_stores/{target.store}/search", body, key=target.read_key)


def heavy_searches(target: Target, seconds: float) -> list[int]:
    """Search 44 times at once, each with four queries of 32 KB, again and again."""
    bodies = [json.dumps({"query": [long_query(4 * n + i) for i in range(4)]}).encode() for n in range(44)]

    def run(body: bytes) -> int:
        statuses = repeatedly(lambda: _search(target, body), threads=1, seconds=seconds)
        return max(statuses)

    return at_once([partial(run, body) for body in bodies])


def searches_within_the_budget(target: Target, seconds: float) -> list[int]:
    """Search 44 times at once, with as many characters as one search may have."""
    bodies = [json.dumps({"query": [long_query(4 * n + i)[:_QUARTER] for i in range(4)]}).encode() for n in range(44)]

    def run(body: bytes) -> int:
        return max(repeatedly(lambda: _search(target, body), threads=1, seconds=seconds))

    return at_once([partial(run, body) for body in bodies])


def sixteen_long_queries(target: Target, seconds: float) -> list[int]:
    """Search with sixteen queries of 32 KB each."""
    body = json.dumps({"query": [long_query(n) for n in range(16)], "rewrite_query": True}).encode()
    return repeatedly(lambda: _search(target, body), threads=8, seconds=seconds)


def abandoned_searches(target: Target, seconds: float) -> list[int]:
    """Send the longest searches and close the connection at once, about fifty a second."""
    path = f"/v1/vector_stores/{target.store}/search"
    body = json.dumps({"query": [long_query(n)[:_QUARTER] for n in range(4)]}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = target.head("POST", path, headers, key=target.read_key)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError), target.connect() as connection:
            connection.sendall(head + body)
            time.sleep(0.02)
    return []


def combining_marks(target: Target, seconds: float) -> list[int]:
    """Search for 32,768 combining marks of alternating classes, which normalisation must sort."""
    body = json.dumps({"query": "a" + "\u0316\u0301" * (_QUERY_BYTES // 2 - 1)}).encode()
    return repeatedly(lambda: _search(target, body), threads=8, seconds=seconds)


def endless_words(target: Target, seconds: float) -> list[int]:
    """Search for single words of 32 KB: one letter, one ligature that unfolds to 18, one line of ideographs."""
    queries = ["a" * _QUERY_BYTES, "\ufdfa" * _QUERY_BYTES, "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))]
    bodies = [json.dumps({"query": query}).encode() for query in queries]
    return repeatedly(lambda: max(_search(target, body) for body in bodies), threads=4, seconds=seconds)


def deep_filters(target: Target, seconds: float) -> list[int]:
    """Search with a filter of 100,000 nested levels, and with one of 100 that has many branches."""
    deep = '{"type":"and","filters":[' * _DEPTH + "]}" * _DEPTH
    leaf = {"type": "eq", "key": "a", "value": 1}
    wide = json.dumps({"type": "or", "filters": [leaf] * 20_000})
    bodies = [f'{{"query":"a","filters":{f}}}'.encode() for f in (deep, wide)]
    return repeatedly(lambda: max(_search(target, body) for body in bodies), threads=4, seconds=seconds)


def filter_of_25_mib(target: Target, seconds: float) -> list[int]:
    """Search with a filter of 25 MiB of values."""
    values = ",".join(f'"value {n:012}"' for n in range(_FILTER_BYTES // 21))
    body = f'{{"query":"a","filters":{{"type":"in","key":"a","value":[{values}]}}}}'.encode()
    return repeatedly(lambda: _search(target, body), threads=2, seconds=seconds)
