"""PDF files as a whole."""

import unicodedata
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FileError
from ingest.steps.parse.formats.pdf import read
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text
from tests.steps.parse.formats.pdf.test_attachments import portfolio
from tests.steps.parse.formats.pdf.test_bookmarks import outlined
from tests.steps.parse.formats.pdf.test_fields import box, form
from tests.steps.parse.formats.pdf.test_xfa import DATA, TEMPLATE, xfa_form

FUZZED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_a_pdf_has_the_offset_of_each_page(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.pdf", documents.pdf(["First page.", "", "Third\npage."]))

    assert parsed.kind == "pdf"
    assert [parsed.text[start:][:5] for start in (parsed.pages[0], parsed.pages[2])] == ["First", "Third"]
    assert parsed.text == "First page.\n\nThird\npage."
    assert len(parsed.pages) == 3
    assert parsed.report.reader == "pypdfium2"


def test_a_file_with_empty_lines_before_its_header_is_read(parse: Parse, documents: DocumentBuilder) -> None:
    assert parse("a", b"\r\n\r\n" + documents.pdf(["The page."])).text == "The page."


def test_text_that_is_not_visible_is_text(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page("1 g " + text(72, 700, "White words") + "3 Tr " + text(72, 600, "Hidden words"))

    assert read_pdf(file).text == "White words\nHidden words"


def samples() -> list[bytes]:
    files = [
        form(box("smoker", "Yes", "Yes"), "/FT/Ch/Ff 131072/T(country)/V(NO)/Opt[[(NO)(Norway)]]"),
        xfa_form({"template": TEMPLATE, "datasets": DATA}, "Please wait..."),
        portfolio(("a.txt", b"Words"), ("b.txt", b"More words")),
        outlined([("1 Introduction", 0, -1), ("Aims", 1, 0)], [["1 Introduction", "x"], ["Aims", "y"]]),
    ]
    return [file.build() for file in files]


SAMPLES = samples()
WORDS_OF_PDF = st.sampled_from(
    [b"/", b"<<", b">>", b"[", b"]", b"0 R", b" -1 ", b"(", b")", b"99999999", b"null", b"\0"]
)


@FUZZED
@given(
    sample=st.sampled_from(SAMPLES),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=6) | WORDS_OF_PDF), max_size=8),
)
def test_damaged_files_are_refused_or_read_with_exact_offsets(
    tmp_path: Path, sample: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    for place, removed, inserted in changes:
        position = int(place * len(sample))
        sample = sample[:position] + inserted + sample[position + removed :]
    path = tmp_path / "blob"
    path.write_bytes(sample)
    try:
        parsed = read(path)
    except FileError:
        return
    assert all(0 <= section.start <= section.end <= len(parsed.text) for section in parsed.sections)
    assert all(0 <= heading.start < len(parsed.text) for heading in parsed.headings)


PIECES = st.lists(
    st.tuples(
        st.integers(0, 40), st.integers(0, 40), st.sampled_from([6, 9, 12, 30]), st.integers(0, 3), st.integers(1, 6)
    ),
    min_size=1,
    max_size=25,
)
MATRICES = ("1 0 0 1", "0 1 -1 0", "0 -1 1 0", "-1 0 0 -1")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@FUZZED
@given(pieces=PIECES)
def test_no_letter_is_lost_wherever_the_words_are(tmp_path: Path, pieces: list[tuple[int, int, int, int, int]]) -> None:
    content, written = "", []
    for number, (x, y, size, turned, length) in enumerate(pieces):
        word = "".join(LETTERS[(number * 7 + 11 * place) % len(LETTERS)] for place in range(length))
        content += f"BT /F1 {size} Tf {MATRICES[turned]} {100 + 10 * x} {100 + 14 * y} Tm ({word}) Tj ET "
        written.append(word)
    file = PdfFile()
    file.page(content)
    path = tmp_path / "blob"
    path.write_bytes(file.build())

    found = unicodedata.normalize("NFKC", read(path).text)

    lost = sorted("".join(written))
    for character in found:
        if character in lost:
            lost.remove(character)
    assert not lost
