"""The choice among alternative bodies."""

from ingest.steps.parse.formats.mail.alternatives import choose
from ingest.steps.parse.parsed import ParsedText


def chosen(plain: str, html: str) -> list[str]:
    return [body.kind for body in choose(ParsedText(plain, "text"), ParsedText(html, "html"))]


def test_plain_text_with_the_words_of_the_html_is_enough() -> None:
    assert chosen("Hello Bob, see https://example.org/long/address for more", "Hello Bob, see here for more") == [
        "text"
    ]


def test_html_with_more_words_is_fuller() -> None:
    words = [f"w{number}" for number in range(40)]

    assert chosen(" ".join(words[:20]), " ".join(words)) == ["html"]


def test_an_empty_form_is_never_chosen_over_one_with_words() -> None:
    assert chosen("", "words") == ["html"]
    assert chosen("words", "") == ["text"]
