"""Detect the character set of text that is not valid UTF-8 and that nothing declares.

Each candidate decodes a sample of the words with bytes above 127. The candidate under which these words cost least in
one of its languages is chosen (statistics.py): first by pairs of bytes, then the best ones word by word.
"""

import math
import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset.candidates import EAST_ASIAN, LATIN_CODECS, LATIN_LANGUAGES, SINGLE_BYTE
from ingest.steps.parse.charset.statistics import cheapest, east_asian_cost, pair_total
from ingest.steps.parse.charset.tables import pair_costs
from ingest.steps.parse.charset.unicode import NOT_SUPPORTED_MESSAGE, SAMPLE_BYTES, detect_east_asian_utf16

_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_WORDS = re.compile(rb"[^\s<>=]+")  # tags are no part of a word
_ANY_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_ASCII_WORD = re.compile(rb"(?<![\x80-\xff\w])[A-Za-z]{2,20}(?![\x80-\xff\w])")
_LONG_WORD = 200
_MAX_WORDS = 60
_MAX_ASCII_WORDS = 300
_FINALISTS = 4
_LANGUAGES_OF_A_FINALIST = 4
_MAX_LANGUAGE_COST = 12.0
_MAX_SCRIPT_COST = 16.0
_MIN_BYTES_TO_CONTRADICT = 10
_LATIN_CONTRADICTIONS = frozenset(["cp1250", "iso8859_2", "cp1254", "cp1257", "iso8859_4", "iso8859_16"])
_WORDS_AT_A_GLANCE = 30
_MAX_WESTERN_COST_PER_BYTE = 9.5  # 5.8 to 8.9 in Western texts, 10.2 to 18 in others that are decoded as Western
_MIN_LEAD_OF_LATIN = 1.4
_MIN_LEAD_OF_OTHERS = 2
_RANDOM_COST_PER_BYTE = 20
_MIN_RANDOM_BYTES = 32  # a shorter text may list letters that no word has beside each other, such as "äöüÄÖÜß"
_OLD_CODECS = frozenset(["mac_roman", "mac_latin2", "mac_turkish", "cp437", "cp850", "cp852", "cp857", "cp775"])
_OLD_RARITY = (
    30  # added, where the bytes are Western letters: in text of a Mac or of DOS they would be symbols in words
)
_EAST_ASIAN_RARITY = 20  # added, where each of these letters is beside an ASCII letter
_CLEAN_WORD = re.compile(
    rb"[\x84\x91\x93\xab\xa1\xbf]?(?:(?![a-z][\xc0-\xde])[!-~\xc0-\xd6\xd8-\xf6\xf8-\xff])+[\x85\x92\x94\xbb]?[!-~]*"
)
_UMLAUTS = frozenset("äöüÄÖÜß".encode("cp1252"))
_MIN_UMLAUTS = 3  # so many different ones and nothing else are a list of letters, not a word of any language
_LONE_LETTERS = re.compile(rb"(?<![A-Za-z])[\xc0-\xff]{2,}|[\xc0-\xff]{2,}(?![A-Za-z])|[\xc0-\xff]{3,}")


def detect_legacy_codec(data: bytes) -> str:
    """Return the codec. Raises UnsupportedFile if the bytes do not look like text."""
    if codec := detect_east_asian_utf16(data):
        return codec
    sample = _sample(data)
    words = _words_with_high_bytes(sample)
    if not words:
        return "cp1252"
    cost, codec = _final(words, sample)[0]
    is_long = len(sample) >= _MIN_RANDOM_BYTES
    if is_long and cost > _RANDOM_COST_PER_BYTE * sum(map(len, words)) and _looks_random(sample):
        raise UnsupportedFile(NOT_SUPPORTED_MESSAGE)
    return codec


def contradict_western(data: bytes) -> str | None:
    """Return the codec of text that is declared as Western but is surely in other letters, or in other Latin letters.

    Servers and mail programs write iso-8859-1 or us-ascii by default, whatever the text is.
    """
    sample = _sample(data)
    words = _words_with_high_bytes(sample)
    if len(b"".join(words)) < _MIN_BYTES_TO_CONTRADICT:
        return None
    if _reads_as_western(words[:_WORDS_AT_A_GLANCE]):
        return None
    looks_western = _looks_western(sample)
    final = _final(words, sample, always="cp1252")
    cost, codec = final[0]
    western = next(western for western, name in final if name == "cp1252")
    if codec in _LATIN_CONTRADICTIONS:
        return codec if cost * _MIN_LEAD_OF_LATIN < western else None
    return codec if codec not in LATIN_CODECS and not looks_western and cost * _MIN_LEAD_OF_OTHERS < western else None


def _final(words: list[bytes], sample: bytes, always: str = "") -> list[tuple[float, str]]:
    """Return the best candidates with their costs, the best first, and the one that is `always` wanted."""
    surroundings = _Surroundings.of(sample)
    prior = _Prior.of(words)
    ranked = sorted(_first_round(words, surroundings, prior), key=lambda entry: entry.cost)
    finalists = ranked[:_FINALISTS] + [entry for entry in ranked[_FINALISTS:] if entry.codec == always]
    return sorted((_final_cost(words, entry, surroundings, prior), entry.codec) for entry in finalists)


def _reads_as_western(words: list[bytes]) -> bool:
    """Return whether words are usual in a Western language: it takes a twentieth of the time of a comparison."""
    data = b" " + b" ".join(words) + b" "
    totals = pair_total(Counter(pairwise(data)), "cp1252", SINGLE_BYTE["cp1252"].languages)
    return min(totals.values()) < _MAX_WESTERN_COST_PER_BYTE * len(data)


def _looks_western(sample: bytes) -> bool:
    """Return whether bytes above 127 occur singly between letters, as Western umlauts and accents do."""
    runs = _HIGH_BYTES.findall(sample)
    high = sum(map(len, runs))
    single = sum(len(run) == 1 for run in runs)
    return single * 2 > high and high * 4 < len(sample)


def _sample(data: bytes) -> bytes:
    first_high_byte = _HIGH_BYTES.search(data)
    start = max(0, (first_high_byte.start() if first_high_byte else 0) - 256)
    return data[start : start + SAMPLE_BYTES]


def _words_with_high_bytes(sample: bytes) -> list[bytes]:
    """Return different runs of bytes without whitespace that have a byte above 127, in their order.

    A list of umlauts, as in "Umlaute: äöüÄÖÜß", is left out.
    """
    words: dict[bytes, None] = {}
    for match in _WORDS.finditer(sample):
        word = match[0]
        if not word.isascii() and not _is_list_of_umlauts(word.strip(b".,;:!?")):
            words[word[:_LONG_WORD]] = None
            if len(words) >= _MAX_WORDS:
                break
    return list(words)


def _is_list_of_umlauts(word: bytes) -> bool:
    letters = set(word)
    return _MIN_UMLAUTS <= len(letters) == len(word) and letters <= _UMLAUTS


class _Surroundings(NamedTuple):
    """What it costs a word to be in a language, by the ASCII words around it.

    `latin` has the languages in Latin letters: their costs grow with the distance of the ASCII words from the language.
    `other` is for languages in other letters. It grows with the share of ASCII words, and if they are not English.
    """

    latin: dict[str, float]
    other: float

    @classmethod
    def of(cls, sample: bytes) -> "_Surroundings":
        tokens = len(_ANY_WORD.findall(sample))
        words = [word.lower() for word in _ASCII_WORD.findall(sample)]
        other = min(_MAX_SCRIPT_COST, -2 * math.log2(max(1e-3, 1 - len(words) / tokens))) if tokens else 0.0
        if not words:
            return cls({}, other)
        data = b" ".join(words[:_MAX_ASCII_WORDS])
        totals = pair_total(Counter(pairwise(b" " + data + b" ")), "ascii", sorted(LATIN_LANGUAGES))
        best = min(totals.values())
        weight = min(1.0, len(words) / 10) * 6 / len(data)
        costs = {language: min(_MAX_LANGUAGE_COST, weight * (total - best)) for language, total in totals.items()}
        return cls(costs, other + costs["en"])

    def cost(self, language: str) -> float:
        return self.latin.get(language, 0.0) if language in LATIN_LANGUAGES else self.other


class _Ranked(NamedTuple):
    cost: float
    codec: str
    languages: tuple[str, ...]
    """The cheapest first."""


class _Prior(NamedTuple):
    """What it costs that a text is in a character set of the time before Windows, or in East Asian letters."""

    old: int
    east_asian: int

    @classmethod
    def of(cls, words: list[bytes]) -> "_Prior":
        """Return no cost, unless all words are clean under cp1252: Western letters, and quotes at their ends."""
        if not all(map(_CLEAN_WORD.fullmatch, words)):
            return cls(0, 0)
        return cls(_OLD_RARITY, 0 if any(map(_LONE_LETTERS.search, words)) else _EAST_ASIAN_RARITY)

    def rarity(self, codec: str) -> int:
        """Return the cost of a character set before anything is read."""
        if codec in EAST_ASIAN:
            return EAST_ASIAN[codec].rarity + self.east_asian
        return SINGLE_BYTE[codec].rarity + (self.old if codec in _OLD_CODECS else 0)


def _first_round(words: list[bytes], surroundings: _Surroundings, prior: _Prior) -> list[_Ranked]:
    data = b" " + b" ".join(words) + b" "
    pairs = Counter(pairwise(data))
    ascii_letters = len(re.findall(rb"[A-Za-z]", data))
    high_bytes = sum(map(len, _HIGH_BYTES.findall(data)))
    codecs = LATIN_CODECS if ascii_letters * 2 > high_bytes * 3 else SINGLE_BYTE
    ranked = []
    for codec in codecs:
        candidate = SINGLE_BYTE[codec]
        totals = pair_total(pairs, codec, candidate.languages)
        costs = {language: total + surroundings.cost(language) * len(words) for language, total in totals.items()}
        languages = sorted(costs, key=costs.__getitem__)
        ranked.append(_Ranked(costs[languages[0]] + prior.rarity(codec), codec, tuple(languages)))
    for codec, candidate in EAST_ASIAN.items():
        cost = prior.rarity(codec) + surroundings.other * len(words)
        cost += east_asian_cost(data.decode(codec, "replace"), codec, candidate.languages[0])
        ranked.append(_Ranked(cost, codec, ()))
    return ranked


def _final_cost(words: list[bytes], entry: _Ranked, surroundings: _Surroundings, prior: _Prior) -> float:
    """Return the cost with the best language for each word: a Western text may have names of several languages."""
    if not entry.languages:
        return entry.cost
    languages = entry.languages[:_LANGUAGES_OF_A_FINALIST]
    costs = [(surroundings.cost(language), pair_costs(language)) for language in languages]
    text = b"\n".join(words).decode(entry.codec, "replace")
    return prior.rarity(entry.codec) + cheapest(text.split("\n"), costs)


def _looks_random(sample: bytes) -> bool:
    letters = sum(map(len, re.findall(rb"[ -~\s]", sample)))
    return letters * 2 < len(sample)
