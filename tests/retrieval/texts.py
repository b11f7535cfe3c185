"""The texts of the retrieval benchmark: passages, questions that they answer, and questions that none of them answers.

They were written for this benchmark and have the licence of the project. `data/LANGUAGE.jsonl` has the same 20 passages in
every language, so that languages can be compared; `english_only.jsonl` and `code.jsonl` have others. A line is a passage:

    {"id": "bike-error", "text": "...", "queries": [["identifier", "E07"], ["question", "..."]], "file": "manual.txt"}

`file` is the name of the file, if it says something. `foreign.jsonl` has the questions without an answer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

LANGUAGES = ("en", "de", "fr", "es", "ru", "zh", "ar", "th")
"""The languages of the parallel passages."""


@dataclass(frozen=True)
class Passage:
    """A text that is imported as one file, which becomes one chunk."""

    key: str
    filename: str
    text: str


@dataclass(frozen=True)
class Question:
    """A query and the passage that answers it. `kind` is question, keywords, identifier or file (asks for its name)."""

    text: str
    kind: str
    answer: str


@dataclass(frozen=True)
class Collection:
    """What is imported into one store, and asked there."""

    name: str
    passages: Sequence[Passage]
    questions: Sequence[Question]
    foreign: Sequence[str]


def read_collections() -> list[Collection]:
    """Return a collection for each language, one of all English texts, one of code, and one of everything."""
    rows = {path.stem: _read(path) for path in sorted(DATA.glob("*.jsonl"))}
    foreign: dict[str, list[str]] = {}
    for row in rows.pop("foreign"):
        foreign.setdefault(row["language"], []).append(row["query"])
    single = [_collection(language, {language: rows[language]}, foreign[language]) for language in LANGUAGES]
    english = {name: rows[name] for name in ("en", "english_only")}
    return [
        *single,
        _collection("english", english, foreign["en"]),
        _collection("code", {"code": rows["code"]}, foreign["en"]),
        _collection("everything", rows, [query for queries in foreign.values() for query in queries]),
    ]


def read_collection(name: str) -> Collection:
    """Return the collection of this name."""
    return next(collection for collection in read_collections() if collection.name == name)


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _collection(name: str, files: Mapping[str, Sequence[Mapping[str, Any]]], foreign: Sequence[str]) -> Collection:
    passages, questions = [], []
    for file, rows in files.items():
        for number, row in enumerate(rows, 1):
            key = f"{file}/{row['id']}"
            passages.append(Passage(key, row.get("file", f"{file}-{number:03}.txt"), row["text"]))
            questions += [Question(text, kind, key) for kind, text in row["queries"]]
    return Collection(name, passages, questions, foreign)
