"""What independent libraries read of a document, the service reads too, for one rich document of each family.

Most documents are written by an independent library as well. Every word that only the library finds is explained.
`tests/steps/parse/comparison.py` compares a whole folder of real documents.
"""

import io
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdf
import pytest
import python_calamine

from tests.steps.parse.comparison import read_with_kreuzberg, words
from tests.steps.parse.documents import DocumentBuilder, Parse

documents = DocumentBuilder()

HEADINGS = ["Harbour report 2024", "Traffic at the quays", "Outlook and budget"]
PARAGRAPHS = [
    "The harbour of Bergen handled 1234567 containers, 15 percent more than in the year before.",
    "Müller & Søn moved the crane; the price is €4500. Zażółć gęślą jaźń, Привет мир, 東京都, שלום עולם.",
    "Questions go to anna.berg@example.org before 2025-03-31.",
]
ROWS = [["Quay", "Ships", "Delay"], ["North", "17", "3 days"], ["South", "", "none"], ["West", "204", "unknown"]]


def word() -> bytes:
    document = docx.Document()
    for heading, text in zip(HEADINGS, PARAGRAPHS, strict=True):
        document.add_heading(heading, 1)
        document.add_paragraph(text)
        document.add_paragraph(f"Item below {heading}", style="List Bullet")
    table = document.add_table(len(ROWS), len(ROWS[0]))
    for number, cells in enumerate(ROWS):
        for cell, text in zip(table.rows[number].cells, cells, strict=True):
            cell.text = text
    document.sections[0].header.paragraphs[0].text = "Header of the page"
    document.sections[0].footer.paragraphs[0].text = "Footer of the page"
    return _saved(document.save)


def slides() -> bytes:
    presentation = pptx.Presentation()
    for heading, text in zip(HEADINGS, PARAGRAPHS, strict=True):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = text
        slide.notes_slide.notes_text_frame.text = f"Notes about {heading}"
    frame = presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.add_table(
        4, 3, 0, 0, 9_000_000, 900_000
    )
    for row, cells in enumerate(ROWS):
        for column, text in enumerate(cells):
            frame.table.cell(row, column).text = text
    return _saved(presentation.save)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = HEADINGS[0]
    for row in ROWS:
        sheet.append(row)
    for text in PARAGRAPHS:
        book.create_sheet(f"Sheet {len(book.sheetnames)}").append([text, 17, 2.5, True])
    return _saved(book.save)


def mail() -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = HEADINGS[0], "Jürgen <j@example.org>", "a@example.org"
    message.set_content("\n".join(PARAGRAPHS))
    message.add_alternative(f"<html><body>{''.join(f'<p>{text}</p>' for text in PARAGRAPHS)}</body></html>", "html")
    message.add_attachment("\n".join(HEADINGS), filename="headings.txt")
    return message.as_bytes()


def page() -> bytes:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    body = "".join(f"<h2>{h}</h2><p>{p}</p>" for h, p in zip(HEADINGS, PARAGRAPHS, strict=True))
    return f"<html><head><meta charset=utf-8></head><body>{body}<table>{rows}</table></body></html>".encode()


def rich_text() -> bytes:
    paragraphs = (
        "".join(character if character.isascii() else f"\\u{ord(character)}?" for character in text)
        for text in (*HEADINGS, *PARAGRAPHS)
    )
    rows = "".join("\\trowd " + "".join(f"{cell}\\cell " for cell in row) + "\\row\n" for row in ROWS)
    return ("{\\rtf1\\ansi\\deff0 " + "\\par\n".join(paragraphs) + "\\par\n" + rows + "}").encode()


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def read_with_python_docx(path: Path) -> str:
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    edges = [part.text for s in document.sections for part in (*s.header.paragraphs, *s.footer.paragraphs)]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells, *edges])


def read_with_python_pptx(path: Path) -> str:
    texts = []
    for slide in pptx.Presentation(str(path)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                texts.append(shape.text_frame.text)
            if shape.has_table:
                texts += [cell.text for row in shape.table.rows for cell in row.cells]
        if slide.has_notes_slide:
            texts.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(texts)


def read_with_openpyxl(path: Path) -> str:
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
    cells = [
        str(value) for sheet in book for row in sheet.iter_rows(values_only=True) for value in row if value is not None
    ]
    return "\n".join([*book.sheetnames, *cells])


def read_with_calamine(path: Path) -> str:
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    return "\n".join([*book.sheet_names, *(str(value) for row in rows for value in row)])


def read_with_pypdf(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


ASCII = [*HEADINGS, PARAGRAPHS[0], PARAGRAPHS[2]]
DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "report.docx": word,
    "report.pptx": slides,
    "report.xlsx": workbook,
    "report.xls": lambda: documents.xls(
        "Quays", [(r, c, cell) for r, row in enumerate(ROWS) for c, cell in enumerate(row)]
    ),
    "report.pdf": lambda: documents.pdf(ASCII),
    "report.html": page,
    "report.eml": mail,
    "report.rtf": rich_text,
    "report.odt": lambda: documents.odt(" ".join(ASCII)),
    "report.epub": lambda: documents.epub("".join(f"<p>{text}</p>" for text in ASCII)),
}
LIBRARIES: list[tuple[str, Callable[[Path], str], dict[str, str]]] = [
    ("report.docx", read_with_python_docx, {}),
    ("report.docx", read_with_kreuzberg, {}),
    ("report.pptx", read_with_python_pptx, {}),
    ("report.pptx", read_with_kreuzberg, {}),
    ("report.xlsx", read_with_openpyxl, {"True": "a boolean is written as the sheet shows it: TRUE"}),
    ("report.xlsx", read_with_kreuzberg, {"true": "a boolean is written as the sheet shows it: TRUE"}),
    ("report.xls", read_with_calamine, {}),
    ("report.pdf", read_with_pypdf, {}),
    ("report.pdf", read_with_kreuzberg, {}),
    ("report.html", read_with_kreuzberg, {}),
    ("report.eml", read_with_kreuzberg, {}),
    ("report.rtf", read_with_kreuzberg, {}),
    ("report.odt", read_with_kreuzberg, {}),
    ("report.epub", read_with_kreuzberg, {}),
]
"""A document, a library, and each word that only the library finds, with its reason."""


@pytest.mark.parametrize(
    ("name", "library", "explained"),
    [pytest.param(*case, id=f"{case[0]}-{case[1].__name__.removeprefix('read_with_')}") for case in LIBRARIES],
)
def test_every_word_of_an_independent_library_is_read(
    parse: Parse, tmp_path: Path, name: str, library: Callable[[Path], str], explained: dict[str, str]
) -> None:
    data = DOCUMENTS[name]()
    path = tmp_path / name
    path.write_bytes(data)

    only_theirs = words(library(path)) - words(parse(name, data).text)

    assert set(only_theirs) == set(explained)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_word_that_was_written_is_read(parse: Parse, name: str) -> None:
    text = words(parse(name, DOCUMENTS[name]()).text)

    written = {
        "report.xls": [cell for row in ROWS for cell in row],
        "report.pdf": ASCII,
        "report.odt": ASCII,
        "report.epub": ASCII,
        "report.eml": [*HEADINGS, *PARAGRAPHS],
    }.get(name, [*PARAGRAPHS, *(cell for row in ROWS for cell in row)])
    assert set(words(" ".join(written))) <= set(text)
