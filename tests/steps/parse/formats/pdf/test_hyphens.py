"""Words at line ends: joined, or kept with their hyphen."""

import pytest

from ingest.steps.parse.formats.pdf.hyphens import repair_hyphens
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile
from tests.timing import assert_linear


def test_hyphens_at_line_ends_are_kept_where_they_belong_to_the_word(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page(
        "The infor-", "mation about COVID-", "19 and part AB-", "1234 is state-of-", "the-art and cost-", "effective."
    )

    assert read_pdf(file).text == (
        "The information about COVID-19 and part AB-1234 is state-of-the-art and cost-effective."
    )


@pytest.mark.parametrize(
    ("broken", "read"),
    [
        ("an im\ufffeportant word", "an important word"),
        ("an im\ufffe\nportant word", "an important word"),
        ("COVID\ufffe19", "COVID-19"),
        ("part AB\ufffe1234", "part AB-1234"),
        ("the years 2019-\n2024", "the years 2019-2024"),
        ("Jean\ufffePierre", "Jean-Pierre"),
        ("non\ufffeGaussian", "non-Gaussian"),
        ("state-of\ufffethe-art", "state-of-the-art"),
        ("state\ufffeof-the-art", "state-of-the-art"),
        ("self\ufffeservice", "self-service"),
        ("x\u00ad\nray", "xray"),
        ("Kranken\u00adversicherung", "Krankenversicherung"),
        ("COVID\u00ad19", "COVID-19"),
        ("Donau\ufffedampf\ufffeschiff", "Donaudampfschiff"),
        ("a list:\n- one\n- two", "a list:\n- one\n- two"),
        ("5 -\n3", "5 -\n3"),
        ("a dash –\nhere", "a dash –\nhere"),
        ("(\ufffe", "(-"),
    ],
)
def test_a_break_is_joined_by_what_is_on_both_sides(broken: str, read: str) -> None:
    assert repair_hyphens([broken]) == [read]


@pytest.mark.parametrize(
    ("elsewhere", "read"),
    [
        ("They re-elect her.", "re-elect"),
        ("They reelect her.", "reelect"),
        ("A price cut, and effective means: price-based.", "reelect"),
    ],
)
def test_words_elsewhere_in_the_document_decide(elsewhere: str, read: str) -> None:
    assert repair_hyphens(["to re\ufffeelect", elsewhere])[0] == f"to {read}"


def test_two_words_that_the_document_has_keep_their_hyphen() -> None:
    assert repair_hyphens(["a risk\ufffebased plan, with the risk based on numbers"])[0].startswith("a risk-based plan")


def test_long_words_take_linear_time() -> None:
    def repair(size: int) -> None:
        text = "a" * size + "-" * 10 + "b-" * (size // 3) + "\ufffe" * 1000
        assert len(repair_hyphens([text])[0]) > size

    assert_linear(repair, 300_000)
