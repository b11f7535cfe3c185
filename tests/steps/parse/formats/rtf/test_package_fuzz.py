"""Any bytes end as a text whose structure is inside it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.rtf import write_rtf

WORDS = rb"""{ } \par \cell \row \trowd \intbl \itap2 \nestcell \nestrow \'e9 \u-10179? \u233 \uc2 \* \pict \bin3
    {\field{\*\fldinst {\fldrslt {\shptxt {\footnote {\header {\*\annotation {\listtext \fonttbl \f1 \fcharset128
    \ansicpg932 \upr \fromhtml1 {\*\htmltag<p>} \objdata01 \stylesheet \s1 \outlinelevel0 text; \ \super \v
    \rtlch \sv \sn"""
TOKENS = st.sampled_from([*WORDS.split(), b"\n", b"\xff", b" "])


@settings(max_examples=150, deadline=1000)
@given(st.one_of(st.binary(max_size=200), st.lists(TOKENS, max_size=60).map(b"".join)))
def test_any_bytes_give_a_text_with_offsets_inside_it(source: bytes) -> None:
    builder = TextBuilder()
    write_rtf(builder, b"{\\rtf1" + source)
    parsed = builder.parsed("rtf").normalized()

    size = len(parsed.text)
    assert all(0 <= heading.start < size for heading in parsed.headings)
    assert all(0 <= table.start <= table.header_end <= table.end <= size for table in parsed.tables)
    assert all(0 <= section.start <= section.end <= size for section in parsed.sections)
