"""The names inside unstructured on which offline parsing rests; this test fails when a new version moves them."""

from tests.steps.parse.documents import DocumentBuilder, Parse


def test_unstructured_reads_prose_without_its_model(parse: Parse, documents: DocumentBuilder) -> None:
    # Whether it is prose is a matter of sentences and parts of speech, so for this it asks the model. The sandbox has
    # no network to fetch that from.
    prose = "This is a sentence that somebody wrote. And here is another one, of many words."

    assert prose in parse("a.pptx", documents.pptx([("Title", prose, "")])).text
