"""How often pairs of letters occur in each language: the costs by which text in an unknown character set is recognised.

`ingest/data/letter_pairs.txt` has one line for each language: its code and, separated by tabs, a letter with the letters
that follow it, each with its cost as a letter from "A" (0). A space stands for the edge of a word. The costs were counted
over the translated messages of free programs. For Chinese, Japanese and Korean a line has the common characters, the
most frequent first.
"""

from functools import lru_cache
from importlib.resources import files

RARE = 28
"""Cost of a pair that is not in the table. A cost is twice the binary logarithm of the inverse probability."""

EAST_ASIAN = ("zh", "zh-hant", "ja", "ko")


@lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    text = files("ingest.data").joinpath("letter_pairs.txt").read_text("utf-8")
    return dict(line.split("\t", 1) for line in text.splitlines())


@lru_cache(maxsize=64)
def pair_costs(language: str) -> dict[str, int]:
    """Return the cost of a letter after another one, by both letters in lower case."""
    costs: dict[str, int] = {}
    for row in _lines()[language].split("\t"):
        first = row[0]
        costs.update({first + row[at]: ord(row[at + 1]) - ord("A") for at in range(1, len(row), 2)})
    return costs


@lru_cache(maxsize=8)
def character_costs(language: str) -> dict[str, int]:
    """Return the costs of the common characters of an East Asian language. They grow with the rank."""
    return {character: 9 + 2 * (rank // 6 + 1).bit_length() for rank, character in enumerate(_lines()[language])}
