"""Reading order: columns whose lines are written side by side, and tables, whose rows stay rows."""

from itertools import zip_longest

from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text

LEFT = ["The committee met in the hall and", "agreed that the new machines were", "not worth the price of 2024."]
MIDDLE = ["Rain fell in the north, where the", "farmers waited for the harvest", "until the end of the month."]
RIGHT = ["The team played on a wet pitch", "while the crowd stayed at home", "and listened to the radio."]
TITLE = "A title over the full width of the page and all of its columns"
CLOSING = "A closing sentence over the full width of the page follows below the columns of the text."


def side_by_side(columns: list[list[str]], places: list[float], y: float = 700, leading: float = 12) -> str:
    """Return the lines of columns row by row, as some producers write them."""
    rows = zip_longest(*columns, fillvalue="")
    return "".join(
        text(x, y - leading * number, cell, size=10)
        for number, row in enumerate(rows)
        for x, cell in zip(places, row, strict=True)
        if cell
    )


def lines_of(read_pdf: ReadPdf, content: str) -> list[str]:
    file = PdfFile()
    file.page(content)
    return read_pdf(file).text.split("\n")


def test_two_columns_are_read_one_after_the_other(read_pdf: ReadPdf) -> None:
    content = side_by_side(
        [["Left one the cat", "left two sat on"], ["Right one a dog", "right two ran to"]], [72, 320]
    )

    assert lines_of(read_pdf, content) == ["Left one the cat", "left two sat on", "Right one a dog", "right two ran to"]


def test_three_columns_keep_the_title_above_and_the_text_below_them(read_pdf: ReadPdf) -> None:
    content = text(40, 730, TITLE) + side_by_side([LEFT, MIDDLE, RIGHT], [40, 230, 420]) + text(40, 630, CLOSING)

    assert lines_of(read_pdf, content) == [TITLE, *LEFT, *MIDDLE, *RIGHT, CLOSING]


def test_a_running_title_above_columns_stays_one_line(read_pdf: ReadPdf) -> None:
    content = text(72, 760, "Journal of things", size=8) + text(500, 760, "Page 3", size=8)

    lines = lines_of(read_pdf, content + side_by_side([LEFT, RIGHT], [72, 320]))

    assert lines == ["Journal of things Page 3", *LEFT, *RIGHT]


def test_columns_of_different_lengths_are_complete(read_pdf: ReadPdf) -> None:
    assert lines_of(read_pdf, side_by_side([LEFT, RIGHT[:2]], [72, 320])) == [*LEFT, *RIGHT[:2]]


def test_words_broken_at_the_ends_of_columns_are_joined(read_pdf: ReadPdf) -> None:
    columns = [["the commit-", "tee met in the", "hall at noon"], ["at COVID-", "19 time and then", "all went home"]]

    assert lines_of(read_pdf, side_by_side(columns, [72, 300]))[0].startswith("the committee met")
    assert "at COVID-19 time" in "\n".join(lines_of(read_pdf, side_by_side(columns, [72, 300])))


def test_columns_that_are_written_one_after_the_other_stay_as_they_are(read_pdf: ReadPdf) -> None:
    content = text(72, 700, *LEFT, size=10) + text(320, 700, *RIGHT, size=10)

    assert lines_of(read_pdf, content) == [*LEFT, *RIGHT]


def test_rows_of_a_table_stay_rows(read_pdf: ReadPdf) -> None:
    rows = [("Item", "Price", "Note"), ("Blue chair", "12.00", "with arms"), ("Red table", "99.00", "no arms at all")]
    content = side_by_side([list(column) for column in zip(*rows, strict=True)], [72, 250, 350], leading=16)

    assert lines_of(read_pdf, content) == [" ".join(row) for row in rows]


def test_rows_of_sentences_in_a_table_stay_rows(read_pdf: ReadPdf) -> None:
    rows = [
        ("Description of the goods", "Remarks by the owner"),
        ("Blue chair with two arms", "delivered late in May"),
        ("Red table with drawers", "broken on one side"),
        ("Lamp with a green shade", "never was delivered"),
    ]
    content = side_by_side([list(column) for column in zip(*rows, strict=True)], [72, 300])

    assert lines_of(read_pdf, content) == [" ".join(row) for row in rows]


def test_labels_stay_beside_their_values(read_pdf: ReadPdf) -> None:
    rows = [
        ("Name of the applicant:", "Ada Example of London"),
        ("Date of her birth:", "10 December 1815"),
        ("2010-2014", "worked as an engineer in the north"),
    ]
    content = side_by_side([list(column) for column in zip(*rows, strict=True)], [72, 300])

    assert lines_of(read_pdf, content) == [" ".join(row) for row in rows]


def test_numbers_of_clauses_and_pages_stay_in_their_rows(read_pdf: ReadPdf) -> None:
    clauses = ["the first of the points goes on", "and the second of the points", "the third ends the list"]
    numbered = side_by_side([["1.", "2.", "3."], clauses], [72, 100])
    contents = side_by_side(
        [["1 Introduction to it", "2 Methods of the work", "3 Results"], ["5", "17", "29"]], [72, 500]
    )

    assert lines_of(read_pdf, numbered)[0] == "1. the first of the points goes on"
    assert lines_of(read_pdf, contents)[1] == "2 Methods of the work 17"


def test_japanese_columns_are_read_one_after_the_other(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    descendant = file.add(
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)"
        "/Supplement 2>>/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4"
        "/FontBBox[0 -200 1000 800]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>>>"
    )
    font = file.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UCS2-H/DescendantFonts[{descendant}]>>"
    )
    columns = [["吾輩は猫である名前は", "まだ無いどこで生れた", "かとんと見当がつかぬ", "何でも薄暗いじめじめ"], []]
    columns[1] = ["親譲りの無鉄砲で小供", "の時から損ばかりして", "いる小学校に居る時分", "学校の二階から飛び降"]
    content = "".join(
        f"BT /F2 10 Tf {x} {700 - 14 * row} Td <{line.encode('utf-16-be').hex()}> Tj ET "
        for row in range(4)
        for x, line in ((72, columns[0][row]), (320, columns[1][row]))
    )
    file.page(content, fonts=f"/F2 {font}")

    assert read_pdf(file).text.split("\n") == [*columns[0], *columns[1]]


def test_rows_of_lower_case_phrases_stay_rows(read_pdf: ReadPdf) -> None:
    rows = [
        ("kind of goods", "place of storage", "handling by the staff"),
        ("dried fruit and nuts", "shelf next to the door", "keep dry and away from light"),
        ("frozen fish in boxes", "cold room in the cellar", "never refreeze what has thawed"),
        ("fresh bread and rolls", "rack behind the counter", "sell on the day of baking"),
        ("flour and ground spices", "bins in the back room", "close the lid after each use"),
    ]
    content = side_by_side([list(column) for column in zip(*rows, strict=True)], [72, 230, 400])

    assert lines_of(read_pdf, content) == [" ".join(row) for row in rows]


def test_two_rows_of_lower_case_phrases_stay_rows(read_pdf: ReadPdf) -> None:
    rows = [
        ("flour and ground spices", "close the lid after each use"),
        ("bottled water and juice", "stack four layers"),
    ]
    content = side_by_side([list(column) for column in zip(*rows, strict=True)], [72, 300])

    assert lines_of(read_pdf, content) == [" ".join(row) for row in rows]
