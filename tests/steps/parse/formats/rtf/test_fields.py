"""The fields of RTF."""

import pytest

from ingest.steps.parse.formats.rtf.fields import Form
from tests.steps.parse.formats.rtf.conftest import ReadRtf


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb'{\field{\*\fldinst HYPERLINK "http://a.example"}{\fldrslt shown}}', "shown"),
        (rb'{\field{\*\fldinst SYMBOL 179 \\f "Symbol"}{\fldrslt}}', "≥"),
        (rb"{\field{\*\fldinst EQ \\f(1,2)}{\fldrslt}}", "1/2"),
        (rb"{\field{\*\fldinst MACROBUTTON NoMacro [Click here]}{\fldrslt }}", "[Click here]"),
        (rb"{\field{\*\fldinst PAGE}}", ""),
        (
            rb"{\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffname D}{\*\ffl A pos}{\*\ffl B neg}}}}"
            rb"{\fldrslt}}",
            "B neg",
        ),
        (rb"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}{\fldrslt}} yes", "☒ yes"),
        (rb"{\field{\*\fldinst FORMTEXT{\*\formfield{\fftype0{\*\ffdeftext none}}}}{\fldrslt Oslo}}", "Oslo"),
    ],
)
def test_fields_show_their_result_or_what_follows_from_their_instruction(
    read_rtf: ReadRtf, source: bytes, text: str
) -> None:
    assert read_rtf(rb"\ansi " + source).text == text


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (Form(), ""),
        (Form(kind=0, text="typed"), "typed"),
        (Form(kind=1), "☐"),
        (Form(kind=1, result=1), "☒"),
        (Form(kind=1, result=0, default=1), "☐"),
        (Form(kind=1, result=25, default=1), "☒"),
        (Form(kind=2, options=["a", "b"]), "a"),
        (Form(kind=2, result=1, options=["a", "b"]), "b"),
        (Form(kind=2, result=25, default=1, options=["a", "b"]), "b"),
        (Form(kind=2, result=2, options=["a", "b"]), ""),
        (Form(kind=2, result=-1, options=["a", "b"]), ""),
    ],
)
def test_a_form_field_shows_its_result_or_its_default(form: Form, shown: str) -> None:
    assert form.shown == shown
