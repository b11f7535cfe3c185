"""Changes to a tree of HTML before it is written: superscripts by style, and formulas that appear twice or in scripts."""

import re
from typing import Any

from lxml import etree

_FOUND = etree.XPath(
    "//*[contains(@style, 'vertical-align')][self::span or self::font or self::a]"
    " | //span[contains(@class, 'katex-html')] | //script[starts-with(@type, 'math/')]"
)
_RAISED = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.I)


_SIGNS = ("vertical-align", "katex-html", '"math/', "'math/")


def needs_preparation(source: str) -> bool:
    """Return whether a document may have something to change. Searching its tree takes as long as parsing it."""
    return any(sign in source for sign in _SIGNS)


def prepare(root: Any) -> None:
    """Turn raised and lowered spans into sup and sub, drop the drawn copy of a KaTeX formula, and keep TeX in scripts.

    Google Docs and Word write superscripts as styles. KaTeX writes each formula as MathML and again as many small boxes.
    """
    for element in _FOUND(root):
        if element.tag == "script":
            element.tag = "div" if "mode=display" in element.get("type") else "span"
        elif "katex-html" in (element.get("class") or ""):
            if element.getprevious() is not None:
                element.tag = "template"
        elif match := _RAISED.search(element.get("style")):
            element.tag = "sup" if match[1].lower() == "super" else "sub"
