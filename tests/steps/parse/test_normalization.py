"""Characters that hide words from a search."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.normalization import normalize_text
from tests.timing import assert_linear


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("Kranken\u00adversicherung", "Krankenversicherung"),
        ("Kranken\u00ad\nversicherung", "Krankenversicherung"),
        ("end\u00ad\n\nnext", "end\n\nnext"),
        ("one\u200btwo", "one two"),
        ("one \u200btwo\u200b", "one two"),
        ("ไทย\u200bดี", "ไทย\u200bดี"),
        ("a\ufeffb\u2060c", "abc"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("Mu\u0308ller cafe\u0301", "Müller café"),
        ("か\u3099", "が"),
        ("\u1112\u1161\u11ab", "한"),
        ("a\u0323\u0302 \u212b", "\u1ead \u212b"),
        ("o\ufb03ce \ufb01nd", "office find"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("a\x85b ü", "a\nb ü"),
        ("a\r\nb\rc\0", "a\nb\nc"),
        ("Ω ≥ 10⁵ „so“", "Ω ≥ 10⁵ „so“"),
    ],
)
def test_hidden_characters_are_replaced_and_all_others_stay(text: str, normalized: str) -> None:
    assert normalize_text(text) == normalized


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from("ab \n\r\0\u00ad\u200b\ufeff\u0308\u0323\u0301\u2028\u1112\u1161ไe\ufb01é\ud800|"), max_size=12
    )
)
def test_normalized_text_stays_as_it_is(text: str) -> None:
    normalized = normalize_text(text)

    assert normalize_text(normalized) == normalized
    assert (
        normalize_text(f"{normalized}\n\n{normalized} | {normalized}") == f"{normalized}\n\n{normalized} | {normalized}"
    )


def test_a_letter_with_many_marks_takes_linear_time_and_stays() -> None:
    def normalize(size: int) -> None:
        text = "a" + "\u0301\u0323" * size
        assert normalize_text(text) == text

    assert_linear(normalize, 50_000)
