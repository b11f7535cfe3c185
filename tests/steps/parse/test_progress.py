"""What the parser process tells its worker while it parses."""

from collections.abc import Iterator

import pytest

from ingest.steps.parse import progress


@pytest.fixture
def messages() -> Iterator[list[progress.Message]]:
    sent: list[progress.Message] = []
    progress.listen(sent.append)
    yield sent
    progress.listen(None)


def test_reports_in_quick_succession_are_dropped(messages: list[progress.Message]) -> None:
    for done in range(1, 1000):
        progress.report_progress(done, 1000)

    assert messages[0] == {"done": 1, "total": 1000}
    assert len(messages) < 10


def test_a_page_of_ocr_is_announced_and_ended_even_if_it_fails(messages: list[progress.Message]) -> None:
    with pytest.raises(ValueError, match="x"), progress.ocr_page():
        raise ValueError("x")

    assert messages == [{"ocr_page": "started"}, {"ocr_page": "ended"}]


def test_nobody_has_to_listen() -> None:
    progress.report_progress(1, 2)
    with progress.ocr_page():
        pass
