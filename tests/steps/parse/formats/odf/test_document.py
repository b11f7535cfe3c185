"""What all types of OpenDocument files share: notes, comments, embedded files and the report."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]


def note(citation: str, content: str) -> str:
    return (
        f"<text:note><text:note-citation>{citation}</text:note-citation><text:note-body><text:p>{content}</text:p>"
        "</text:note-body></text:note>"
    )


def comment(content: str, author: str = "") -> str:
    creator = f"<dc:creator>{author}</dc:creator>" if author else ""
    return f"<office:annotation>{creator}<dc:date>2024-05-06</dc:date>{content}</office:annotation>"


def test_notes_follow_the_text_in_their_order_and_may_have_notes(odf: Any, read_odf: ReadOdf) -> None:
    first = note("1", f"First note{note('3', 'Note of the note')}")
    body = f"<text:p>One{first} two{note('2', 'Second note')}</text:p><text:p>End</text:p>"

    assert read_odf(odf.package("text", body)).text == (
        "One two\n\nEnd\n\nFirst note\n\nSecond note\n\nNote of the note"
    )


def test_a_comment_is_one_line_with_its_author(odf: Any, read_odf: ReadOdf) -> None:
    list_ = "<text:list><text:list-item><text:p>this</text:p></text:list-item></text:list>"
    comments = comment(f"<text:p>Check</text:p>{list_}<text:p>twice</text:p>", "Ann  Berg")
    body = f"<text:p>Text{comments}{comment('<text:p>No author</text:p>')}{comment('<text:p/>', 'Bo')}</text:p>"

    parsed = read_odf(odf.package("text", body))

    assert parsed.text == "Text\n\nComment (Ann Berg): Check - this twice\n\nComment: No author"
    assert parsed.report.parts == {"comment": {"read": 2}}, "a comment without text is none"


def test_embedded_files_are_sections_at_the_end(odf: Any, read_odf: ReadOdf) -> None:
    frame = '<draw:frame><draw:object-ole xlink:href="./Objects/minutes.txt"/></draw:frame>'

    parsed = read_odf(
        odf.package(
            "text",
            f"<text:p>Start{frame}</text:p><text:p>End</text:p>",
            parts={"Objects/minutes.txt": b"The board met."},
        )
    )

    assert parsed.text == "Start\n\nEnd\n\nAttachment: minutes.txt\n\nThe board met."
    section = parsed.sections[0]
    assert (section.kind, section.name) == ("attachment", "minutes.txt")
    assert parsed.text[section.start : section.end] == "Attachment: minutes.txt\n\nThe board met."


def test_repeats_that_were_cut_are_reported(odf: Any, read_odf: ReadOdf) -> None:
    cell = '<table:table-cell table:number-columns-repeated="5000"><text:p>x</text:p></table:table-cell>'

    parsed = read_odf(odf.package("text", f"<table:table><table:table-row>{cell}</table:table-row></table:table>"))

    assert parsed.text == " | ".join(["x"] * 1_000)
    assert [warning.code for warning in parsed.report.warnings] == ["repeats_cut"]
