"""Escapes of JSON."""


import base64
import random
import time
from pathlib import Path
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.errors import FileError
from ingest.steps.parse.plain import read_plain
from tests.steps.parse.documents import Parse
from ingest.steps.parse.plain.json_escapes import looks_like_json, replace_codes_of_letters, replace_json_escapes


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
    data = (r'{"name": "\u041f\u0440\u0438\u0432\u0435\u0442", "n": 1}' + "\n").encode() * 40_000

    started = time.process_time()
    parsed = read_plain(data, "json")

    assert parsed.text.startswith('{"name": "Привет"')
    assert time.process_time() - started < 3
