"""Comments, typed text and attached files of a page."""

from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def annotated(*annotations: str) -> PdfFile:
    file = PdfFile()
    references = [
        file.add(f"<</Type/Annot/Rect[100 {500 - 30 * number} 300 {520 - 30 * number}]{annotation}>>")
        for number, annotation in enumerate(annotations)
    ]
    file.text_page("Contract body.", annotations=" ".join(references))
    return file


def test_typed_text_and_notes_are_read(read_pdf: ReadPdf) -> None:
    file = annotated(
        "/Subtype/FreeText/Contents(Typed on the page: price is 900)/DA(/F1 12 Tf)",
        "/Subtype/Text/Contents(Note: see clause four)",
    )

    assert read_pdf(file).text == "Contract body.\n\nTyped on the page: price is 900\n\nComment: Note: see clause four"


def test_the_author_of_a_comment_is_named(read_pdf: ReadPdf) -> None:
    file = annotated("/Subtype/Highlight/T(Ada)/Contents(Is this right?)/QuadPoints[0 0 9 0 0 9 9 9]")

    assert read_pdf(file).text.endswith("\n\nComment by Ada: Is this right?")


def test_text_in_utf_16_is_decoded(read_pdf: ReadPdf) -> None:
    file = annotated(f"/Subtype/Text/Contents<feff{'Größe ≥ 5'.encode('utf-16-be').hex()}>")

    assert "Größe ≥ 5" in read_pdf(file).text


def test_rich_text_is_read_if_there_is_no_plain_text(read_pdf: ReadPdf) -> None:
    body = '<body xmlns="http://www.w3.org/1999/xhtml"><p>Rich <b>text</b> &amp; more</p></body>'

    assert "Rich" in read_pdf(annotated(f"/Subtype/FreeText/RC({body})")).text


def test_a_popup_does_not_repeat_its_comment(read_pdf: ReadPdf) -> None:
    file = annotated("/Subtype/Text/Contents(Only once)", "/Subtype/Popup/Contents(Only once)")

    assert read_pdf(file).text.count("Only once") == 1


def test_replies_are_comments(read_pdf: ReadPdf) -> None:
    file = annotated("/Subtype/Text/T(Ada)/Contents(Why?)", "/Subtype/Text/T(Bob)/Contents(Because.)/RT/R")

    assert read_pdf(file).text.endswith("Comment by Ada: Why?\n\nComment by Bob: Because.")


def test_a_copy_of_the_marked_text_is_not_repeated(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    note = file.add("<</Type/Annot/Subtype/Highlight/Rect[0 0 9 9]/Contents(a sentence that is on the page)>>")
    file.text_page("Here is a sentence that is on the page already.", annotations=note)

    assert read_pdf(file).text == "Here is a sentence that is on the page already."


def test_descriptions_of_links_are_not_text(read_pdf: ReadPdf) -> None:
    assert read_pdf(annotated("/Subtype/Link/Contents(Go to the page)")).text == "Contract body."


def test_a_comment_on_an_empty_page_is_text(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page("", annotations=file.add("<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(All there is)>>"))

    assert read_pdf(file).text == "Comment: All there is"


def test_a_file_attached_to_a_page_is_read_in_its_section(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    content = file.stream("Attached words", "/Type/EmbeddedFile")
    specification = file.add(f"<</Type/Filespec/F(notes.txt)/UF(notes.txt)/EF<</F {content}>>>>")
    pin = file.add(f"<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS {specification}>>")
    file.text_page("Contract body.", annotations=pin)
    file.text_page("Second page.")

    parsed = read_pdf(file)

    assert parsed.text == "Contract body.\n\nAttachment: notes.txt\n\nAttached words\n\nSecond page."
    assert [(section.kind, parsed.text[section.start : section.end][:8]) for section in parsed.sections] == [
        ("page", "Contract"),
        ("attachment", "Attachme"),
        ("page", "Second p"),
    ]
    assert parsed.report.parts["attachment"] == {"read": 1}
