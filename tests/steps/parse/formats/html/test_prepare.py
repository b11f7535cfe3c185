"""Superscripts by style, and formulas in scripts."""

import pytest

from ingest.steps.parse.formats.html import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<span style='font-size:8pt; vertical-align: super'>5</span>", "10⁵"),
        ("H<span style='vertical-align:sub'>2</span>O", "H₂O"),
        ("10<span style='vertical-align:middle'>5</span>", "105"),
        ("10<span style='position:relative;top:-3.0pt;mso-text-raise:3.0pt;font-size:70%'>5</span>", "10⁵"),
        ("rose by 10<a epub:type='noteref' href='#n1'>1</a>", "rose by 10¹"),
        ("rose by 10<sup><a role='doc-noteref' href='#n1'>1</a></sup>", "rose by 10¹"),
        ("rose by 10<a epub:type='noteref'><sup>1</sup></a>", "rose by 10¹"),
        ("so <script type='math/tex'>E=mc^2</script> holds", "so E=mc^2 holds"),
        (
            "<span class=katex><span class=katex-mathml><math><mi>x</mi></math></span><span class='katex-html'>x</span></span>",
            "x",
        ),
        ("<span class='katex-html'>only copy</span>", "only copy"),
    ],
)
def test_formulas_read_once_and_as_they_look(html: str, text: str) -> None:
    assert html_to_text(f"<p>{html}</p>") == text
