"""The language of a text."""

import subprocess
import sys

import pytest

from ingest.steps.parse.language import detect_language
from tests.steps.parse.charset.passages import PASSAGES
from tests.steps.parse.documents import Parse
from tests.timing import assert_constant

CODES = {
    "German": "de", "French": "fr", "Spanish": "es", "Portuguese": "pt", "Swedish": "sv", "Polish": "pl", "Czech": "cs",
    "Hungarian": "hu", "Romanian": "ro", "Turkish": "tr", "Lithuanian": "lt", "Latvian": "lv", "Vietnamese": "vi",
    "Russian": "ru", "Ukrainian": "uk", "Bulgarian": "bg", "Greek": "el", "Hebrew": "he", "Arabic": "ar", "Thai": "th",
    "Japanese": "ja", "Chinese": "zh", "Traditional Chinese": "zh", "Korean": "ko",
}  # fmt: skip
ENGLISH = (
    "The library at the market square is open on every day but Sunday, and readers may borrow five books at a time. "
)


@pytest.mark.parametrize("language", PASSAGES)
def test_the_language_of_a_paragraph_is_detected(language: str) -> None:
    assert detect_language(PASSAGES[language][1]) == CODES[language]


@pytest.mark.parametrize("length", [60, 120])
def test_a_sentence_has_the_right_language_or_none(length: int) -> None:
    detected = {language: detect_language(text[:length]) for language, (_, text) in PASSAGES.items()}

    assert {language: code for language, code in detected.items() if code not in ("", CODES[language])} == {}
    assert sum(map(bool, detected.values())) >= 0.85 * len(detected)


@pytest.mark.parametrize(
    "text", ["", "12345 67890", "x = foo(bar)", "4711;0815;1.5\n" * 50, "https://example.org/a/b", "AKIA-Z9 QX7 TTR-88"]
)
def test_what_is_no_prose_has_no_language(text: str) -> None:
    assert detect_language(text) == ""


def test_the_main_language_counts_and_not_that_of_the_first_line() -> None:
    assert detect_language("Copyright notice: all rights reserved by the author.\n" + PASSAGES["German"][1] * 5) == "de"


def test_a_large_text_takes_as_long_as_its_beginning() -> None:
    def detect(repetitions: int) -> None:
        for _ in range(20):
            detect_language(texts[repetitions])

    texts = {count: ENGLISH * count for count in (12_500, 50_000)}

    assert_constant(detect, 50_000)


def test_the_report_has_the_language(parse: Parse) -> None:
    assert parse("a.txt", ENGLISH.encode()).report.language == "en"
    assert (
        parse("a.srt", f"1\n00:00:01,000 --> 00:00:02,000\n{PASSAGES['German'][1]}\n".encode()).report.language == "de"
    )


def test_english_text_loads_no_tables_of_letters() -> None:
    program = (
        "import sys; from ingest.steps.parse.language import detect_language; "
        f"detect_language({ENGLISH!r}); print(sys.modules['ingest.steps.parse.charset.tables']._lines.cache_info().misses)"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "0"
