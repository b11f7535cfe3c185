"""The destinations of RTF: what is text, and where it goes."""

import pytest

from tests.steps.parse.formats.rtf.conftest import ReadRtf


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"First.\par Second.\sect Third.", "First.\n\nSecond.\n\nThird."),
        (rb"kept {\v hidden \v0 shown} {\deleted gone}{\revised new}", "kept shown new"),
        (rb"{\*\unknown gone}{\unknown kept}{\info{\title gone}}", "kept"),
        (rb"{\stylesheet{\s0 Normal;}{\s1 heading 1;}}{\colortbl;\red0;}text", "text"),
        (rb"{\pict\pngblip 89504e47}text{\*\shppict{\pict 00}}{\nonshppict{\pict 00}}", "text"),
        (rb"a{\bkmkstart b}c{\xe{\v index}}", "ac"),
        (
            rb"before{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt in a box\par}}}\par after",
            "before\n\nin a box\n\nafter",
        ),
        (rb"before{\*\do\dptxbx{\dptxbxtext in a box\par}}\par", "before\n\nin a box"),
        (rb"x{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv Word art}}}}", "x\n\nWord art"),
        (rb"a{\object\objemb{\result shown}}b", "ashownb"),
        (rb"{\*\mmath{\*\moMath{\*\mf{\*\mfPr{\*\mctrlPr\f1}}{\*\mnum{\mr x}}{\*\mden{\mr y}}}}}", "x/y"),
    ],
)
def test_what_is_text_and_what_is_not(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


def test_list_numbers_are_those_in_the_file(read_rtf: ReadRtf) -> None:
    source = (
        rb"\ansi{\listtext 7.\tab}\ls1 seven\par{\listtext a)\tab}\ilvl1 under it\par{\pntext\f3\'b7\tab}\pard bullet\par"
        rb"{\*\pn\pnlvlblt{\pntxtb gone}}\pard end\par"
    )

    assert read_rtf(source).text == "7. seven\n  a) under it\n- bullet\n\nend"
