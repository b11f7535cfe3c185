"""Escapes of resources, and accents of BibTeX and LaTeX."""


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
from ingest.steps.parse.plain.escapes import replace_bibtex_accents, replace_latex_accents, replace_message_escapes, replace_property_escapes


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
