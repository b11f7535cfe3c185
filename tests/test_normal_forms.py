"""Normal forms in linear time."""

import re
import time
import unicodedata
from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest
from ingest import normal_forms
from ingest.normal_forms import NormalForm, normalize
from ingest.steps import bm25
from ingest.steps.parse.normalization import normalize_text

RUNS = {
    "marks in the wrong order": "\u0301\u0316",
    "marks that are letters for Unicode": "\u0f73",
    "those and marks": "\u0f73\u0316",
    "half-width marks": "\uff9e\u0301",
    "marks of two marks": "\u0344\u0316",
}


@given(st.text(max_size=80))
def test_a_text_without_long_runs_of_marks_has_the_form_of_unicode(text: str) -> None:
    assert normalize("NFKC", text) == unicodedata.normalize("NFKC", text)
    assert normalize("NFC", text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_a_run_of_marks_takes_no_quadratic_time(form: NormalForm, run: str) -> None:
    started = time.process_time()
    normalize(form, "a" + run * 64_000)  # 12 s and more without the bound

    assert time.process_time() - started < 4


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_queries_and_documents_with_a_run_of_marks_take_no_quadratic_time(run: str) -> None:
    text = "a" + run * 32_000
    started = time.process_time()
    bm25.query_terms(text, ("en", "de"))
    bm25.count_terms(normalize_text(text))

    assert time.process_time() - started < 4


def test_a_letter_keeps_its_first_marks() -> None:
    assert normalize("NFC", "e" + "\u0301\u0316" * 100 + "b") == "\u00e9" + "\u0316" * 15 + "\u0301" * 14 + "b"


@pytest.mark.parametrize("text", ["\ufdfa" * 32_768, "a" * 32_768 + "\ufdfa" * 4_000, "\u3300\ufdfa" * 16_000])
def test_a_text_that_unfolds_is_cut_before_it_does(text: str) -> None:
    longest = 0

    def count(form: NormalForm, piece: str) -> str:
        nonlocal longest
        longest = max(longest, len(unfolded := unicodedata.normalize(form, piece)))
        return unfolded

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(normal_forms, "unicodedata", Namespace(normalize=count, is_normalized=unicodedata.is_normalized))
        assert normal_forms.normalize_within("NFKC", text, 65_536) == unicodedata.normalize("NFKC", text)[:65_536]
    assert longest < 90_000


def test_a_text_that_does_not_unfold_stays_whole() -> None:
    text = "\u00c4\uff21e\u0301" * 10_000

    assert normal_forms.normalize_within("NFKC", text, 65_536) == unicodedata.normalize("NFKC", text)


def test_no_character_unfolds_to_more() -> None:
    lengths = (len(unicodedata.normalize("NFKC", chr(code))) for code in range(0x110000))

    assert max(lengths) == normal_forms.MAX_UNFOLDING


def test_no_other_module_normalises_texts() -> None:
    root = Path(ingest.__file__).parents[1]
    sources = [path for room in ("api", "ingest", "workers") for path in (root / room).rglob("*.py")]
    callers = [path for path in sources if re.search(r"unicodedata\.(is_)?normalize\w*\(", path.read_text("utf-8"))]

    assert {path.relative_to(root).as_posix() for path in callers} <= {
        Path(normal_forms.__file__).relative_to(root).as_posix(),
        "ingest/steps/bm25/normalization.py",  # asks whether a text is normalised, which takes linear time
    }
