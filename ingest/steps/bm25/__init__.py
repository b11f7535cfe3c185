"""BM25 as sparse vectors: split a text into terms, and weigh each term in a document or a query.

The weights leave out the inverse document frequency: Qdrant multiplies it in (`modifier: idf` of the collection).
"""

from ingest.steps.bm25.counts import TermCounts, count_terms, count_terms_in_parts
from ingest.steps.bm25.languages import LANGUAGES, bits_of_languages, languages_of_bits, languages_of_parts
from ingest.steps.bm25.normalization import normalize, normalize_query
from ingest.steps.bm25.query import QueryTerms, query_terms, query_vector
from ingest.steps.bm25.title import TitleTerms, title_terms
from ingest.steps.bm25.weights import document_vector

TERMS_VERSION: str = "2"
"""Part of the version stamp of points. Increase it when the same text would give other terms or weights.

Version 1 gave a word one term, its English stem. Queries find its points by that term.
"""

__all__ = [
    "LANGUAGES",
    "TERMS_VERSION",
    "QueryTerms",
    "TermCounts",
    "TitleTerms",
    "bits_of_languages",
    "count_terms",
    "count_terms_in_parts",
    "document_vector",
    "languages_of_bits",
    "languages_of_parts",
    "normalize",
    "normalize_query",
    "query_terms",
    "query_vector",
    "title_terms",
]
