"""Inlining of Unicode characters in RTF."""

import pytest

from ingest.steps.parse.formats.rtf import inline_unicode_characters


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (r"Pell\u8217's harmonium", "Pell’s harmonium"),  # the apostrophe is the fallback
        (r"\u233?t\u233? done", "ét\u00e9 done"),
        (r"\u233 ?t\b\u233 ?", r"ét\bé"),
        (r"\u8217\'92s", "’s"),
        (r"\u8211\endash x \u8217\rquote s", "–x ’s"),
        (r"\uc0 Pell\u8217 s", r"\uc0 Pell’s"),
        (r"\uc2\u26085\'93\'fa\u26412\'96\'7bab", r"\uc2日本ab"),
        (r"{\uc0 \u233 a}\u233?b", r"{\uc0 éa}éb"),
        (r"{\uc2{\u233??a}}", r"{\uc2{éa}}"),
        (r"\u8226\par next", r"•\par next"),
        (r"{\u233}done", "{é}done"),
        ("\\u233\r\n?done", "édone"),
        (r"\u233\{a", "éa"),
        (r"\u-10179?\u-8704?!", "😀!"),
        (r"\u128512?!", "😀!"),
        (r"\u-8704?!", "\ufffd!"),
        (r"\u123?x\u92?", r"\'7bx\'5c"),
        (r"\u233?\bin4 }\u1x", "éx"),
        (r"\u233?\ul\ud C:\\u12x", r"é\ul\ud C:\\u12x"),
        (r"}}}\u233?", "}}}é"),
        ("\\u233", "é"),
    ],
)
def test_a_unicode_character_replaces_its_fallback_and_nothing_else(source: str, plain: str) -> None:
    assert inline_unicode_characters(source.encode()).decode() == plain


def test_a_file_without_unicode_characters_is_not_changed() -> None:
    source = rb"{\rtf1\ansi caf\'e9 \ul x\bin3 }}}"

    assert inline_unicode_characters(source) == source


def test_bytes_that_are_not_utf_8_are_decoded_as_windows_1252() -> None:
    assert inline_unicode_characters(b"caf\xe9 \\u8217?s").decode() == "café ’s"
