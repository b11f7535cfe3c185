"""Limits of attributes and metadata, and the texts that the database can store.

The API schemas, the importer and the attribute filters all check against these. Source:
deploy/docs/api-contract.md sections 4 and 5.
"""

MAX_ATTRIBUTES = 16
"""Of one file. The metadata of a vector store has the same limits."""

MAX_ATTRIBUTE_KEY_CHARACTERS = 64
MAX_ATTRIBUTE_VALUE_CHARACTERS = 512

MAX_FILTER_KEY_CHARACTERS = 256
"""Of an attribute filter. Longer than any attribute's key, so that a filter on an impossible key is no error."""

MAX_FILTER_VALUE_CHARACTERS = 4_096
"""Of an attribute filter. It may name a file, whose name may be longer than an attribute."""

MAX_QUERY_CHARACTERS = 32_768
"""Of all queries of one search together. The slowest search of this length takes 3 s of a core."""


def fits_in_64_bits(number: int) -> bool:
    """Return whether a signed 64-bit integer can hold the number."""
    return -(2**63) <= number < 2**63


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL and UTF-8 can hold the text: no NUL and no unpaired surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
