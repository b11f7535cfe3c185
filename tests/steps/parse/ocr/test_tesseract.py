"""Tesseract: its answers, its failures, and real scans where the program is installed."""

import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.ocr import OcrFailed, availability
from ingest.steps.parse.ocr.tesseract import TesseractEngine
from tests.steps.parse.ocr.scans import TEXTS, error_rate, scan

PAPER = np.full((40, 60), 255, np.uint8)
HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"


def word(text: str, *, paragraph: int = 1, line: int = 1, confidence: float = 95) -> str:
    return f"5\t1\t1\t{paragraph}\t{line}\t1\t10\t20\t30\t10\t{confidence}\t{text}"


Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a shell script as Tesseract."""

    def install_script(script: str) -> None:
        program = tmp_path / "tesseract"
        program.write_text(
            f"#!/bin/sh\ncase $1 in --list-langs) printf 'List (3):\\ndeu\\neng\\nosd\\n'; exit;; --version) echo tesseract 9.8.7; exit;; esac\n{script}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        availability.tesseract_languages.cache_clear()

    yield install_script
    availability.tesseract_languages.cache_clear()


def answer(*rows: str) -> str:
    table = "\n".join([HEADER, *rows])
    return f"cat > /dev/null\ncat <<'END'\n{table}\nEND"


def test_words_become_lines_and_paragraphs(install: Install) -> None:
    install(answer(word("One"), word("line."), word("Next", line=2), word("End", paragraph=2, confidence=55)))

    recognized = TesseractEngine(()).recognize(PAPER, 10)

    assert TesseractEngine(()).version == "9.8.7"
    assert recognized.text == "One line.\nNext\n\nEnd"
    assert [(line.left, line.top, line.right, line.bottom) for line in recognized.lines] == [(10, 20, 40, 30)] * 3
    assert 0.85 < recognized.confidence < 0.95


def test_characters_of_scripts_without_spaces_are_joined(install: Install) -> None:
    install(answer(word("委员"), word("会于"), word("PDF"), word("文件")))

    assert TesseractEngine(()).recognize(PAPER, 10).text == "委员会于 PDF 文件"


def test_the_languages_of_the_settings_are_used_and_all_without_them(install: Install) -> None:
    install('[ "$3" = -l ] && echo "$4" > "$(dirname "$0")/languages"\n' + answer(word("x")))
    assert availability.tesseract_languages() == ("deu", "eng")

    for languages in ((), ("eng",)):
        TesseractEngine(languages).recognize(PAPER, 10)
        used = (Path(shutil.which("tesseract") or "").parent / "languages").read_text().strip()
        assert used == "+".join(languages or ("deu", "eng"))


def test_a_missing_language_is_named(install: Install) -> None:
    install(answer())

    with pytest.raises(UnsupportedFile, match=r"no data for fra.*it has deu, eng"):
        TesseractEngine(("fra", "eng"))


def test_a_failure_of_the_program_fails_the_page(install: Install) -> None:
    install("exit 1")

    with pytest.raises(OcrFailed):
        TesseractEngine(()).recognize(PAPER, 10)


def test_a_program_that_hangs_is_ended(install: Install) -> None:
    install("exec sleep 60")

    with pytest.raises(TimeoutError):
        TesseractEngine(()).recognize(PAPER, 0.2)


def test_without_certain_text_the_other_directions_are_tried(install: Install) -> None:
    # The script is certain only of pictures that are higher than wide.
    install(
        "header=$(head -c 9)\ncat > /dev/null\n"
        f'echo "{HEADER}"\n'
        f'case "$header" in "P5 40 60"*) echo "{word("upright")}";; *) echo "{word("???", confidence=20)}";; esac'
    )

    recognized = TesseractEngine(()).recognize(PAPER, 10)

    assert (recognized.text, recognized.rotation) == ("upright", 90)


@pytest.mark.skipif("eng" not in availability.tesseract_languages(), reason="Tesseract is not installed")
@pytest.mark.parametrize("rotation", [0, 90, 180])
def test_a_real_scan_is_read_in_every_direction(rotation: int) -> None:
    page = scan([TEXTS["english"]], size=(1240, 700), letter=26, rotation=rotation)

    recognized = TesseractEngine(("eng",)).recognize(np.asarray(page), 60)

    assert error_rate(TEXTS["english"], recognized.text) <= 0.02
