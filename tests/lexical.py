"""A lexical search over texts in memory, with the weights of `ingest.steps.bm25` and the IDF of the index."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ingest.steps.bm25 import count_terms, document_vector, query_terms, title_terms


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
    weights = {}
    for name, count in counts.items():
        title = title_terms(name if titles else "", (), language)
        vector = document_vector(count, mean_length, title)
        weights[name] = {int(term): float(value) for term, value in zip(vector.indices, vector.values, strict=True)}
    frequencies = Counter(term for of_document in weights.values() for term in of_document)

    def idf(term: int) -> float:
        return math.log(1 + (len(documents) - frequencies[term] + 0.5) / (frequencies[term] + 0.5))

    vector = query_terms(query, languages or (language,)).vector
    wanted = dict(zip(vector.indices, vector.values, strict=True))
    return {
        name: sum(weight * of_document.get(term, 0.0) * idf(term) for term, weight in wanted.items())
        for name, of_document in weights.items()
    }


def lexical_order(query: str, documents: Sequence[str], *, language: str = "en") -> list[str]:
    """Return the documents that match a query, the best first."""
    scores = lexical_scores(query, {text: text for text in documents}, language=language)
    return sorted((text for text in documents if scores[text] > 0), key=lambda text: -scores[text])
