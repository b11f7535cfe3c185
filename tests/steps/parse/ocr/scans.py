"""Scans drawn for the tests of OCR: pages of text with noise, and the character error rate.

The fonts are reduced to the characters of TEXTS: latin.ttf from DejaVu Serif (free licence of Bitstream Vera and DejaVu),
cjk.ttf from Droid Sans Fallback (Apache 2.0).
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).parent
A4_AT_100_DPI = (827, 1169)

TEXTS = {
    "english": "The committee met on 14 March to review the annual accounts. Revenue rose by 15.5 % to 1,204,300 euros, "
    "while the cost of energy fell for the third time in a row. Members asked for a written report.",
    "german": "Der Ausschuss prüfte am 14. März den Jahresabschluss. Die Erlöse stiegen um 15,5 %, während die Kosten für "
    "Wärme größer als erwartet ausfielen. Über das Gebäude in der Königstraße wird später entschieden.",
    "french": "Le comité a examiné les comptes annuels le 14 mars. Les recettes ont augmenté de 15,5 %, tandis que le coût "
    "de l'énergie a baissé pour la troisième fois. Les élèves reçoivent déjà une réponse écrite à Noël.",
    "spanish": "El comité examinó las cuentas anuales el 14 de marzo. Los ingresos aumentaron un 15,5 %, mientras que el "
    "coste de la energía bajó por tercera vez este año. La reunión siguiente será mañana en Logroño.",
    "chinese": "委员会于三月十四日审查了年度账目。收入增长了百分之十五，而能源成本连续第三次下降。"
    "成员要求在下次会议之前提交书面报告。学校将在秋天开放新的图书馆。",
    "japanese": "委員会は三月十四日に年次決算を審査した。収入は十五パーセント増加し、"
    "エネルギーの費用は三回続けて減少した。次の会議までに報告書を提出してください。",
}


def scan(
    paragraphs: Sequence[str],
    *,
    size: tuple[int, int] = A4_AT_100_DPI,
    letter: int = 17,
    columns: int = 1,
    rotation: int = 0,
    noise: float = 8.0,
) -> Image.Image:
    """Return a grey page with paragraphs, turned clockwise by `rotation` degrees.

    With several columns each paragraph fills one. `letter` is the size of the letters in pixels.
    """
    width, height = size
    page = Image.new("L", size, 250)
    draw = ImageDraw.Draw(page)
    column_width = (width - 140) // columns
    top = 90
    for number, paragraph in enumerate(paragraphs):
        left = 70 + (column_width * number if columns > 1 else 0)
        font = ImageFont.truetype(FONTS / ("cjk.ttf" if ord(paragraph[0]) > 0x3000 else "latin.ttf"), letter)
        for line in _lines(draw, paragraph, font, column_width - (30 if columns > 1 else 0)):
            draw.text((left, top), line, fill=25, font=font)
            top += int(letter * 1.5)
        top = 90 if columns > 1 else top + letter
    pixels = np.asarray(page, np.float32) + np.random.default_rng(7).normal(0, noise, (height, width))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).rotate(-rotation, expand=True)


def _lines(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    units = list(text) if ord(text[0]) > 0x3000 else [f"{word} " for word in text.split(" ")]
    lines = [""]
    for unit in units:
        if draw.textlength(lines[-1] + unit.rstrip(), font=font) > width:
            lines.append("")
        lines[-1] += unit
    return [line.rstrip() for line in lines]


def as_pdf(pages: Sequence[Image.Image]) -> bytes:
    """Return a PDF of scanned pages: no text, one picture a page, at 100 dots per inch."""
    file = io.BytesIO()
    pages[0].save(file, "PDF", resolution=100.0, save_all=True, append_images=pages[1:])
    return file.getvalue()


def error_rate(expected: str, recognized: str) -> float:
    """Return the character error rate: the edits from one text to the other for each expected character.

    White space counts as one space; between characters of scripts without spaces it does not count.
    """
    separator = "" if ord(expected[0]) > 0x3000 else " "
    before, after = separator.join(expected.split()), separator.join(recognized.split())
    row = list(range(len(after) + 1))
    for number, character in enumerate(before, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(after, start=1):
            edits = min(row[column] + 1, row[column - 1] + 1, diagonal + (character != other))
            diagonal, row[column] = row[column], edits
    return row[-1] / len(before)
