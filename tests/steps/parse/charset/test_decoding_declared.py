"""Declarations of a character set, which count where they fit the bytes."""

import pytest

from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset import decode, decode_counted


@pytest.mark.parametrize(
    "declared", ["iso-8859-1", "windows-1251", "shift_jis", "us-ascii", "nonsense", "utf-16", "big5"]
)
def test_valid_utf_8_wins_over_a_wrong_declaration(declared: str) -> None:
    assert decode("Müller wohnt in Köln".encode(), declared) == "Müller wohnt in Köln"


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("“Grüße” – 5 €", "cp1252", "iso-8859-1"),
        ("Grüße", "cp1252", "latin1"),
        ("Ç'est ça", "mac_roman", "macintosh"),
        ("да", "cp1251", "windows-1251"),
        ("да", "koi8_r", "KOI8-R"),
        ("ą", "iso8859_2", "iso-8859-2"),
        ("„ą”", "cp1250", "iso-8859-2"),
        ("ğ", "cp1254", "iso-8859-9"),
        ("שלום", "cp1255", "iso-8859-8-i"),
        ("ภาษา", "cp874", "tis-620"),
        ("会議①髙", "cp932", "shift_jis"),
        ("你好镕", "gb18030", "gb2312"),
        ("똠방각하", "cp949", "ks_c_5601-1987"),
        ("€", "cp950", "big5"),
        ("Größe", "cp850", "ibm850"),
    ],
)
def test_a_declaration_that_fits_counts(text: str, codec: str, declared: str) -> None:
    assert decode(text.encode(codec), declared) == text


def test_the_euro_sign_of_code_page_936_is_decoded() -> None:
    assert decode(b"\xc4\xe3\x80\xba\xc3", "gb2312") == "你€好"


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        (b"Gr+APwA3w-e", "utf-7", "Grüße"),
        (b"~{Hc~}", "hz-gb-2312", "茹"),
        (b"1 + 1 = 2", "utf-7", "1 + 1 = 2"),
        (b"plain", "iso-2022-jp", "plain"),
        (b"plain ~{ text", "iso-8859-1", "plain ~{ text"),
    ],
)
def test_seven_bit_character_sets_count_only_if_declared(data: bytes, declared: str, text: str) -> None:
    assert decode(data, declared) == text


@pytest.mark.parametrize("declared", ["shift_jis", "euc-kr", "utf-8", "utf-16", "nonsense"])
def test_a_declaration_that_does_not_fit_is_ignored(declared: str) -> None:
    assert decode("Der Käse schmeckt größeren Gästen über alles.".encode("cp1252"), declared).startswith("Der Käse")


@pytest.mark.parametrize("declared", ["iso-8859-1", "us-ascii"])
def test_western_by_default_is_contradicted_by_russian_text(declared: str) -> None:
    text = "Добрый день! Высылаю протокол собрания."

    assert decode(text.encode("cp1251"), declared) == text
    assert decode(text.encode("koi8_r"), declared) == text


def test_western_text_in_capitals_stays_as_declared() -> None:
    text = "ÀÉÈÊ ÖÄÜ ÇÀ ÉTÉ À L’ÉCOLE ÉLÉMENTAIRE"

    assert decode(text.encode("cp1252"), "iso-8859-1") == text


def test_damaged_utf_8_stays_utf_8_whatever_is_declared() -> None:
    data = "Größe und Übung für Straße".encode() + b"\xff end"

    assert decode_counted(data, "iso-8859-1") == ("Größe und Übung für Straße\ufffd end", "utf-8", 1)


def test_replaced_bytes_are_counted_and_those_of_the_file_are_not() -> None:
    assert decode_counted("Größe und Übung für Straße \ufffd".encode()).replaced == 0
    assert decode_counted("Größe und Übung für Straße \ufffd".encode() + b"\xff\xfe").replaced == 2


def test_surrogates_in_utf_8_are_joined() -> None:
    assert decode("Größe ".encode() + b"\xed\xa0\xbd\xed\xb8\x80") == "Größe 😀"


def test_utf_16_without_nuls_counts_if_declared() -> None:
    assert decode("東京都の図書館".encode("utf-16-be"), "utf-16be") == "東京都の図書館"


def test_a_declaration_does_not_make_text_of_binary_data() -> None:
    with pytest.raises(UnsupportedFile):
        decode(bytes(range(32)) * 8, "iso-8859-1")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Sayın yetkili, ekteki dosyayı inceleyiniz. Teşekkürler, İyi günler. Ağ bağlantısı", "cp1254"),
        ("Dzień dobry, przesyłam załącznik. Z poważaniem, Łukasz Żółw", "iso8859_2"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy, dobrý den", "cp1250"),
    ],
)
def test_a_western_declaration_of_other_latin_letters_does_not_count(text: str, codec: str) -> None:
    assert decode(text.encode(codec), "iso-8859-1") == text


@pytest.mark.parametrize(
    "text",
    [
        "Þetta er á íslensku og það er með stöfum sem eru ekki í öðrum málum, maðurinn",
        "L’été à la plage était très agréable, où çà et là",
        "Å være på bordet; smørrebrød, ærlig talt",
        "Não há coração em São Paulo, amanhã",
        "5 m² für 3 £ ± 10 ¢ ¿qué? ¡sí!",
    ],
)
def test_a_western_declaration_of_western_letters_counts(text: str) -> None:
    assert decode(text.encode("cp1252"), "iso-8859-1") == text


def test_korean_in_seven_bits_is_not_binary() -> None:
    assert decode("안녕하세요".encode("iso2022_kr"), "iso-2022-kr") == "안녕하세요"
