"""Keep the library unstructured from downloading a language model and from reporting its use."""

from functools import cache
from typing import Any

from ingest.environment import set_library_switches


@cache
def use_blank_language_model() -> None:
    """Replace the language model that unstructured would download at first use by a blank sentence splitter.

    The model only decides what is a title and what is prose; the text does not depend on it. Call this before the first
    partitioner is imported. Raises ImportError if unstructured no longer loads its model where this patch expects it.
    """
    set_library_switches({"DO_NOT_TRACK": "1", "UNSTRUCTURED_DISABLE_NOTICE": "1"}, override=True)
    import spacy
    import unstructured.nlp.tokenize

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")

    def blank_pipeline(*_: Any, **__: Any) -> Any:
        return pipeline

    if not hasattr(unstructured.nlp.tokenize, "_get_nlp"):
        raise ImportError("unstructured loads its language model in another place than this version is made for")
    unstructured.nlp.tokenize._get_nlp = blank_pipeline
