"""The names inside unstructured on which offline parsing rests; this test fails when a new version moves them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.steps.parse import Parsed

if TYPE_CHECKING:
    from tests.steps.parse.conftest import Make


def test_unstructured_reads_prose_without_its_model(parse: Callable[[str, bytes], Parsed], make: "Make") -> None:
    # Whether it is prose is a matter of sentences and parts of speech, so for this it asks the model. The sandbox has
    # no network to fetch that from.
    prose = "This is a sentence that somebody wrote. And here is another one, of many words."

    assert prose in parse("a.pptx", make.pptx([("Title", prose, "")])).text
