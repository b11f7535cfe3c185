"""Compare the words that the service reads of documents with those that an independent library reads.

`python -m tests.steps.parse.comparison FOLDER` prints, for each document in a folder, the words that only the library
kreuzberg finds. `test_differential.py` compares documents of each family with several libraries.
"""

import re
import sys
from collections import Counter
from pathlib import Path

import kreuzberg

from ingest.config import Settings
from ingest.errors import FileError
from ingest.steps.parse import Parser

_WORD = re.compile(r"\w+")
_CONFIG = kreuzberg.ExtractionConfig(use_cache=False, enable_quality_processing=False)


def words(text: str) -> Counter[str]:
    """Count the words of a text. Case counts, punctuation does not."""
    return Counter(_WORD.findall(text))


def read_with_kreuzberg(path: Path) -> str:
    """Return the text that kreuzberg finds in a file."""
    content: str = kreuzberg.extract_file_sync(str(path), config=_CONFIG).content
    return content


def main(folder: Path) -> None:
    """Print the words of each document that only kreuzberg finds, and the documents that one of both refuses."""
    parser = Parser(Settings(ocr="off"))
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        try:
            ours = parser.parse(path, path.name).text
        except FileError as exc:
            print(f"{path.name}: refused by us: {exc}")
            continue
        try:
            theirs = read_with_kreuzberg(path)
        except Exception as exc:  # noqa: BLE001 - the library may raise anything
            print(f"{path.name}: refused by kreuzberg: {type(exc).__name__}")
            continue
        only_theirs = words(theirs) - words(ours)
        if only_theirs:
            print(f"{path.name}: {only_theirs.total()} words only in kreuzberg: {' '.join(list(only_theirs)[:20])}")
    parser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
