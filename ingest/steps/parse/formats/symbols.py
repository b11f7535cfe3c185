"""Characters of symbol fonts (Symbol, Wingdings, dingbats) as Unicode, for Word, RTF, HTML and other formats.

These fonts have code pages of their own. Programs store their codes as they are or in the private use area, U+F020 to
U+F0FF. The tables follow the mapping that Unicode publishes (L2/11-196) where the characters are in common fonts.
"""

_PRIVATE = range(0xF020, 0xF100)
_BULLET = "•"
PRIVATE_BULLET = "\uf0b7"
"""The private code of the bullet of most lists, which programs write without naming its font."""

_SYMBOL = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪",
    0xF1: "⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
}
_WINGDINGS = {
    0x20: " ✎✂✁👓🕭🕮🕯☎✆✉🖃📪📫📬📭📁📂📄🗏🗐🗄⌛⌨🖰🖲🖳🖴💾🖬✇✍🖎✌👌👍👎☜☞☝☟🖐☺😐☹💣☠🏳🏱✈☼💧❄🕆✞🕈✠✡☪☯ॐ☸",
    0x5E: "♈♉♊♋♌♍♎♏♐♑♒♓🙰🙵●❍■□❐❑❒⬧⧫◆❖⬥⌧⮹⌘🏵🏶❝❞",
    0x80: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿🙢🙠🙡🙣🙞🙜🙝🙟·•▪○◯◉◉◎◯▪☐▴✦★✶✴✹✵⯐⌖⟡⌑⯑✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘🕙🕚🕛",
    0xC3: "⮰⮱⮲⮳⮴⮵⮶⮷🙪🙫🙕🙔🙗🙖🙐🙑🙒🙓⌫⌦⮘➢⮙⮛⮈➲⮉⮋←→↑↓↖↗↙↘⬅➔⬆⬇⬉⬈⬋⬊⇦⇨⇧⇩⬄⇳⬀⬁⬃⬂▭▫✗✔☒☑",
}
_WINGDINGS_2 = {0x20: " ", 0x4F: "✗✓☒☑☒☒", 0x69: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x96: "●•", 0xA1: "▪■☐", 0xAE: "◆"}
_WINGDINGS_3 = {0x20: " ←→↑↓↖↗↙↘", 0x67: "↵", 0x70: "▲▼△▽◀▶◁▷", 0x7D: "▶"}
_WEBDINGS = {0x20: " ", 0x33: "◀▶▲▼", 0x61: "✓", 0x63: "☐", 0x67: "■", 0x6E: "●", 0x72: "✗", 0x3D: "■"}
_DINGBATS = {
    0x20: " ✁✂✃✄☎✆✇✈✉☛☞✌✍✎✏✐✑✒✓✔✕✖✗✘✙✚✛✜✝✞✟✠✡✢✣✤✥✦✧★✩✪✫✬✭✮✯✰✱✲✳✴✵✶✷✸✹✺✻✼✽✾✿❀❁❂❃❄❅❆❇❈❉❊❋●❍■❏❐❑❒▲▼◆❖◗❘❙❚❛❜❝❞",
    0xA1: "❡❢❣❤❥❦❧♣♦♥♠①②③④⑤⑥⑦⑧⑨⑩❶❷❸❹❺❻❼❽❾❿➀➁➂➃➄➅➆➇➈➉➊➋➌➍➎➏➐➑➒➓➔→↔↕➘➙➚➛➜➝➞➟➠➡➢➣➤➥➦➧➨➩➪➫➬➭➮➯",
    0xF1: "➱➲➳➴➵➶➷➸➹➺➻➼➽➾",
}


def _table(runs: dict[int, str]) -> dict[int, str]:
    return {start + n: character for start, text in runs.items() for n, character in enumerate(text)}


_TABLES = {
    "symbol": _table(_SYMBOL),
    "wingdings": _table(_WINGDINGS),
    "wingdings 2": _table(_WINGDINGS_2),
    "wingdings 3": _table(_WINGDINGS_3),
    "webdings": _table(_WEBDINGS),
    "zapfdingbats": _table(_DINGBATS),
    "zapf dingbats": _table(_DINGBATS),
    "itc zapf dingbats": _table(_DINGBATS),
    "monotype sorts": _table(_DINGBATS),
    "dingbats": _table(_DINGBATS),
    "symbol mt": _table(_SYMBOL),
    "standard symbols l": _table(_SYMBOL),
    "standard symbols ps": _table(_SYMBOL),
}


def is_symbol_font(font: str) -> bool:
    """Return whether the codes of a font are symbols instead of letters."""
    return font.strip().lower() in _TABLES


def symbol(font: str, code: str) -> str:
    """Return the character with a hexadecimal code, such as "F0B3", in a font of any kind; "" for a wrong code."""
    try:
        number = int(code, 16)
        return symbol_text(font, chr(number)) if 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000 else ""
    except ValueError:
        return ""


def symbol_text(font: str, text: str) -> str:
    """Return text in a font as Unicode.

    In another than a symbol font only the private codes are replaced, by a bullet if it is that of most lists.
    """
    table = _TABLES.get(font.strip().lower())
    if table is None:
        return text.replace(PRIVATE_BULLET, _BULLET)
    return "".join(_character(table, character) for character in text)


def _character(table: dict[int, str], character: str) -> str:
    code = ord(character)
    if code in _PRIVATE:
        return table.get(code - 0xF000, _BULLET)
    return table.get(code, character)
