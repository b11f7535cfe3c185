"""Detection of character sets that nothing declares, measured over languages and lengths."""

import pytest

from ingest.steps.parse.charset import decode, decode_counted
from tests.steps.parse.charset.passages import PASSAGES, encode, samples
from tests.timing import assert_linear

SAMPLES = 4
MIN_RIGHT = {20: 0.92, 60: 0.97, 200: 0.99, 1000: 1.0}
"""Share of the texts of each length that are decoded without one wrong character."""


@pytest.mark.parametrize(("length", "share"), MIN_RIGHT.items())
def test_the_share_of_texts_that_are_decoded_right(length: int, share: float) -> None:
    wrong: list[tuple[str, str, str]] = []
    total = 0
    for language, (codecs, passage) in PASSAGES.items():
        for codec in codecs.split():
            for text in samples(passage, length, SAMPLES):
                total += 1
                if decode(encode(text, codec)) != text:
                    wrong.append((language, codec, text[:40]))

    assert total >= 15 * SAMPLES
    assert len(wrong) <= (1 - share) * total, f"{len(wrong)} of {total}: {wrong}"


@pytest.mark.parametrize("language", PASSAGES)
def test_a_whole_passage_is_decoded(language: str) -> None:
    codecs, passage = PASSAGES[language]

    for codec in codecs.split():
        assert decode(encode(passage, codec)) == passage, codec


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Привет мир", "cp1251"),
        ("Привет", "koi8_r"),
        ("Ошибка диска", "cp866"),
        ("שלום עולם זה טקסט בעברית", "cp1255"),
        ("Größe und Übergröße für Männer, café", "mac_roman"),
        ("Die Straße ist gesperrt", "cp1252"),
        ("Señor Muñoz", "cp1252"),
        ("“Quoted” — a résumé’s price: 5 €", "cp1252"),
        ("l’été à la plage…", "cp1252"),
        ("naïve café", "cp1252"),
        ("İstanbul'da güneşli bir gün", "cp1254"),
        ("Καλημέρα κόσμε", "cp1253"),
        ("Příliš žluťoučký kůň", "cp1250"),
        ("Gdańsk i Łódź", "iso8859_2"),
        ("© 2024 Example Ltd. All rights reserved.", "cp1252"),
        ("Temperature: 20 °C", "cp1252"),
        ("Price: £5", "cp1252"),
        ("ÄÖÜ ÄRZTE ÜBERALL", "cp1252"),
        ("┌────────┐\n│ Größe  │\n└────────┘", "cp437"),
        ("会議の議題", "cp932"),
        ("안녕하세요 여러분", "cp949"),
    ],
)
def test_one_line_is_decoded(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text


SHORT_WESTERN = (
    "Größe und Übung",
    "Größe",
    "Übung",
    "Über uns",
    "Öffnen",
    "TÜV-Prüfung",
    "Tschüß",
    "Äpfel und Öl",
    "Maße: 5 m²",
    "»Zitat«",
    "déjà vu",
    "élève",
    "À bientôt",
    "Noël à Paris",
    "Ça va",
    "l’été",
    "señor",
    "¿Dónde está?",
    "España",
    "niños y niñas",
    "São Paulo",
    "não",
    "coração",
    "perché",
    "città",
    "Brøndby",
    "Færøerne",
    "Malmö",
    "Åre",
    "blåbær",
    "på ö",
    "hyvää päivää",
    "Reykjavík",
    "Þór",
    "coöperatie",
    "façana",
)
MIXED_WESTERN = ("Übung und où", "Übung und più", "Straße und brød", "Äpfel und élève", "Öl und août", "Männer und île")  # fmt: skip
SHORT_MAC = (
    "Größe und Übung", "schöne Grüße", "für Männer", "Fußgänger", "élève", "déjà vu", "garçon français", "niños y niñas",
    "información", "coração", "København", "Malmö", "hyvää päivää", "città", "Größe und Übergröße für Männer, café",
)  # fmt: skip


@pytest.mark.parametrize("text", SHORT_WESTERN)
@pytest.mark.parametrize(
    "around",
    ["{}", "{}\n", "lorem ipsum dolor sit amet\n{} is good", "foo bar baz " * 10 + "{} is good", "id,name\n1,{}\n"],
)
def test_a_short_western_text_is_not_read_as_another_character_set(text: str, around: str) -> None:
    written = around.format(text)

    assert decode(written.encode("cp1252")) == written


@pytest.mark.parametrize("text", MIXED_WESTERN)
def test_words_of_two_western_languages_are_western(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("text", SHORT_MAC)
def test_a_short_text_of_a_mac_is_still_recognised(text: str) -> None:
    assert decode_counted(text.encode("mac_roman")) == (text, "mac_roman", 0)


@pytest.mark.parametrize("text", ["Umlaute: äöüÄÖÜß", "äöü", "Größe und Übung äöüÄÖÜß", "ÄÖÜ, Übung"])
def test_a_list_of_umlauts_is_western(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


def test_one_foreign_word_in_an_english_log_is_decoded() -> None:
    log = "2024-01-01 INFO the server has started\n2024-01-02 ERROR Ошибка чтения файла\n" * 3

    assert decode(log.encode("cp1251")) == log


def test_a_name_with_an_accent_in_an_english_text_stays_western() -> None:
    text = "The committee thanks Mr. Müller and Ms. Séverin for the report on the northern bridges.\n" * 3

    assert decode(text.encode("cp1252")) == text


def test_the_codec_is_told() -> None:
    assert decode_counted("Привет, мир".encode("koi8_r")).charset == "koi8_r"


def test_detection_takes_time_linear_in_the_length_of_a_file() -> None:
    line = "Die Größe der Straße überrascht die Gäste aus Köln.\n".encode("cp1252")

    assert_linear(lambda count: decode(line * count), 40_000)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("<html><head><meta charset=utf-8></head><body>Zürich naïve café</body></html>", "cp1252"),
        ('<?xml version="1.0" encoding="utf-8"?><r><a>Grüße</a></r>', "cp1252"),
        ("5 °C ± 2 µm", "cp1252"),
        ("naïve", "cp1252"),
        ("สวัสดีชาวโลก", "cp874"),
    ],
)
def test_a_few_letters_between_tags_and_signs_are_decoded(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text
