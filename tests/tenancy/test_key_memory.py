"""What a process remembers of keys."""

from ingest.tenancy import key_memory
from ingest.tenancy.key_memory import REFUSED_SECONDS, KeyMemory
from tests.conftest import Clock


def test_a_refusal_is_repeated_for_a_few_seconds(clock: Clock) -> None:
    memory = KeyMemory(clock)
    memory.remember_refusal("sk-a", "Incorrect.", is_local=False)

    assert memory.refusal_of("sk-a", is_local=False) == "Incorrect."
    assert memory.refusal_of("sk-b", is_local=False) is None
    clock.advance(REFUSED_SECONDS)
    assert memory.refusal_of("sk-a", is_local=False) is None


def test_a_request_without_a_key_is_remembered_apart_for_local_clients(clock: Clock) -> None:
    memory = KeyMemory(clock)
    memory.remember_refusal(None, "Missing.", is_local=False)

    assert memory.refusal_of(None, is_local=False) == "Missing."
    assert memory.refusal_of(None, is_local=True) is None
    assert memory.refusal_of("", is_local=False) == "Missing."


def test_the_memory_is_bounded(clock: Clock) -> None:
    memory = KeyMemory(clock)
    for number in range(key_memory.MAX_KEYS + 1):
        memory.remember_project(f"sk-{number}", "proj")
        memory.remember_refusal(f"sk-{number}", "no", is_local=False)

    assert memory.project_of("sk-0") is None
    assert memory.refusal_of("sk-0", is_local=False) is None
    assert memory.project_of(f"sk-{key_memory.MAX_KEYS}") == "proj"
