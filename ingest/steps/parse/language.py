"""The main language of a text: by its script, by small words, and by pairs of letters where these are not clear.

A library with statistics of letters was measured: 1 s for the first text, and 100 MiB in each worker process. The small
words take about ten microseconds for a usual text, the pairs of letters below 0.1 ms.
"""

import itertools
import operator
import re
import struct
from functools import cache

from ingest.steps.parse.charset.tables import RARE, pair_costs

_GLANCE = 320
"""Characters from the middle of a text that are enough if the answer is clear."""

_SAMPLE = 150
"""Characters at the beginning and at the middle, otherwise. Thirteen times as many took 1 to 5 ms for a file of data."""

_MIN_WORDS_AT_A_GLANCE = 5
_MIN_WORDS = 3
_MIN_LEAD_AT_A_GLANCE = 1.8
_MIN_LEAD = 1.3
"""How many times more of its words a language must have than the next one."""

_MIN_SCRIPT_SHARE = 0.2
_MIN_PAIRS = 40
_MAX_PAIRS = 120
_MAX_PAIR_COST = 8.6
_MIN_PAIR_LEAD = 0.35
"""Costs are twice the number of bits of a letter. Program code and lists of names cost more than text."""

_WORD = re.compile(r"[^\W\d_]+")
_NOT_LATIN = re.compile("[\u0370-\u1eff\u3041-\ud7a3]")
_SCRIPTS = {  # in this order: Japanese has Han characters too
    "ja": re.compile("[\u3041-\u30ff]"), "ko": re.compile("[\uac00-\ud7a3]"), "zh": re.compile("[\u4e00-\u9fff]"),
    "th": re.compile("[\u0e01-\u0e5b]"), "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "he": re.compile("[\u05d0-\u05ea]"), "ka": re.compile("[\u10d0-\u10ff]"), "hy": re.compile("[\u0531-\u0587]"),
    "bn": re.compile("[\u0985-\u09e3]"), "ta": re.compile("[\u0b82-\u0bd7]"), "te": re.compile("[\u0c05-\u0c63]"),
    "kn": re.compile("[\u0c82-\u0ce3]"), "ml": re.compile("[\u0d02-\u0d63]"), "gu": re.compile("[\u0a81-\u0ae3]"),
    "pa": re.compile("[\u0a01-\u0a75]"), "km": re.compile("[\u1780-\u17d3]"), "lo": re.compile("[\u0e81-\u0edd]"),
    "my": re.compile("[\u1000-\u1059]"), "am": re.compile("[\u1200-\u137c]"),
}  # fmt: skip
_VIETNAMESE = re.compile("[\u1ea0-\u1ef9\u01a1\u01b0]")
_MIN_VIETNAMESE_SHARE = 0.05
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ARABIC = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufeff]")
_CYRILLIC_LANGUAGES = ("ru", "uk", "be", "bg", "sr", "mk")
_ARABIC_LANGUAGES = ("ar", "fa")
_LATIN_LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "ca", "ro", "nl", "sv", "da", "nb", "fi", "is", "et", "lv", "lt", "pl", "cs", "sk",
    "sl", "hr", "hu", "tr", "id", "sq", "eu", "ga", "gl", "cy", "af",
)  # fmt: skip
_CODES = {"nb": "no"}

_SMALL_WORDS = {
    "en": "the of and to in is that for it with as was on are be this by at from which not have or an we you can if has will",
    "de": "der die und das in den von zu mit ist des sich nicht auf ein eine für dem im auch werden wird sind oder als sie bei nach zur zum",
    "fr": "le la les de des et en du un une est que qui dans pour pas sur au avec sont par plus ce il ou aux cette ne leur",
    "es": "el la los las de en que un una es por con para no se del al como más su lo una este y pero sus esta",
    "it": "il la di che un una per in non con del della dei le gli sono da si al nel più alla è anche ha delle",
    "pt": "os as de que em um uma para com não do da dos das no na por se mais ao são pela é foi pelo seu ou",
    "ca": "el la de que en un una per amb els les no es del al són com més dels aquesta i l d aquest ha",
    "ro": "de și în la cu pe că nu este din un pentru sunt mai care ca al fi prin ale o au să se şi",
    "nl": "de het een en van in is dat op te met voor niet zijn aan er ook als bij door wordt naar deze om worden",
    "sv": "och att det som en på är av för med den till inte om ett har jag de var från i kan ska vi sig",
    "da": "og at det er en til af på den som for med der ikke de et har var om jeg blev fra kan skal vi mod efter hvor",
    "no": "og det er på som en til av for med at ikke den har de et om var jeg fra ble å kan skal vi mot etter hvor",
    "fi": "ja on ei se että oli ovat hän mutta kun myös joka sen niin tai mukaan kuin ole voi jos tämä sekä",
    "is": "og að í á er sem til um við með fyrir en ekki af var það hann eru frá því",
    "et": "ja on ei et see oli ka kui aga või nii selle oma mis ning ole mitte seda kuid pole",
    "lv": "un ir ka no ar uz par kas tika arī bet kā vai pēc lai nav šo šī tiek",
    "lt": "ir yra kad iš su ne buvo kaip tai bet po už jo dėl arba į ar nuo bei šis",
    "pl": "na się że nie do jest to jak przez po dla od oraz są przy lub ich co i w z o być ma został",
    "cs": "se na je že to do jako pro by byl jsem které není nebo při od jsou ve v z k byla podle také",
    "sk": "sa na je že to do ako pre by bol som ktoré nie alebo pri od sú vo v z k bola podľa aj",
    "sl": "in je na se da za so ki ne kot pa po bi tudi ali pri bil v z iz bo lahko ni",
    "hr": "je na se da su za od kao koji ne što bi ili biti iz nije kako i u s o koja može",
    "hu": "az és hogy nem is egy van ez meg mint csak vagy de volt már el ki a ha kell azt lehet",
    "tr": "ve bir bu da de için ile olarak olan çok gibi daha en var ne değil kadar ya her sonra",
    "id": "dan yang di dengan untuk dari pada ini itu tidak dalam adalah oleh akan atau ke juga dapat sebagai",
    "sq": "të në e për dhe një me është që nga nuk si më së i ka janë",
    "ga": "an na agus ar le is go a do de bhí sé don níl tá",
    "cy": "y yr yn a i ar o mae ei wedi gan bod hyn ond yw",
    "af": "die en van in is het nie dat met vir word op te aan om was deur",
    "vi": "và của là có cho được không các trong một người những với đã này khi",
    "ru": "не на что он как это по из но для от так же за или его при и в с к у о а был",
    "uk": "не на що та до як це за від для про або його при він є і в з у й бути",
    "be": "не на што як да гэта для або яго пры ён ад і ў з у",
    "bg": "на да се от за не са по че как това ще или със при и в е с беше",
    "sr": "је да се на за од су не са као што или који из и у",
    "mk": "на да се од за не со по дека како или при и во е ќе",
    "ar": "في من على إلى أن عن مع هذا التي الذي ما لا كان هذه و",
    "fa": "در از به که این را با است برای آن می یک های و",
    "ur": "کے میں کی ہے اور سے کا کو نے پر یہ ہیں",
    "hi": "के में है की और से का को पर यह हैं नहीं लिए",
    "mr": "आहे आणि या हे च्या नाही एक असे आहेत",
    "ne": "छ र को मा हो गर्न छन् यो",
}  # fmt: skip


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of a text's main language, or "" if it is not clear."""
    middle = len(text) // 2 if len(text) > 3 * _GLANCE else 0
    glance = text[middle : middle + _GLANCE]
    if (glance.isascii() or not _NOT_LATIN.search(glance)) and (
        language := _by_words(glance.lower().split(), _MIN_WORDS_AT_A_GLANCE, _MIN_LEAD_AT_A_GLANCE)
    ):
        return language
    sample = text[:_SAMPLE]
    if len(text) > 2 * _SAMPLE:
        sample += " " + text[middle : middle + _SAMPLE]
    return _by_script(sample) if _NOT_LATIN.search(sample) else _by_letters(sample, _LATIN_LANGUAGES)


def _by_script(sample: str) -> str:
    letters = sum(map(str.isalpha, sample))
    for language, script in _SCRIPTS.items():
        if len(script.findall(sample)) > _MIN_SCRIPT_SHARE * letters:
            return language
    if len(_VIETNAMESE.findall(sample)) > _MIN_VIETNAMESE_SHARE * letters:
        return "vi"
    if len(_DEVANAGARI.findall(sample)) > _MIN_SCRIPT_SHARE * letters:
        return _by_words(sample.split(), _MIN_WORDS, _MIN_LEAD) or "hi"
    if len(_CYRILLIC.findall(sample)) > _MIN_SCRIPT_SHARE * letters:
        return _by_letters(sample, _CYRILLIC_LANGUAGES)
    if len(_ARABIC.findall(sample)) > _MIN_SCRIPT_SHARE * letters:
        return _by_letters(sample, _ARABIC_LANGUAGES)
    return _by_letters(sample, _LATIN_LANGUAGES)


def _by_letters(sample: str, languages: tuple[str, ...]) -> str:
    words = _WORD.findall(sample.lower())
    return _by_words(words, _MIN_WORDS, _MIN_LEAD) or _by_pairs(words, languages)


def _by_words(words: list[str], minimum: int, lead: float) -> str:
    """Return the language of which the most different small words occur, if it is clear."""
    languages = _languages_of_words()
    found: dict[str, int] = {}
    for word in languages.keys() & set(words):
        for language in languages[word]:
            found[language] = found.get(language, 0) + 1
    if max(found.values(), default=0) < minimum:
        return ""
    best = max(found, key=found.__getitem__)
    hits = found.pop(best)
    return best if hits >= lead * max(found.values(), default=0) else ""


def _by_pairs(words: list[str], languages: tuple[str, ...]) -> str:
    """Return the language in which the letters of words follow each other the most easily, if it is clear."""
    text = f" {' '.join(words)} "[:_MAX_PAIRS]
    number = len(text) - 1
    if number < _MIN_PAIRS:
        return ""
    packed, rare = _packed_costs(languages)
    total = sum(map(packed.get, map(operator.add, text, text[1:]), itertools.repeat(rare)))
    sums = struct.unpack(f"<{len(languages)}H", total.to_bytes(2 * len(languages), "little"))
    costs = sorted(zip((cost / number for cost in sums), languages, strict=True))
    (best_cost, best), (next_cost, _) = costs[:2]
    is_clear = best_cost <= _MAX_PAIR_COST and next_cost - best_cost >= _MIN_PAIR_LEAD
    return _CODES.get(best, best) if is_clear else ""


@cache
def _packed_costs(languages: tuple[str, ...]) -> tuple[dict[str, int], int]:
    """Return the costs of pairs in all languages as one integer for each pair, and that of a rare pair.

    The integer has a field of 16 bits for each language, so that one addition adds the costs of all.
    """
    shifts = [16 * index for index in range(len(languages))]
    rare = sum(RARE << shift for shift in shifts)
    packed: dict[str, int] = {}
    for language, shift in zip(languages, shifts, strict=True):
        for pair, cost in pair_costs(language).items():
            packed[pair] = packed.get(pair, rare) + ((cost - RARE) << shift)
    return packed, rare


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    languages: dict[str, tuple[str, ...]] = {}
    for language, words in _SMALL_WORDS.items():
        for word in set(words.split()):
            languages[word] = (*languages.get(word, ()), language)
    return languages
