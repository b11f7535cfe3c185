"""Reasons: credentials are removed for operators, addresses too for clients, and times are absolute for programs."""

import pytest

from ingest.health.reasons import REASON_CHARACTERS, Wait, clean_reason, format_time, general_reason

NOON = 1_800_000_000.0 - 1_800_000_000.0 % 86_400 + 43_200


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("no answer from http://user:pass@10.0.0.1/v1", "user:pass"),
        ("GET http://10.0.0.1/v1?api_key=abc failed", "abc"),
        ("Incorrect API key: sk-abcdef123456", "sk-abcdef123456"),
        ("header Authorization: Bearer abc.def", "abc.def"),
        ("password=hunter2 is wrong", "hunter2"),
    ],
)
def test_a_reason_for_operators_has_no_credentials(text: str, secret: str) -> None:
    assert secret not in clean_reason(text)


def test_a_reason_is_one_line_of_limited_length() -> None:
    assert clean_reason("first\nsecond\x1b[31m") == "first second [31m"
    assert len(clean_reason("x" * 10_000)) == REASON_CHARACTERS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NewConnectionError: host='10.0.0.1': [Errno 111] Connection refused", "connection refused"),
        ("no answer (ReadTimeoutError: read timed out)", "no answer in time"),
        ("Failed to resolve 'models.internal' ([Errno -2] Name or service not known)", "its name cannot be resolved"),
        ("[Errno 28] No space left on device", "no space left"),
        ("the disk is full: 3 MiB are free", "no space left"),
        ("answered 401: check INGEST_EMBEDDING_API_KEY", "its key is not accepted"),
        ("answered 429", "it answered 429: too many requests"),
        ("answered 503: upstream pool 10.0.0.9 is out", "it answered 503"),
        ("something of 10.0.0.1 nobody foresaw", "it does not answer"),
    ],
)
def test_clients_get_the_kind_of_an_error_without_addresses(text: str, words: str) -> None:
    assert general_reason(text) == words


def test_a_wait_says_since_when_and_when_the_next_try_is() -> None:
    wait = Wait("embedder", "connection refused", since=NOON + 180, next_try=NOON + 220, at=NOON + 200)

    assert wait.text == "embedder: connection refused, since 12:03 UTC, next try in 20 s"
    assert wait.facts() == {
        "dependency": "embedder", "reason": "connection refused", "since": int(NOON) + 180, "next_try": int(NOON) + 220
    }  # fmt: skip
    assert Wait("broker", "no answer in time").text == "broker: no answer in time"
    assert Wait("lease", "lost", next_try=NOON, at=NOON + 1).text == "lease: lost, next try now"


def test_a_time_of_another_day_has_its_date() -> None:
    assert format_time(NOON, NOON + 3_600) == "12:00 UTC"
    assert format_time(NOON, NOON + 90_000).endswith(" 12:00 UTC")
    assert len(format_time(NOON, NOON + 90_000)) == len("2027-01-15 12:00 UTC")
