"""Escapes of JSON."""

import pytest

from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.plain.json_escapes import looks_like_json, replace_codes_of_letters, replace_json_escapes
from tests.timing import assert_linear


def text_of(text: str, suffix: str) -> str:
    return read_plain(text.encode(), suffix).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r'{"name": "M\u00fcller", "city": "\u6771\u4eac"}', '{"name": "Müller", "city": "東京"}'),
        (r'["\ud83d\ude00"]', '["😀"]'),
        (r'["one\ntwo\tthree \"four\" \/ C:\\temp"]', '["one\ntwo\tthree "four" / C:\\temp"]'),
        (r'{"log": "{\"m\": \"K\\u00f6ln\"}"}', '{"log": "{"m": "Köln"}"}'),
        (r'["\ud800x", "\u0000y"]', '["\ufffdx", "y"]'),
        ('{\n  "a" : [1,\n\t2]\n}\n', '{\n  "a" : [1,\n\t2]\n}\n'),
        (r'["\u001b[31mred\u001b[0m"]', '["red"]'),
    ],
)
def test_escapes_of_json_are_readable_and_the_layout_stays(source: str, text: str) -> None:
    assert text_of(source, "json") == text


def test_lines_of_json_are_recognised_in_a_log() -> None:
    assert text_of('{"msg": "M\\u00fcller"}\n{"msg": "b"}\n', "log") == '{"msg": "Müller"}\n{"msg": "b"}\n'


def test_backslashes_of_other_texts_stay() -> None:
    assert text_of(r"C:\users\new [\u00fc]", "txt") == r"C:\users\new [\u00fc]"


def test_a_large_json_file_takes_time_linear_in_its_length() -> None:
    line = (r'{"name": "\u041f\u0440\u0438\u0432\u0435\u0442", "n": 1}' + "\n").encode()

    def read(count: int) -> None:
        assert read_plain(line * count, "json").text.startswith('{"name": "Привет"')

    assert_linear(read, 40_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (' [ {"a"', True),
        ("[1, 2", True),
        ("{}", True),
        ("[-3", True),
        ("[true", True),
        ("[x] done", False),
        ("{a: 1}", False),
        ("[", False),
        ("a", False),
    ],
)
def test_json_is_recognised_by_its_first_value(text: str, expected: bool) -> None:
    assert looks_like_json(text) is expected


def test_codes_of_letters_are_replaced_and_those_of_ascii_stay() -> None:
    assert replace_codes_of_letters(r"\u00fc \u0041 \u0022 \ud83d\ude00") == r"ü \u0041 \u0022 😀"


def test_carriage_returns_and_backspaces_of_json_are_dropped() -> None:
    assert replace_json_escapes(r'"a\b\r\f\n"') == '"a\n\n"'


@pytest.mark.parametrize("suffix", ["toml", "yaml", "yml"])
def test_codes_in_toml_and_yaml_are_letters(suffix: str) -> None:
    source = r'a = "M\u00fcller \U0001F600 \xe9" # C:\\xerox \n \U99999999'

    assert text_of(source, suffix) == r'a = "Müller 😀 é" # C:\\xerox \n \U99999999'
