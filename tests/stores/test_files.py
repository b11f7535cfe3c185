"""Names of uploaded files."""

import pytest

from ingest.stores.files import clean_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ("line\nbreak\x00.txt", "linebreak.txt"),
        ("Übersicht 2024 – 数据.md", "Übersicht 2024 – 数据.md"),
        ("", "upload"),
        ("folder/", "upload"),
        ("\ud800.txt", ".txt"),
        ("..", "upload"),
        ("a/...", "upload"),
        (".gitignore", ".gitignore"),
        ("annual\u202etxt.exe", "annualtxt.exe"),
        ("\u2066a\u2069.txt", "a.txt"),
        ("\u0645\u06cc\u200c\u062e.txt", "\u0645\u06cc\u200c\u062e.txt"),
    ],
)
def test_a_name_is_data_and_never_a_path(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_long_name_keeps_its_extension() -> None:
    assert clean_name("x" * 300 + ".pdf").endswith("x.pdf")
    assert len(clean_name("x" * 300 + ".pdf")) == 255
