"""The forms of one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25.forms import MAX_WORD_CHARACTERS, terms_of


@pytest.mark.parametrize(
    ("word", "primary", "others"),
    [
        ("Dog", ["dog"], []),
        ("running", ["run"], ["running"]),
        ("Caf\u00e9", ["cafe"], ["caf\u00e9"]),
        ("Caf\u00e9s", ["cafe"], []),
        ("pr\u00e9f\u00e9r\u00e9es", ["preferees"], ["pr\u00e9f\u00e9r\u00e9es"]),
        ("organization", ["organ"], ["organization"]),
        ("M\u00fcller", ["muller"], ["mueller", "m\u00fcller"]),
        ("20240501", ["20240501"], ["2024_05_01"]),
        ("1301000", ["1301000"], []),
        ("max_tokens", ["max", "token"], ["maxtokens"]),
        ("getUserName", ["get", "user", "name"], ["getuser", "getusername", "username"]),
        ("iPhones", ["i", "phone"], ["iphon", "iphones"]),
        ("__", [], []),
    ],
)
def test_a_word_has_its_stem_and_other_forms_where_they_differ(
    word: str, primary: list[str], others: list[str]
) -> None:
    forms = terms_of(word, "en")

    assert list(forms.primary) == primary
    assert sorted(set(forms.all) - set(primary)) == others


def test_a_stop_word_has_no_other_forms() -> None:
    forms = terms_of("Having", "en")

    assert (forms.all, forms.is_stop_word) == (("have",), True)


def test_a_long_word_is_one_term() -> None:
    assert terms_of("X" * (MAX_WORD_CHARACTERS + 1), "en").all == ("x" * (MAX_WORD_CHARACTERS + 1),)


@given(st.from_regex(r"\w{1,70}", fullmatch=True))
def test_no_other_form_repeats_a_term(word: str) -> None:
    forms = terms_of(word, "en")

    others = forms.all[len(forms.primary) :]
    assert len(set(others)) == len(others)
    assert not set(others) & set(forms.primary)
    assert all(forms.all)
