"""Plain text: what is made readable, and what stays as it is."""

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

PICTURE = base64.b64encode(random.Random(1).randbytes(3000)).decode()
SUFFIXES = [
    "",
    "txt",
    "md",
    "rst",
    "org",
    "adoc",
    "wiki",
    "tex",
    "bib",
    "json",
    "log",
    "csv",
    "tsv",
    "properties",
    "po",
    "yml",
]


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


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            r"@book{a, author={Kurt G{\"o}del}, title={{\"U}ber formal}}",
            "@book{a, author={Kurt Gödel}, title={Über formal}}",
        ),
        (r"{\'E}tienne \'Etienne \'{e} \`a \^o \~n", "Étienne Étienne é à ô ñ"),
        (r"Erd{\H o}s, \v{S}i\v{s}ka, Fran\c{c}ois, Ho{\v r}ej{\v s}{\'\i}", "Erdős, Šiška, François, Hořejší"),
        (r"Stra{\ss}e \O{}ystein {\L}ukasz \AA{}land c{\oe}ur", "Straße Øystein Łukasz Åland cœur"),
        (r"{G}erman {DNA}s A \& B 5\% \emph{nature}", "German DNAs A & B 5% nature"),
        (r"http://example.org/\~anna", r"http://example.org/\~anna"),
    ],
)
def test_accents_of_bibtex_are_letters(source: str, text: str) -> None:
    assert text_of(source, "bib") == text


def test_accents_of_latex_are_letters_and_its_commands_stay() -> None:
    assert (
        text_of(r"\section{Caf\'e} x\\ $a \over b$ Stra\ss e \oint", "tex")
        == r"\section{Café} x\\ $a \over b$ Straße \oint"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("2024 \x1b[31mERROR\x1b[0m disk full", "2024 ERROR disk full"),
        ("\x1b[1;38;5;12mbold\x1b[K \x1b]0;title\x07text\x1b(B", "bold text"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("N\bNA\bAM\bME\bE and _\bu_\bs", "NAME and us"),
        ("teh\b\bhe", "the"),
        ("a\n10% [=   ]\r50% [==  ]\r100% [====]\nb", "a\n100% [====]\nb"),
        ("a\nLoading\rDone\n", "a\nLoading\nDone\n"),
        ("one\rtwo\rthree", "one\ntwo\nthree"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
    ],
)
def test_a_log_reads_as_the_terminal_showed_it(source: str, text: str) -> None:
    assert text_of(source, "log") == text


@pytest.mark.parametrize(
    ("source", "suffix", "text"),
    [
        ("a=M\\u00fcller\nb=one \\\n   two\n", "properties", "a=Müller\nb=one two\n"),
        ("p=C:\\\\temp\\tx\nc\\:d=\\u0041\\ud83d\\ude00", "properties", "p=C:\\temp\tx\nc:d=A😀"),
        ('msgstr ""\n"Gr\\"uß"\n"e\\n"\n', "po", 'msgstr "Gr"uße\n"\n'),
        ('"key" = "M\\U00fcller";', "strings", '"key" = "Müller";'),
        ('name: "M\\u00fcller"  # C:\\new', "yaml", 'name: "Müller"  # C:\\new'),
    ],
)
def test_escapes_of_resources_are_readable(source: str, suffix: str, text: str) -> None:
    assert text_of(source, suffix) == text


def test_properties_in_latin_1_are_decoded() -> None:
    assert read_plain("title=Größe der Straße\n".encode("latin-1"), "properties").text == "title=Größe der Straße\n"


def test_a_picture_in_markdown_is_a_note_and_is_counted() -> None:
    parsed = read_plain(f"# A\n\nSee ![plan](data:image/png;base64,{PICTURE}) here\n\n## B\n".encode(), "md")

    assert parsed.text == "# A\n\nSee ![plan](data:image/png) here\n\n## B\n"
    assert [(parsed.text[h.start :][:4], h.title) for h in parsed.headings] == [("# A\n", "A"), ("## B", "B")]
    assert parsed.report.parts == {"image": {"not_read": 1}}
    assert not parsed.report.warnings


def test_a_text_of_nothing_but_a_picture_has_a_warning() -> None:
    parsed = read_plain(f"![](data:image/png;base64,{PICTURE})".encode(), "md")

    assert [warning.code for warning in parsed.report.warnings] == ["pictures_not_read"]


def test_base64_in_lines_is_a_note() -> None:
    lines = "\n".join(PICTURE[at : at + 64] for at in range(0, 2000, 64))

    assert text_of(f"one {PICTURE} two", "log") == "one [base64] two"
    assert text_of(f"-----BEGIN-----\n{lines}\n-----END-----\n", "txt") == "-----BEGIN-----\n[base64]\n-----END-----\n"


@pytest.mark.parametrize("text", ["ACGT" * 200, "中文没有空格" * 100, "a" * 1000, "0123456789abcdef\n" * 40, "=" * 500])
def test_long_runs_that_are_no_base64_stay(text: str) -> None:
    assert text_of(text, "txt") == text


def test_replaced_bytes_are_counted_in_the_report(parse: Parse) -> None:
    report = parse("a.txt", "Größe und Übung für Straße äöü\n".encode() + b"\xff\xfe end").report

    assert report.replaced_characters == 2
    assert [warning.code for warning in report.warnings] == ["characters_replaced"]
    assert (report.reader, report.parts) == ("ingest", {})


def test_a_soft_hyphen_does_not_hide_a_word(parse: Parse) -> None:
    assert parse("a.txt", "Kranken\u00adversicherung".encode()).text == "Krankenversicherung"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SUFFIXES))
def test_any_bytes_are_text_with_right_offsets_or_refused(data: bytes, suffix: str) -> None:
    _check_offsets(data, suffix)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("#=-`~*|,;\"'\\{}ux0a\n\r\t \b\x1b[mé:/$%"), max_size=60), st.sampled_from(SUFFIXES))
def test_any_signs_give_right_offsets(text: str, suffix: str) -> None:
    _check_offsets(text.encode(), suffix)


def _check_offsets(data: bytes, suffix: str) -> None:
    try:
        parsed = read_plain(data, suffix)
    except FileError:
        return
    length = len(parsed.text)
    starts = [heading.start for heading in parsed.headings]
    assert starts == sorted(starts)
    assert all(0 <= start < length for start in starts)
    assert all(heading.title in parsed.text or heading.title for heading in parsed.headings)
    for table in parsed.tables:
        assert 0 <= table.start <= table.header_end < table.end <= length


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "unit",
    ["\\", "\\u", "# ", "=\n", '"', "a\b", "\x1b[", "{\\", "\\'{", "`", "a\r", "A" * 59, "data:image/png;base64,"],
)
def test_repeated_signs_take_linear_time(suffix: str, unit: str, tmp_path: Path) -> None:
    data = (unit * (60_000 // len(unit))).encode()

    started = time.process_time()
    read_plain(data, suffix)

    assert time.process_time() - started < 1
