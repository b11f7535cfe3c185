"""Printable names and error messages of source files."""

from ingest.imports.source_files import to_printable


def test_printable_names_are_not_changed() -> None:
    assert to_printable("Überfahrt [1] – 渡し船.txt") == "Überfahrt [1] – 渡し船.txt"
