"""Long parts, which are read block by block."""

import io

import pytest

from ingest.steps.parse.formats.docx import document
from ingest.steps.parse.formats.docx.streaming import DamagedPart, stream_blocks
from ingest.steps.parse.formats.ooxml.xml import local_name
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import BODY, alternatives, control, docx, field, paragraph, part, run, table


def test_a_long_part_reads_the_same_as_a_stream(read_docx: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{paragraph('Prompt')}</w:sdtContent></w:sdt>"
    answer = f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('Answer')}</w:sdtContent></w:sdt>"
    inner = table(["x", table(["in1", "in2"], ["in3", "in4"]) + "<w:p/>"])
    box = f"<w:r><w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:pict></w:r>"
    body = BODY + table(["c"]) + prompt + answer + inner + paragraph(run("around") + box)
    body += alternatives(paragraph("chosen"), paragraph("old")) + paragraph(field("PAGE", run("3")))
    data = docx(body, {"comments.xml": part("comments", f'<w:comment w:author="Anna">{paragraph("Hm")}</w:comment>')})
    as_tree = read_docx(data)
    monkeypatch.setattr(document, "STREAMED_BYTES", 0)

    assert read_docx(data) == as_tree
    assert as_tree.text.endswith("boxed\n\naround\n\nchosen\n\n3\n\nAnna: Hm")


def blocks(body: str) -> list[str]:
    """Return the name and text of each block that is yielded; an element is only valid until the next."""
    stream = io.BytesIO(part("document", f"<w:body>{body}</w:body>").encode())
    return [f"{local_name(block)} {''.join(block.itertext())}".strip() for block in stream_blocks(stream)]


def test_a_table_yields_itself_at_its_start_and_its_end_and_its_rows_between() -> None:
    body = paragraph("before") + table(["a", "b"], ["c", "d"]) + table(["e"]) + paragraph("after")

    assert blocks(body) == ["p before", "tbl", "tr ab", "tr cd", "tbl", "tbl", "tr e", "tbl", "p after"]


def test_what_is_inside_a_paragraph_or_a_row_is_not_yielded_again() -> None:
    boxed = f"<w:r><w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:pict></w:r>"

    assert blocks(paragraph(run("around ") + boxed)) == ["p around boxed"]
    assert blocks(table(["x", table(["in"]) + "<w:p/>"])) == ["tbl", "tr xin", "tbl"]


def test_prompts_and_the_older_alternative_are_left_out() -> None:
    prompt = control("<w:showingPlcHdr/>", paragraph("Prompt") + table(["no"]))
    body = prompt + control("", control("", paragraph("Answer"))) + alternatives(paragraph("new"), paragraph("old"))

    assert blocks(body) == ["p Answer", "p new"]


def test_blocks_are_freed_after_they_were_read() -> None:
    stream = io.BytesIO(part("document", f"<w:body>{paragraph('x') * 1_000}</w:body>").encode())
    siblings = [len(list(block.itersiblings(preceding=True))) for block in stream_blocks(stream)]

    assert len(siblings) == 1_000
    assert max(siblings) <= 1


@pytest.mark.parametrize("damage", ["</w:wrong>", "<w:t>1 < 2"])
def test_damaged_xml_yields_what_could_be_repaired_and_says_so_at_the_end(damage: str) -> None:
    stream = io.BytesIO(part("document", f"<w:body>{paragraph('one')}{damage}{paragraph('two')}</w:body>").encode())
    found: list[str] = []

    with pytest.raises(DamagedPart):
        found.extend("".join(block.itertext()) for block in stream_blocks(stream))

    assert found[0] == "one"
