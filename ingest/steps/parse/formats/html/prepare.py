"""Changes to a tree of HTML before it is written: superscripts by style, and formulas that appear twice or in scripts."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from ingest.steps.parse.formats.html.stylesheets import raised_classes, script_of

_FOUND = etree.XPath(
    "//*[contains(@style, 'vertical-align') or contains(@style, 'text-raise')][self::span or self::font or self::a]"
    " | //span[contains(@class, 'katex-html')] | //script[starts-with(@type, 'math/')]"
)
_STYLED = etree.XPath("//*[@class][self::span or self::a or self::small or self::i or self::b or self::em]")
_SCRIPTS = frozenset(["sup", "sub"])
_NOTE_REFERENCES = etree.XPath("//a[@role='doc-noteref' or @*[name()='epub:type']='noteref']")
_SIGNS = ("vertical-align", "text-raise", "noteref", "katex-html", '"math/', "'math/")


def needs_preparation(source: str) -> bool:
    """Return whether a document may have something to change. Searching its tree takes as long as parsing it."""
    return any(sign in source for sign in _SIGNS)


def prepare(root: Any, raised: Mapping[str, str]) -> None:
    """Turn raised and lowered spans into sup and sub, drop the drawn copy of a KaTeX formula, and keep TeX in scripts.

    `raised` are classes of other style sheets that raise or lower text; see `raised_classes`. Google Docs and Word write
    superscripts as styles. KaTeX writes each formula as MathML and again as many small boxes. References to notes are
    raised, so that the number of a note does not run into the number before it.
    """
    for element in _FOUND(root):
        if element.tag == "script":
            element.tag = "div" if "mode=display" in element.get("type") else "span"
        elif "katex-html" in (element.get("class") or ""):
            if element.getprevious() is not None:
                element.tag = "template"
        elif script := script_of(element.get("style")):
            element.tag = script
    for element in _NOTE_REFERENCES(root):
        if element.getparent().tag not in _SCRIPTS and not any(child.tag in _SCRIPTS for child in element):
            element.tag = "sup"
    classes = dict(raised)
    for style in root.iter("style"):
        classes |= raised_classes(style.text or "")
    if classes:
        _raise(root, classes)


def _raise(root: Any, classes: Mapping[str, str]) -> None:
    for element in _STYLED(root):
        script = next((classes[name] for name in element.get("class").split() if name in classes), "")
        if script and element.getparent().tag not in _SCRIPTS and not any(child.tag in _SCRIPTS for child in element):
            element.tag = script
