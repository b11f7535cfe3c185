"""Formats of automatic numbers: Roman, letters, ordinals, Chinese and others (ECMA-376 part 1, 17.18.59)."""

import re

from ingest.steps.parse.formats.roman import roman_numeral

_MAX_NUMBER = 10_000  # Roman numerals and letters of larger numbers would be long
_LETTERS = {
    "lowerLetter": "abcdefghijklmnopqrstuvwxyz",
    "upperLetter": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "russianLower": "абвгдежзиклмнопрстуфхцчшщыэюя",
    "russianUpper": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ",
    "aiueoFullWidth": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "irohaFullWidth": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת",
    "thaiLetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "chicago": "*†‡§",
}
_LETTERS |= {"aiueo": _LETTERS["aiueoFullWidth"], "iroha": _LETTERS["irohaFullWidth"]}
_DIGITS = {
    "decimalFullWidth": "０１２３４５６７８９",
    "decimalFullWidth2": "０１２３４５６７８９",
    "ideographDigital": "〇一二三四五六七八九",
    "japaneseDigitalTenThousand": "〇一二三四五六七八九",
    "koreanDigital": "영일이삼사오육칠팔구",
    "koreanDigital2": "零一二三四五六七八九",
    "taiwaneseDigital": "○一二三四五六七八九",
    "thaiNumbers": "๐๑๒๓๔๕๖๗๘๙",
    "hindiNumbers": "०१२३४५६७८९",
    "hindiCounting": "०१२३४५६७८९",
    "arabicIndic": "٠١٢٣٤٥٦٧٨٩",
}
_COUNTING = frozenset(
    ["chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand"]
)
_ENCLOSED = {"decimalEnclosedCircle": 0x2460, "decimalEnclosedCircleChinese": 0x2460, "decimalEnclosedParen": 0x2474}
_ENCLOSED |= {"decimalEnclosedFullstop": 0x2488}
_PADDED = re.compile(r"0*1\b")


def format_number(number: int, name: str) -> str:
    """Return a number in the format of this name, as digits if the format is not known or cannot show it."""
    if not 0 < number < _MAX_NUMBER:
        return str(number)
    if name in _LETTERS:  # after the last letter, each is written twice: Word continues z with aa, bb, cc
        letters = _LETTERS[name]
        return letters[(number - 1) % len(letters)] * ((number - 1) // len(letters) + 1)
    if name in _DIGITS:
        return "".join(_DIGITS[name][int(digit)] for digit in str(number))
    if name in _COUNTING:
        return _count_in_chinese(number)
    if name in _ENCLOSED and number <= 20:
        return chr(_ENCLOSED[name] + number - 1)
    return _format_western(number, name)


def _format_western(number: int, name: str) -> str:
    match name:
        case "none":
            return ""
        case "decimalZero":
            return f"{number:02}"
        case "lowerRoman" | "upperRoman":
            return roman_numeral(number).upper() if name == "upperRoman" else roman_numeral(number)
        case "ordinal":
            return f"{number}{_ordinal_ending(number)}"
        case "numberInDash":
            return f"- {number} -"
        case "hex":
            return f"{number:X}"
    # Custom formats give the first numbers: "001, 002, 003, ..."
    return f"{number:0{len(first[0])}}" if (first := _PADDED.match(name)) else str(number)


def _ordinal_ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _count_in_chinese(number: int) -> str:
    """Return a number below 10,000 in words: 12 is 十二, 105 is 一百零五."""
    text, has_gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit == 0:
            has_gap = bool(text)
            continue
        text += ("零" if has_gap else "") + "零一二三四五六七八九"[digit] + name
        has_gap = False
    return text.removeprefix("一") if text.startswith("一十") else text
