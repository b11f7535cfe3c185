"""The controls of forms in OpenDocument files."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText

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
