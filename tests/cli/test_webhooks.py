"""`ingest webhooks` against the real API over fakes."""

from collections.abc import Iterator

import openai
import pytest

from ingest.config import Settings
from ingest.webhooks.events import EVENT_TYPES
from tests.cli.conftest import Command
from tests.receivers import Receiver, receiving


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings that allow receivers on this machine."""
    return settings.model_copy(update={"webhooks_allow_private": True, "webhook_timeout_seconds": 2.0})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def verify(receiver: Receiver, secret: str) -> None:
    """Verify the signature of the last event with the openai client."""
    headers, body = receiver.received[-1]
    openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.verify_signature(body, headers)


def test_an_endpoint_is_added_listed_tested_and_removed(url: str, ingest: Command, receiver: Receiver) -> None:
    at = ("--base-url", url)

    added = ingest("webhooks", "add", receiver.url, "--name", "ci", "--event", "vector_store.expired", *at)

    secret, endpoint = added.out.strip(), added.err.partition(":")[0]
    assert (added.code, secret[:6], endpoint[:3]) == (0, "whsec_", "wh_")
    listed = ingest("webhooks", "list", *at).out
    assert all(text in listed for text in (endpoint, "ci", receiver.url, "vector_store.expired"))
    assert secret not in listed
    assert (
        ingest("webhooks", "test", endpoint, "--event", "vector_store.expired", *at).out == f"{endpoint} answered 200\n"
    )
    verify(receiver, secret)
    assert ingest("webhooks", "remove", endpoint, *at).out == f"{endpoint} is removed\n"
    assert endpoint not in ingest("webhooks", "list", *at).out


def test_an_endpoint_receives_all_event_types_by_default(url: str, ingest: Command) -> None:
    added = ingest("webhooks", "add", "https://hooks.example/", "--base-url", url)

    assert all(event in added.err for event in EVENT_TYPES)


def test_after_a_rotation_both_secrets_sign_unless_at_once_is_given(
    url: str, ingest: Command, receiver: Receiver
) -> None:
    at = ("--base-url", url)
    added = ingest("webhooks", "add", receiver.url, *at)
    first, endpoint = added.out.strip(), added.err.partition(":")[0]

    second = ingest("webhooks", "rotate", endpoint, *at).out.strip()
    ingest("webhooks", "test", endpoint, *at)
    verify(receiver, first)
    verify(receiver, second)

    third = ingest("webhooks", "rotate", endpoint, "--at-once", *at).out.strip()
    ingest("webhooks", "test", endpoint, *at)
    verify(receiver, third)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        verify(receiver, second)


def test_the_exit_code_of_a_test_distinguishes_errors_from_silence(
    url: str, ingest: Command, receiver: Receiver
) -> None:
    at = ("--base-url", url)
    endpoint = ingest("webhooks", "add", receiver.url, *at).err.partition(":")[0]
    receiver.status = 500

    refused = ingest("webhooks", "test", endpoint, *at)
    receiver.is_silent = True
    silent = ingest("webhooks", "test", endpoint, *at)

    assert (refused.code, refused.out) == (1, f"{endpoint} answered 500\n")
    assert (silent.code, silent.out, silent.err.count("\n")) == (2, "", 1)


def test_invalid_commands_are_errors_in_one_line(url: str, ingest: Command) -> None:
    for arguments in (
        ("add", "file:///etc/passwd"),
        ("add", "https://hooks.example/", "--event", "response.completed"),
        ("test", "wh_none"),
        ("rotate", "wh_none"),
        ("remove", "wh_none"),
    ):
        ended = ingest("webhooks", *arguments, "--base-url", url)

        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), arguments
