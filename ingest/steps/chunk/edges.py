"""Where a chunk begins or ends well: at a line end, at the end of a sentence, else between two words."""

import re
from bisect import bisect_left

from ingest.steps.chunk.tokens import Tokens

_SENTENCE_END = re.compile(
    r"\n+|[.!?\u2026\u061f\u0964][\"\u201d\u2019\u00bb)\]]*(?=\s)|[\u3002\uff01\uff1f][\"\u300d\u300f\uff09]*"
)
# Scripts that are written without spaces: a cut between any two of their characters is no worse than another.
_UNSPACED = re.compile("[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")


class Edges:
    """The good places to cut one text, as token indexes."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._text = tokens.characters

    def last(self, first: int, limit: int) -> int:
        """Return the last good cut in [first, limit], or `limit` if there is none."""
        ends = self._sentence_ends(first, limit)
        if ends:
            return ends[-1]
        return next((index for index in range(limit, first - 1, -1) if self._is_between_words(index)), limit)

    def nearest(self, target: int, first: int, last: int) -> int:
        """Return the good cut in [first, last] that is nearest to `target`, or `target` if there is none."""
        ends = self._sentence_ends(first, last)
        if ends:
            return min(ends, key=lambda index: abs(index - target))
        candidates = sorted(range(first, last + 1), key=lambda index: abs(index - target))
        return next((index for index in candidates if self._is_between_words(index)), target)

    def _sentence_ends(self, first: int, last: int) -> list[int]:
        """Return the cuts in [first, last] that follow the end of a line or a sentence."""
        if first > last:
            return []
        offsets = self._tokens.character_offsets(first, last + 1)
        start, end = offsets[0], offsets[-1]
        cuts = []
        # One character more on both sides: the end of the sentence and the space after it.
        for match in _SENTENCE_END.finditer(self._text, max(0, start - 1), min(len(self._text), end + 1)):
            offset = match.end()
            if start <= offset <= end:
                position = bisect_left(offsets, offset)
                if offsets[position] == offset:
                    cuts.append(first + position)
        return cuts

    def _is_between_words(self, index: int) -> bool:
        offset = self._tokens.character_offset(index)
        if not 0 < offset < len(self._text):
            return True
        before, after = self._text[offset - 1], self._text[offset]
        return before.isspace() or after.isspace() or bool(_UNSPACED.match(before) and _UNSPACED.match(after))
