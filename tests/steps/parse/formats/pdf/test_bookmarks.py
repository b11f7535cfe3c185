"""Bookmarks as headings."""

from ingest.steps.parse.formats.pdf.bookmarks import Bookmark, place_headings
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def outlined(bookmarks: list[tuple[str, int, int]], pages: list[list[str]], more: str = "") -> PdfFile:
    """Return a file with bookmarks of a title, a page, and the index of their parent or -1."""
    file = PdfFile()
    references = [file.text_page(*lines) for lines in pages]
    root = file.next_number
    numbers = [root + 1 + index for index in range(len(bookmarks))]
    children = {parent: [i for i, b in enumerate(bookmarks) if b[2] == parent] for parent in range(-1, len(bookmarks))}

    def ends(parent: int) -> str:
        own = children[parent]
        return f"/First {numbers[own[0]]} 0 R/Last {numbers[own[-1]]} 0 R/Count {len(own)}" if own else ""

    file.add(f"<</Type/Outlines{ends(-1)}>>")
    for index, (title, page, parent) in enumerate(bookmarks):
        after = [i for i in children[parent] if i > index]
        following = f"/Next {numbers[after[0]]} 0 R" if after else ""
        up = root if parent < 0 else numbers[parent]
        file.add(f"<</Title({title})/Parent {up} 0 R/Dest[{references[page]}/XYZ 72 700 0]{following}{ends(index)}>>")
    file.catalog = f"/Outlines {root} 0 R{more}"
    return file


def test_bookmarks_are_headings_at_their_lines(read_pdf: ReadPdf) -> None:
    pages = [["1 Introduction", "Words.", "1.1 Aims", "More words."], ["Methods", "and materials", "Last words."]]
    bookmarks = [("Introduction", 0, -1), ("1.1 Aims", 0, 0), ("Methods and materials", 1, -1)]

    parsed = read_pdf(outlined(bookmarks, pages))

    assert parsed.text == (
        "1 Introduction\n\nWords.\n\n1.1 Aims\n\nMore words.\n\nMethods\nand materials\n\nLast words."
    )
    assert [(h.level, h.title, parsed.text[h.start :][:7]) for h in parsed.headings] == [
        (1, "Introduction", "1 Intro"),
        (2, "1.1 Aims", "1.1 Aim"),
        (1, "Methods and materials", "Methods"),
    ]


def test_a_bookmark_whose_title_is_not_on_the_page_starts_at_its_first_line(read_pdf: ReadPdf) -> None:
    parsed = read_pdf(outlined([("Chapter one", 0, -1)], [["Once upon a time", "there was text."]]))

    assert [(h.start, h.title) for h in parsed.headings] == [(0, "Chapter one")]
    assert parsed.text == "Once upon a time\n\nthere was text."


def test_labels_of_pages_are_their_names(read_pdf: ReadPdf) -> None:
    labels = "/PageLabels<</Nums[0<</S/r>> 2<</S/D>>]>>"
    parsed = read_pdf(outlined([], [["Preface"], ["Thanks"], ["One"], ["Two"]], labels))

    assert [(section.number, section.name) for section in parsed.sections] == [(1, "i"), (2, "ii"), (3, "1"), (4, "2")]


def test_pages_of_fifty_are_right(read_pdf: ReadPdf) -> None:
    pages = [[f"Heading {number}", f"Text of page {number} COVID-", "19"] for number in range(1, 51)]
    parsed = read_pdf(outlined([(f"Heading {n}", n - 1, -1) for n in range(1, 51)], pages))

    for number, section in enumerate(parsed.sections, 1):
        assert section.number == number
        assert parsed.text[section.start : section.end] == f"Heading {number}\n\nText of page {number} COVID-19"
    assert [parsed.text[h.start :].split("\n")[0] for h in parsed.headings] == [f"Heading {n}" for n in range(1, 51)]


def test_an_outline_that_contains_itself_ends(read_pdf: ReadPdf) -> None:
    file = outlined([("A title", 0, -1)], [["A title", "Words."]])
    data = file.build().replace(b"/Count 1", b"/Count 1/A 0")
    number = data.split(b"/First ")[1].split(b" ")[0]
    data = data.replace(b"<</Title(A title)", b"<</Next " + number + b" 0 R/First " + number + b" 0 R/Title(A title)")

    assert len(read_pdf(data).headings) <= 2


def test_headings_are_found_in_order() -> None:
    bookmarks = [Bookmark("Summary", 1), Bookmark("Details", 1), Bookmark("Summary", 2)]
    placed = place_headings("Summary\nx\nDetails\ny\nSummary\nz", bookmarks)

    assert [heading.start for heading in placed] == [0, 10, 20]
    assert place_headings("", bookmarks) == []
