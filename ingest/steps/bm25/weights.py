"""The weights of terms in documents (BM25 without IDF) and the weights of the forms of a query's words."""

from typing import Final

import numpy as np

from ingest.steps.bm25.counts import TermCounts
from ingest.steps.bm25.title import NO_TITLE, TitleTerms
from ingest.steps.vectors import SparseVector

K1: Final = 1.2
"""Saturation of a term's frequency, k1 in BM25."""

B: Final = 0.75
"""Share of the normalisation by document length, b in BM25."""

PRIMARY: Final = 1.0
"""A word of a query. The weights of all other forms are a bonus on it."""

EXACT: Final = 0.3
"""The word as it is typed, or folded, where that is not its stem."""

WHOLE: Final = 0.5
"""An identifier of several parts, for each of them: the right order outweighs small differences of other scores."""

NEIGHBOURS: Final = 0.3
"""Two neighbouring parts of an identifier."""

PART: Final = 0.4
"""A part of a word with capitals inside. The word in one piece is the primary term: GitHub is not git."""

GROUP: Final = 0.2
"""A group of digits of a number like 1,250,000, whose primary term is the number."""

SINGLE: Final = 0.5
"""A character of a run in an unspaced script, beside its pairs."""

SOMETIMES_STOP_WORD: Final = 0.25
"""A word that is a stop word in some of the store's languages."""

FORMER: Final = 0.5
"""The one term that versions before terms 2 gave a word: its English stem. Stores indexed by them stay searchable."""

TITLE: Final = 0.6
"""Each term in the title field, as a share of its weight in the text.

In tests/retrieval, a file is first for its name from 0.6 on (0.3: second to fourth). Above 0.7 names of files begin to
hurt questions about code.
"""


def document_vector(counts: TermCounts, mean_length: float, title: TitleTerms = NO_TITLE) -> SparseVector:
    """Return the BM25 weights of a document's terms, without IDF, and the weights of its title field.

    `mean_length` is the mean `TermCounts.length` of all texts in the store; 0 stands for this text's own length.
    """
    relative = counts.length / mean_length if mean_length > 0 else 1.0
    penalty = K1 * (1 - B + B * relative)
    ids, values = counts.ids, counts.counts * (K1 + 1) / (counts.counts + penalty)
    if len(title.ids):
        ids, first = np.unique(np.concatenate((ids, title.ids)), return_index=True)
        values = np.concatenate((values, title.values))[first]
    return SparseVector(ids, values)
