"""A parsed file cut into chunks: their texts, terms, locations and the windows that are embedded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.errors import InvalidFile
from ingest.steps import bm25
from ingest.steps.bm25 import TermCounts
from ingest.steps.chunk import Chunk, HeaderRows, Tokens, chunk
from ingest.steps.embed import Embedder
from ingest.steps.embed.windows import WindowPlan, fits_one_window, plan_windows
from ingest.steps.index import Point
from ingest.steps.location import Locator, names_above
from ingest.steps.parse import ParsedText


@dataclass(frozen=True)
class ChunkedDocument:
    """The chunks of one file, numbered from 0. `languages` has that of each chunk; empty if it is not known."""

    tokens: Tokens
    chunks: Sequence[Chunk]
    term_counts: Sequence[TermCounts]
    locator: Locator
    header_rows: HeaderRows
    languages: Sequence[str]
    filename: str = ""

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.chunks)

    @property
    def words(self) -> int:
        """The number of terms of all chunks together."""
        return sum(counts.length for counts in self.term_counts)

    def groups(self, size: int) -> Iterator[range]:
        """Yield the chunk numbers of each group of at most `size`."""
        for first in range(0, len(self.chunks), size):
            yield range(first, min(first + size, len(self.chunks)))

    def text(self, number: int) -> str:
        """Return the text of a chunk, which begins with the header row that it repeats."""
        part = self.chunks[number]
        return self.piece(part.start, part.end, part.header)

    def piece(self, start: int, end: int, header: Sequence[int] | None) -> str:
        """Return tokens [start, end) as text below a header row. `header` begins with the row's [start, end) in characters."""
        text = self.tokens.text(start, end)
        return text if header is None else f"{self.tokens.characters[header[0] : header[1]]}\n{text}"

    def point(self, number: int, text: str, dense: np.ndarray, mean_length: float) -> Point:
        """Return the point of a chunk. `mean_length` is the mean number of words of the store's chunks."""
        part = self.chunks[number]
        start, end = self.tokens.character_offset(part.start), self.tokens.character_offset(part.end)
        location = self.locator.locate(start, end, part.header)
        title = bm25.title_terms(self.filename, names_above(location), self.languages[number])
        sparse = bm25.document_vector(self.term_counts[number], mean_length, title)
        return Point(number=number, text=text, dense=dense, sparse=sparse, location=location)

    def plan_windows(self, max_tokens: int, window_tokens: int | None) -> "DocumentWindows":
        """Return the windows to embed for chunks of at most `max_tokens`."""
        if window_tokens is None or fits_one_window(max_tokens, window_tokens):
            return DocumentWindows(self, None)
        return DocumentWindows(self, plan_windows(self.chunks, window_tokens), window_tokens)


@dataclass(frozen=True)
class DocumentWindows:
    """The windows of a document. Without a plan, every chunk is embedded whole."""

    document: ChunkedDocument
    plan: WindowPlan | None
    window_tokens: int = 0

    def embed(
        self,
        group: range,
        texts: Sequence[str],
        reused: Mapping[str, np.ndarray],
        embedder: Embedder,
        still_wanted: Callable[[], bool],
    ) -> Iterator[np.ndarray]:
        """Yield the dense vectors of each chunk of a group, reused where the text is the same, embedded otherwise."""
        new = {number: text for number, text in zip(group, texts, strict=True) if text not in reused}
        embedded = self._embed(new, embedder, still_wanted) if new else iter(())
        for text in texts:
            yield reused[text] if text in reused else next(embedded)

    def _embed(
        self, chunks: Mapping[int, str], embedder: Embedder, still_wanted: Callable[[], bool]
    ) -> Iterator[np.ndarray]:
        """Yield an array for each chunk, given its number and its text: one row for each of its windows."""
        if self.plan is None:
            yield from embedder.embed(list(chunks.values()), still_wanted)
            return
        of_chunk = [self.plan.windows_of_chunk[number] for number in chunks]
        windows = sorted({window for indexes in of_chunk for window in indexes})
        positions = {window: position for position, window in enumerate(windows)}
        vectors = embedder.embed([self._window_text(window) for window in windows], still_wanted)
        for indexes in of_chunk:
            yield np.concatenate([vectors[positions[window]] for window in indexes])

    def _window_text(self, window: int) -> str:
        assert self.plan is not None
        span = self.plan.spans[window]
        return self.document.piece(
            span.start, span.end, self.document.header_rows.above(span.start, self.window_tokens)
        )


def chunk_document(
    parsed: ParsedText, max_tokens: int, overlap: int, max_file_tokens: int, filename: str = ""
) -> ChunkedDocument:
    """Cut a text into chunks, which are also found by the words of `filename`. Raises InvalidFile when it has more than `max_file_tokens` tokens."""
    tokens = Tokens.from_text(parsed.text)
    if len(tokens) > max_file_tokens:
        raise InvalidFile(f"The file has {len(tokens):,} tokens; at most {max_file_tokens:,} are accepted.")
    chunks = chunk(tokens, max_tokens, overlap, parsed.tables)
    offsets = [(tokens.character_offset(part.start), tokens.character_offset(part.end)) for part in chunks]
    languages = bm25.languages_of_parts(parsed.text, offsets)
    term_counts = bm25.count_terms_in_parts(parsed.text, offsets, languages)
    headers: dict[tuple[tuple[int, ...], str], TermCounts] = {}
    for number, part in enumerate(chunks):
        if part.header is not None:
            header = (part.header, languages[number])
            if header not in headers:
                headers[header] = bm25.count_terms(parsed.text[slice(*part.header)], languages[number])
            term_counts[number] = term_counts[number].plus(headers[header])
    header_rows = HeaderRows(tokens, parsed.tables)
    return ChunkedDocument(tokens, chunks, term_counts, Locator(parsed), header_rows, languages, filename)
