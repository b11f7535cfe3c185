"""Text layers whose codes are not characters."""

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.formats.pdf.legibility import is_legible
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile

PROSE = {
    "en": "The contract number is due in May and the board of directors approved it without further discussion",
    "de": "Der Vertrag ist im Mai fällig und der Vorstand hat ihn ohne weitere Aussprache genehmigt",
    "pl": "Umowa jest wymagana w maju a zarząd zatwierdził ją bez dalszej dyskusji jednogłośnie",
    "hu": "A szerződés májusban esedékes és az igazgatóság további vita nélkül jóváhagyta azt",
    "cs": "Smlouva je splatná v květnu a představenstvo ji schválilo bez další diskuse jednomyslně",
    "vi": "Hợp đồng đến hạn vào tháng năm và hội đồng quản trị đã phê duyệt mà không cần thảo luận",
    "tr": "Sözleşme mayıs ayında sona eriyor ve yönetim kurulu daha fazla tartışmadan onayladı",
}
OTHER = {
    "capitals": "CONTRACT NUMBER IS DUE IN MAY AND THE BOARD OF DIRECTORS APPROVED IT",
    "codes": "KHX-4471 QWZ-9920 BXK-1123 ZZT-0034 PQR-5567 MNV-8890 XKJ-2241 WQP-7712",
    "dna": "ACGTTGCAAGCTTACGGATCCATGCAAGCTTGGCACTGGCCGTCGTTTTACAACGTCGTGACTGG",
    "base64": "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0IGVuY29kaW5nIGFuZCBpdCBpcyBsb25n",
    "code": "def f(x): return x+1 if x > 0 else -x; assert f(-1) == 1; print(f(2))",
    "numbers": "1,234.50 99.10 17 2024-05-01 12:30 +47 22 33 44 55 100 % 3.14",
    "leaders": "Introduction ............................ 5\nMethods ............................ 17",
    "greek": "Η σύμβαση λήγει τον Μάιο και το διοικητικό συμβούλιο την ενέκρινε χωρίς συζήτηση",
    "japanese": "契約は五月に期限を迎え、取締役会は議論なしにそれを承認した。",
    "one word": "Fig",
    "expressions": r"^(?:[+\-*/%]|\*\*|//|==|!=)$ \[{1,3}([^\]]*)\]{1,3} $#!/@&*()_+=-~`|\:;?.,",
    "program": "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.",
    "bullets": "\uf0b7 first\n\uf0b7 to\n\uf0b7 a",
}


def moved(text: str) -> str:
    """Return the text as the glyph numbers of a TrueType font in its usual order."""
    return "".join(chr(ord(character) - 29) for character in text if character.isascii() and character != " ")


@pytest.mark.parametrize("text", [*PROSE.values(), *OTHER.values()], ids=[*PROSE, *OTHER])
def test_text_with_characters_is_legible(text: str) -> None:
    assert is_legible(text, 0)


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE.keys())
def test_prose_is_legible_even_if_its_fonts_lack_the_mapping(text: str) -> None:
    assert is_legible(text, 1)


@pytest.mark.parametrize("text", ["1.234,56 € -17,20 € 3,00 %", "Η σύμβαση λήγει τον Μάιο", "Договор истекает в мае"])
def test_numbers_and_other_alphabets_are_legible_even_if_their_fonts_lack_the_mapping(text: str) -> None:
    assert is_legible(text, 1)


@pytest.mark.parametrize("share", [0, 1])
@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE.keys())
def test_glyph_numbers_are_not_legible(text: str, share: float) -> None:
    assert not is_legible(moved(text), share)


@pytest.mark.parametrize(
    "text",
    [
        "\x03\x04\x05\x06 \x0e\x0f\x10 abc",
        "\ue000\ue001\ue002\ue003 \ue004\ue005",
        "\ufffd\ufffd\ufffd\ufffd a",
        "!\"#$%&' ()*+,- ./0123 456789 :;<= >?@!\" #$%&' ()*+,- ./:;<=>?@",
    ],
)
def test_controls_and_private_characters_are_not_legible(text: str) -> None:
    assert not is_legible(text, 0)


def font_without_mapping(file: PdfFile) -> str:
    descendant = file.add(
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/A+Foo/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        "/Supplement 0>>/CIDToGIDMap/Identity/DW 500/FontDescriptor<</Type/FontDescriptor/FontName/A+Foo/Flags 4"
        "/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>>>"
    )
    return file.add(f"<</Type/Font/Subtype/Type0/BaseFont/A+Foo/Encoding/Identity-H/DescendantFonts[{descendant}]>>")


def glyph_numbers(text: str) -> str:
    return "BT /F2 12 Tf 72 700 Td <" + "".join(f"{ord(c) - 29:04x}" for c in text) + "> Tj ET"


def test_a_file_of_glyph_numbers_is_refused(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page(glyph_numbers("The contract number is 4711"), fonts=f"/F2 {font_without_mapping(file)}")

    with pytest.raises(UnsupportedFile, match=r"no usable text layer.*OCR is off \(INGEST_OCR"):
        read_pdf(file)


def test_a_page_of_glyph_numbers_among_others_is_reported(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.text_page("A page with letters.")
    file.page(glyph_numbers("The contract number is 4711"), fonts=f"/F2 {font_without_mapping(file)}")

    parsed = read_pdf(file)

    assert parsed.text == "A page with letters."
    assert parsed.report.parts["page"] == {"read": 1, "not_read": 1}
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("page_illegible", "page 2")]
