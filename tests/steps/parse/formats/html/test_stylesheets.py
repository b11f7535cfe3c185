"""Classes of style sheets that raise or lower text."""

import time

import pytest

from ingest.steps.parse.formats.html import html_to_text
from ingest.steps.parse.formats.html.stylesheets import raised_classes, script_of


@pytest.mark.parametrize(
    ("declarations", "script"),
    [
        ("vertical-align: super", "sup"),
        ("font-size:58%;vertical-align:sub;", "sub"),
        ("VERTICAL-ALIGN: SUPER", "sup"),
        ("vertical-align:33%;font-size:0.6em", "sup"),
        ("vertical-align:-0.2em; font-size: smaller", "sub"),
        ("position:relative; top:-0.33em; font-size:0.58em; vertical-align: baseline", "sup"),
        ("position: relative; top: 0.33em; font-size: 58%", "sub"),
        ("position:relative;top:-3.0pt;mso-text-raise:3.0pt;font-size:70%", "sup"),
        ("vertical-align: middle", ""),
        ("vertical-align: 3px", ""),  # an icon
        ("position: relative; top: 1px", ""),
        ("font-size: 0.8em", ""),
        ("vertical-align: 1.2.3em; font-size: 0.8em", ""),
        ("", ""),
    ],
)
def test_declarations_raise_and_lower_text(declarations: str, script: str) -> None:
    assert script_of(declarations) == script


def test_the_classes_of_a_style_sheet_are_found_in_its_rules() -> None:
    css = """
    /* .no { vertical-align: super } */
    @charset "utf-8";
    p, td.cell { vertical-align: top }
    span.up, .Char-Override_1 { font-size: 58%; vertical-align: super }
    @media all { .down { vertical-align: sub } }
    .outer .inner { vertical-align: super }
    .cut { vertical-align: super"""

    assert raised_classes(css) == {"up": "sup", "Char-Override_1": "sup", "down": "sub", "cut": "sup"}


def test_text_of_a_raised_class_is_a_superscript() -> None:
    style = "<style>.s{vertical-align:super} .b{vertical-align:sub}</style>"

    html = f"<html><head>{style}</head><body>10<span class='x s'>5</span> H<span class=b>2</span>O</body></html>"

    assert html_to_text(html) == "10\u2075 H\u2082O"


def test_superscripts_in_raised_text_are_raised_once() -> None:
    html = (
        "<style>.s{vertical-align:super}</style><p>m<span class=s><sup>2</sup></span> n<sup><i class=s>3</i></sup></p>"
    )

    assert html_to_text(html) == "m\u00b2 n\u00b3"


@pytest.mark.parametrize(
    "css", ["vertical-align" + "{" * 200_000, "vertical-align/*" * 50_000, ".a,vertical-align" * 50_000]
)
def test_hostile_style_sheets_are_read_in_time(css: str) -> None:
    started = time.monotonic()

    raised_classes(css)

    assert time.monotonic() - started < 2
