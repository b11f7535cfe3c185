"""Which header row a piece of a table repeats."""

from dataclasses import dataclass

from ingest.steps.chunk import HeaderRows, Tokens

TEXT = "Before\n\na | b\n1 | 2\n3 | 4\n\nBetween\n\nc | d\n5 | 6\n\nAfter"


@dataclass(frozen=True)
class Table:
    start: int
    header_end: int
    end: int


def table(header: str, last: str) -> Table:
    start = TEXT.index(header)
    return Table(start, start + len(header), TEXT.index(last) + len(last))


def header_above(word: str, max_tokens: int = 100) -> str | None:
    tokens = Tokens.from_text(TEXT)
    row = HeaderRows(tokens, [table("a | b", "3 | 4"), table("c | d", "5 | 6")]).above(
        tokens.index_at(TEXT.index(word)), max_tokens
    )
    return None if row is None else TEXT[row.start : row.end]


def test_rows_below_a_header_repeat_it_and_nothing_else_does() -> None:
    headers = {word: header_above(word) for word in ("Before", "a |", "1 |", "3 |", "Between", "c |", "5 |", "After")}

    assert {word: header for word, header in headers.items() if header} == {
        "1 |": "a | b",
        "3 |": "a | b",
        "5 |": "c | d",
    }


def test_a_header_takes_at_most_a_quarter() -> None:
    assert header_above("3 |", 20) == "a | b"
    assert header_above("3 |", 19) is None
