"""The controls of forms in OpenDocument files."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.odf.forms import Forms
from tests.steps.parse.formats.odf.conftest import NAMESPACES

ReadOdf = Callable[[bytes], ParsedText]


def test_the_controls_of_forms_show_their_values(odf: Any, read_odf: ReadOdf) -> None:
    body = (
        '<office:forms><form:form><form:checkbox xml:id="c1" form:label="I agree" form:current-state="checked"/>'
        '<form:text form:id="c2" form:current-value="Oslo"/><form:listbox form:id="c3"><form:option form:label="no"/>'
        '<form:option form:label="yes" form:current-selected="true"/></form:listbox><form:fixed-text form:id="c4" '
        'form:label="City"/></form:form></office:forms><text:p><draw:control draw:control="c4"/>'
        '<draw:control draw:control="c2"/></text:p><text:p><draw:control draw:control="c1"/></text:p>'
        '<text:p>In: <draw:control draw:control="c3"/></text:p>'
    )

    text = read_odf(odf.package("text", body)).text
    assert [line.split() for line in text.split("\n\n")] == [["City", "Oslo"], ["☒", "I", "agree"], ["In:", "yes"]]


def forms(controls: str) -> Forms:
    found = Forms()
    xml = f"<office:body {NAMESPACES}><office:forms><form:form>{controls}</form:form></office:forms></office:body>"
    found.add(etree.fromstring(xml))
    return found


@pytest.mark.parametrize(
    ("control", "text"),
    [
        ('<form:checkbox form:id="c" form:label="Yes"/>', "☐ Yes"),
        ('<form:checkbox form:id="c" form:state="checked" form:current-state="unchecked"/>', "☐"),
        ('<form:radio form:id="c" form:label="Oslo" form:current-selected="true"/>', "☒ Oslo"),
        ('<form:text form:id="c" form:value="default"/>', "default"),
        ('<form:text form:id="c" form:value="default" form:current-value="typed" form:label="Name"/>', "Name typed"),
        ('<form:button form:id="c" form:label="Send"/>', "Send"),
        ('<form:password form:id="c" form:value="secret"/>', ""),
        ('<form:hidden form:id="c" form:value="secret"/>', ""),
        (
            '<form:listbox form:id="c"><form:option form:label="a" form:selected="true"/><form:option form:label="b"/>'
            '<form:option form:label="c" form:current-selected="true"/></form:listbox>',
            "a, c",
        ),
    ],
)
def test_what_a_control_shows(control: str, text: str) -> None:
    assert forms(control).text("c") == text


def test_a_control_is_shown_once_and_an_unknown_one_not_at_all() -> None:
    found = forms('<form:text xml:id="c" form:id="other" form:value="Oslo"/>')

    assert [found.text("c"), found.text("c"), found.text("other")] == ["Oslo", "", ""]
