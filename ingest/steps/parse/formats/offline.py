"""The one place that keeps unstructured from downloading a language model and from reporting its use."""

import os
from functools import cache
from typing import Any


@cache
def prepare() -> None:
    """Give unstructured a blank sentence splitter in place of the model that it would fetch at first use.

    Only its guess of what is a title and what is prose depends on that model, never the text. Must run before the
    first partitioner is imported.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["UNSTRUCTURED_DISABLE_NOTICE"] = "1"
    import spacy
    import unstructured.nlp.tokenize

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")

    def blank_pipeline(*_: Any, **__: Any) -> Any:
        return pipeline

    if not hasattr(unstructured.nlp.tokenize, "_get_nlp"):
        raise ImportError("unstructured loads its language model in another place than this version is made for")
    unstructured.nlp.tokenize._get_nlp = blank_pipeline
