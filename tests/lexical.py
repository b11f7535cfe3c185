"""A lexical search over texts in memory, with the weights of `ingest.steps.bm25` and the IDF of the index."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ingest.steps.bm25 import count_terms, document_vector, query_terms, title_terms
from ingest.steps.vectors import SparseVector


def lexical_scores(
    query: str,
    documents: Mapping[str, str],
    *,
    language: str = "en",
    languages: Sequence[str] | None = None,
    titles: bool = False,
) -> dict[str, float]:
    """Return the BM25 score of each document, by its name. With `titles` the names are the documents' file names."""
    counts = {name: count_terms(text, language) for name, text in documents.items()}
    mean_length = sum(count.length for count in counts.values()) / len(counts)
    vectors = {
        name: document_vector(count, mean_length, title_terms(name if titles else "", (), language))
        for name, count in counts.items()
    }
    frequencies = Counter(int(term) for vector in vectors.values() for term in vector.indices)
    wanted = query_terms(query, languages or (language,)).vector
    return {name: bm25_score(vector, wanted, frequencies, len(documents)) for name, vector in vectors.items()}


def bm25_score(document: SparseVector, query: SparseVector, frequencies: Mapping[int, int], documents: int) -> float:
    """Return the score that Qdrant gives a document: the product of both vectors and the IDF of each term.

    `frequencies` says in how many of the `documents` each term occurs; a term that is not there occurs in none.
    """
    weights = dict(zip(document.indices, document.values, strict=True))
    return sum(
        float(weight * weights.get(term, 0.0)) * _idf(frequencies.get(term, 0), documents)
        for term, weight in zip(query.indices, query.values, strict=True)
    )


def _idf(frequency: int, documents: int) -> float:
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def lexical_order(query: str, documents: Sequence[str], *, language: str = "en") -> list[str]:
    """Return the documents that match a query, the best first."""
    scores = lexical_scores(query, {text: text for text in documents}, language=language)
    return sorted((text for text in documents if scores[text] > 0), key=lambda text: -scores[text])
