"""Drawn text."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.ooxml.drawingml import text_of_body

_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def r(text: str, properties: str = "", inner: str = "") -> str:
    return f"<a:r><a:rPr {properties}>{inner}</a:rPr><a:t>{text}</a:t></a:r>"


@pytest.mark.parametrize(
    ("paragraph", "text"),
    [
        (r("10") + r("5", 'baseline="30000"') + r(" mol"), "10⁵ mol"),
        (r("CO") + r("2", 'baseline="-25000"'), "CO₂"),
        (r("plain", 'baseline="0"'), "plain"),
        (r("one") + "<a:br/>" + r("two"), "one\ntwo"),
        ("<a:fld><a:t>7</a:t></a:fld>", "7"),
        (r("\uf0b3", inner='<a:sym typeface="Symbol"/>'), "≥"),
        (r("m", inner='<a:latin typeface="Symbol"/>'), "μ"),
        (f'<m:oMath xmlns:m="{_M}"><m:r><m:t>x</m:t></m:r></m:oMath>', "x"),
        (
            f'<mc:AlternateContent xmlns:mc="{_MC}"><mc:Choice><x><m:oMath xmlns:m="{_M}"/></x></mc:Choice>'
            f"<mc:Fallback>{r('old')}</mc:Fallback></mc:AlternateContent>",
            "old",
        ),
    ],
)
def test_a_paragraph_reads_as_it_is_shown(paragraph: str, text: str) -> None:
    body = f'<a:txBody xmlns:a="{_A}"><a:p>{paragraph}</a:p><a:p/></a:txBody>'

    assert text_of_body(etree.fromstring(body)) == text
