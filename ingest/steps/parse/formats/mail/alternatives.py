"""Choose among the forms of one mail body: text/plain is often only a stub that asks for another reader."""

import re

from ingest.steps.parse.parsed import ParsedText

_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\[cid:[^\]]*\]")
_STUB = re.compile(
    r"\bhtml\b|view (?:this|it|the) .{0,30}(?:browser|online)|mail ?(?:client|reader|program)|(?:e-?mail|nachricht) .{0,40}anzeig",
    re.I,
)
_MAX_STUB_WORDS = 80
_FEW_WORDS = 20
_MANY_MISSING = 0.35
_MOST_MISSING = 0.6  # for short bodies, in which one or two other words are a large share
_MAX_COMPARED_CHARACTERS = 500_000


def choose(plain: ParsedText, html: ParsedText) -> list[ParsedText]:
    """Return the fuller of both forms: the plain one if it has the words of the HTML. Return both if they differ."""
    plain_words, html_words = _words(plain.text), _words(html.text)
    if not plain_words or not html_words:
        return [html if html_words else plain]
    missing_in_plain = len(html_words - plain_words) / len(html_words)
    if missing_in_plain <= (_MANY_MISSING if len(html_words) > _FEW_WORDS else _MOST_MISSING):
        return [plain]
    missing_in_html = len(plain_words - html_words) / len(plain_words)
    is_stub = len(plain_words) <= _MAX_STUB_WORDS and _STUB.search(plain.text[:2000]) is not None
    if is_stub or missing_in_html <= _MANY_MISSING or len(plain_words) * 4 <= len(html_words):
        return [html]
    return [plain, html]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_ADDRESS.sub(" ", text[:_MAX_COMPARED_CHARACTERS]).lower()))
