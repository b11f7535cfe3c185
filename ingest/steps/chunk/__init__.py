"""Chunking: cut a text into passages of cl100k_base tokens.

`tokens` has the tokens of a text and their offsets, `edges` finds where a chunk may begin or end well, `headers` which
header row a piece of a table repeats, `chunks` cuts.
What a chunk is part of (its page, its headings) belongs to `ingest/steps/location.py`, the windows that are embedded to
`ingest/steps/embed/windows.py`. See deploy/docs/decisions/0018-chunks-and-citations.md.
"""

from ingest.steps.chunk.chunks import CHUNKER_VERSION, Chunk, chunk
from ingest.steps.chunk.headers import HeaderRows
from ingest.steps.chunk.tokens import Tokens, decode_tokens

__all__ = ["CHUNKER_VERSION", "Chunk", "HeaderRows", "Tokens", "chunk", "decode_tokens"]
