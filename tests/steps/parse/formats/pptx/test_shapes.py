"""The walk over shapes: depth, and damaged or hostile slides."""

import io
import zipfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.pptx.presentation import read
from ingest.steps.parse.formats.pptx.shapes import MAX_DEPTH
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.presentations import paragraph, picture, pptx, shape, table, title

NUMBERED = '<a:pPr lvl="1"><a:buAutoNum type="romanUcPeriod"/></a:pPr>'
DECK = pptx([title("T") + shape(paragraph("one", NUMBERED)) + picture("p"), table(["a", "b"], ["c", "d"])])


def test_groups_are_read_to_a_depth_and_deeper_ones_do_not_stop_the_reader(parse: Parse) -> None:
    def nested(depth: int) -> str:
        return "<p:grpSp>" * depth + shape(paragraph("inside")) + "</p:grpSp>" * depth

    assert parse("a.pptx", pptx([nested(MAX_DEPTH - 2)])).text == "inside"
    assert parse("a.pptx", pptx([title("T") + nested(2000)])).text == "T"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6)), min_size=1, max_size=6))
def test_mutated_presentations_are_refused_or_read(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    with zipfile.ZipFile(io.BytesIO(DECK)) as archive:
        members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    names = list(members)
    for position, replacement in changes:
        member = members[names[position % len(names)]]
        start = position // 7 % (len(member) + 1)
        member[start : start + len(replacement)] = replacement
    path = tmp_path / "mutated"
    path.write_bytes(DocumentBuilder().zipped({name: bytes(content) for name, content in members.items()}))
    try:
        parsed = read(path).normalized()
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - readers may raise anything; the sandbox turns it into a message
        return
    size = len(parsed.text)
    assert all(0 <= section.start <= section.end <= size for section in parsed.sections)
    assert all(heading.start < size for heading in parsed.headings)
