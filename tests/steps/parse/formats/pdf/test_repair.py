"""Characters as letters."""

import pytest

from ingest.steps.parse.formats.pdf.repair import drop_noncharacters, join_surrogates, repair_characters


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("Universit´e", "Université"),
        ("G¨oteborg\n¨\nu", "Göteborgü"),
        ("e\n\u0301\nt", "ét"),
        ("5´ 30", "5´ 30"),
        ("na\u00a8ıve", "naïve"),
        ("ef\ufb01cient \ufb04uent", "efficient ffluent"),
        ("\ufee3\ufeae\ufea3\ufe92\ufe8e", "\u0645\u0631\u062d\u0628\u0627"),
        ("10⁵ ½", "10⁵ ½"),
    ],
)
def test_accents_and_ligatures_become_letters(raw: str, tidy: str) -> None:
    assert repair_characters(raw) == tidy


def test_noncharacters_are_dropped() -> None:
    assert drop_noncharacters("a\uffffb\ufffec") == "abc"


def test_pairs_of_surrogates_become_the_characters_that_they_stand_for() -> None:
    assert join_surrogates("\ud835\udc38 = \ud835\udc5a") == "𝐸 = 𝑚"
    assert join_surrogates("a lone \ud835 half") == "a lone  half"
