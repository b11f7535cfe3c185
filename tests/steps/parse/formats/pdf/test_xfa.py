"""XFA forms."""

import pytest

from ingest.steps.parse.formats.pdf.xfa import is_placeholder
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile

WAIT = "Please wait..."
DATA = (
    '<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form1>'
    "<Applicant>Ada Example</Applicant><Country>NO</Country><Agree>1</Agree><Sex>f</Sex><Empty/><Extra>more</Extra>"
    '<Story><body xmlns="http://www.w3.org/1999/xhtml"><p>Rich <b>words</b></p></body></Story>'
    "</form1></xfa:data></xfa:datasets>"
)
TEMPLATE = (
    '<template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"><subform name="form1">'
    "<draw><value><text>Fixed heading</text></value></draw>"
    '<field name="Applicant"><caption><value><text>Name of applicant:</text></value></caption></field>'
    '<field name="Empty"><caption><value><text>Never filled</text></value></caption></field>'
    '<field name="Where"><bind match="dataRef" ref="$.form1.Country[0]"/>'
    "<caption><value><text>Country</text></value></caption>"
    '<items><text>Norway</text></items><items save="1"><text>NO</text></items></field>'
    '<field name="Agree"><ui><checkButton/></ui><caption><value><text>I agree</text></value></caption></field>'
    '<exclGroup name="Sex"><caption><value><text>Sex</text></value></caption>'
    "<field><caption><value><text>female</text></value></caption><items><text>f</text></items></field>"
    "<field><caption><value><text>male</text></value></caption><items><text>m</text></items></field></exclGroup>"
    '<field name="Send"><ui><button/></ui><caption><value><text>Send</text></value></caption></field>'
    "</subform></template>"
)


def xfa_form(packets: dict[str, str], *lines: str) -> PdfFile:
    """Return a form with a stream for each packet, or with one stream if the packet has no name."""
    file = PdfFile()
    streams = {name: file.stream(packet.encode()) for name, packet in packets.items()}
    entry = streams[""] if "" in streams else "[" + "".join(f"({n}){s}" for n, s in streams.items()) + "]"
    file.catalog = f"/AcroForm<</Fields[]/XFA {entry}>>/NeedsRendering true"
    file.text_page(*lines)
    return file


def test_the_data_replace_the_page_that_asks_to_wait(read_pdf: ReadPdf) -> None:
    packet = f'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">{DATA}</xdp:xdp>'

    text = read_pdf(xfa_form({"": packet}, WAIT, "If this message is not eventually replaced")).text

    assert text.split("\n")[0] == "Applicant: Ada Example"
    assert "Story: Rich words" in text
    assert WAIT not in text


def test_captions_of_the_template_name_the_values(read_pdf: ReadPdf) -> None:
    parsed = read_pdf(xfa_form({"template": TEMPLATE, "datasets": DATA}, WAIT))

    assert parsed.text.split("\n") == [
        "Fixed heading",
        "Name of applicant: Ada Example",
        "Never filled",
        "Country: Norway",
        "I agree: Yes",
        "Sex: female",
        "Extra: more",
        "Story: Rich words",
    ]
    assert parsed.report.parts["page"] == {"read": 1}


def test_a_form_that_is_on_its_pages_only_adds_what_they_lack(read_pdf: ReadPdf) -> None:
    parsed = read_pdf(
        xfa_form({"template": TEMPLATE, "datasets": DATA}, "Fixed heading", "Name of applicant: Ada Example")
    )

    assert parsed.text.count("Ada Example") == 1
    assert parsed.text.count("Fixed heading") == 1
    assert "Country: Norway" in parsed.text


@pytest.mark.parametrize("packet", ["", "<broken", "no xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a>" * 5000])
def test_damaged_packets_are_skipped(read_pdf: ReadPdf, packet: str) -> None:
    assert read_pdf(xfa_form({"datasets": packet or " "}, "The page.")).text.startswith("The page.")


def test_no_advice_about_pdfium_is_printed(read_pdf: ReadPdf, capfd: pytest.CaptureFixture[str]) -> None:
    read_pdf(xfa_form({"datasets": DATA}, WAIT))

    assert capfd.readouterr() == ("", "")


def test_only_a_page_that_asks_to_wait_is_a_placeholder() -> None:
    assert is_placeholder("Please wait...\nIf this message")
    assert not is_placeholder("The waiter said: please wait")
