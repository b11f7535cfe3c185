"""Superscripts by style, and formulas in scripts."""

import pytest

from ingest.steps.parse.formats.html import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<span style='font-size:8pt; vertical-align: super'>5</span>", "10⁵"),
        ("H<span style='vertical-align:sub'>2</span>O", "H₂O"),
        ("10<span style='vertical-align:middle'>5</span>", "105"),
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
