"""Escapes of resources, and accents of BibTeX and LaTeX."""

import pytest

from ingest.steps.parse.plain import read_plain
from ingest.steps.parse.plain.escapes import (
    replace_bibtex_accents,
    replace_latex_accents,
    replace_message_escapes,
    replace_property_escapes,
)


def text_of(text: str, suffix: str) -> str:
    return read_plain(text.encode(), suffix).text


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


def test_texts_without_backslashes_stay() -> None:
    for replace in (replace_property_escapes, replace_message_escapes, replace_latex_accents):
        assert replace("a = b {c} 'd'") == "a = b {c} 'd'"


def test_continued_lines_and_pairs_of_codes_in_properties_are_joined() -> None:
    assert replace_property_escapes("a\\u0041\\ud83d\\ude00\\\n  b\\n\\=") == "aA😀b\n="


def test_strings_of_several_lines_in_messages_are_joined() -> None:
    assert replace_message_escapes('"a "\n"b\\t\\"c\\""') == '"a b\t"c""'


def test_braces_that_protect_capitals_are_dropped_only_beside_letters() -> None:
    assert replace_bibtex_accents("{DNA}s of {NATO} in pre{DNA}") == "DNAs of {NATO} in preDNA"


@pytest.mark.parametrize(
    ("source", "text"),
    [(r"\c{c}a", "ça"), (r"{\L}\'{\i}", "Łí"), (r"{\ss} \alpha", r"ß \alpha"), (r"\v s", r"\v s"), (r"\o{}re", "øre")],
)
def test_accents_and_letters_of_latex(source: str, text: str) -> None:
    assert replace_latex_accents(source) == text
