"""Decode bytes in any character set, declared or not. The time is linear in the number of bytes.

A declaration (of a mail part, an HTTP header or a meta element) counts where it fits the bytes. Valid UTF-8 wins over it.
"""

from ingest.steps.parse.charset.decoding import Decoded, decode, decode_counted, looks_like_text
from ingest.steps.parse.charset.labels import alternatives_of, codec_of_code_page, codec_of_label
from ingest.steps.parse.charset.unicode import NOT_SUPPORTED_MESSAGE

__all__ = [
    "NOT_SUPPORTED_MESSAGE",
    "Decoded",
    "alternatives_of",
    "codec_of_code_page",
    "codec_of_label",
    "decode",
    "decode_counted",
    "looks_like_text",
]
