"""Bytes of request bodies in flight."""

import pytest

from api.concurrency.body_bytes import BodyBytes
from ingest.errors import RateLimited


def test_bodies_of_a_project_are_refused_beyond_its_share() -> None:
    bodies = BodyBytes(max_per_project=100, max_total=150)
    bodies.add("a", 80)

    with pytest.raises(RateLimited):
        bodies.add("a", 30)
    bodies.add("b", 60)
    with pytest.raises(RateLimited):
        bodies.add("c", 20)
    bodies.remove("a", 80)
    bodies.add("c", 20)


def test_a_body_alone_in_flight_always_fits() -> None:
    bodies = BodyBytes(max_per_project=10, max_total=10)

    bodies.add("a", 50)

    assert bodies.of_project("a") == 50
    bodies.remove("a", 50)
    assert bodies.of_project("a") == 0
