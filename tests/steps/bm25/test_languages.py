"""The language of texts, parts, words and queries."""

import random

import pytest

from ingest.steps import bm25
from ingest.steps.bm25 import stop_words
from ingest.steps.bm25.languages import (
    LANGUAGES,
    bits_of_languages,
    language_of_text,
    language_of_word,
    languages_of_bits,
    languages_of_parts,
    languages_of_query,
)

TEXTS = {
    "en": "The tenant has to give notice in writing, and the period of notice is three months from the end of a month.",
    "de": "Der Mieter muss schriftlich kündigen, und die Frist beträgt drei Monate zum Ende eines Monats.",
    "fr": "Le locataire doit donner congé par écrit, et le délai est de trois mois à la fin du mois.",
    "es": "El inquilino debe avisar por escrito, y el plazo es de tres meses desde el final de un mes.",
    "it": "Il conduttore deve dare la disdetta per iscritto, e il termine è di tre mesi dalla fine del mese.",
    "nl": "De huurder moet schriftelijk opzeggen, en de termijn is drie maanden tot het einde van de maand.",
    "pt": "O inquilino deve avisar por escrito, e o prazo é de três meses a contar do fim do mês, não de um dia.",
    "da": "Lejeren skal opsige lejemålet skriftligt, og fristen er tre måneder til udgangen af en måned, ikke efter.",
    "sv": "Hyresgästen ska säga upp avtalet skriftligt, och tiden är tre månader till slutet av en månad, inte efter.",
    "pl": "Najemca musi wypowiedzieć umowę na piśmie, a termin to trzy miesiące od końca miesiąca, który jest podany.",
    "tr": "Kiracı yazılı olarak bildirmek zorundadır ve süre bir ayın sonundan sonra üç aydır, bu da çok değil.",
    "fi": "Vuokralaisen on irtisanottava sopimus kirjallisesti, ja aika on kolme kuukautta, mutta ei kuin kerran.",
    "ru": "Арендатор должен уведомить об этом письменно, и срок составляет три месяца от конца месяца, но не позже.",
    "uk": "Орендар має повідомити про це письмово, і строк становить три місяці від кінця місяця, але не пізніше.",
    "el": "Ο ενοικιαστής πρέπει να ειδοποιήσει γραπτώς και η προθεσμία είναι τρεις μήνες από το τέλος του μήνα.",
    "ar": "يجب على المستأجر أن يخطر المؤجر كتابة في مدة ثلاثة أشهر من نهاية الشهر هذا أو بعد ذلك.",
    "fa": "مستأجر باید این را به صورت کتبی اعلام کند و مهلت آن سه ماه از پایان ماه است که در قرارداد آمده.",
    "he": "על השוכר להודיע על כך בכתב, או גם בעל פה, לפני סוף החודש של השנה כמו כל אחד.",
    "hi": "किराएदार को यह लिखित में देना है और अवधि तीन महीने की है, जो महीने के अंत से है।",
}
CODE = "def f(self, x):\n    return [x ** 2 + self.a for x in range(10)]\n" * 20
TABLE = "\n".join(f"{i}\t{i * 37 % 101}\t{i * i}" for i in range(200))


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert language_of_text(TEXTS[language]) == language


@pytest.mark.parametrize("text", ["", " ", TABLE, "0x1F 0x2E ab12", "租户必须书面通知", "ระยะเวลาการแจ้งบอกเลิกสัญญา"])
def test_text_without_small_words_has_no_language(text: str) -> None:
    assert language_of_text(text) == ""


def test_each_part_has_its_own_language_and_an_unclear_one_that_of_the_document() -> None:
    pieces = [TEXTS["de"] * 12, TABLE, TEXTS["fr"] * 12, CODE.replace("for", "").replace("in", ""), TEXTS["de"] * 12]
    text, parts = "", []
    for piece in pieces:
        parts.append((len(text), len(text) + len(piece)))
        text += piece + "\n" * (1_000 - len(text + piece) % 1_000)

    assert languages_of_parts(text, parts) == ["de", "de", "fr", "de", "de"]


def test_a_text_that_is_half_english_is_in_its_other_language() -> None:
    assert language_of_text(f"{TEXTS['en']} {TEXTS['it']} {TEXTS['en']} {TEXTS['it']}") == "it"


def test_a_quotation_does_not_change_the_language_of_a_part() -> None:
    text = f"{TEXTS['de'] * 20} {TEXTS['en']} {TEXTS['de'] * 20}"

    assert set(languages_of_parts(text, [(0, 1_000), (1_000, 3_000), (0, len(text))])) == {"de"}


def test_parts_may_be_empty_or_at_the_end_of_the_text() -> None:
    text = TEXTS["de"]

    assert languages_of_parts(text, [(0, 0), (len(text), len(text))]) == ["de", "de"]
    assert languages_of_parts("", [(0, 0)]) == [""]
    assert languages_of_parts(text, []) == []


def test_the_same_text_always_has_the_same_languages() -> None:
    mixed = " ".join(random.Random(7).sample(" ".join(TEXTS.values()).split(), 200))

    assert len({tuple(languages_of_parts(mixed, [(0, 500), (500, 1_000)])) for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("contract", "de", "de"),
        ("contract", "ru", "en"),
        ("Verträge", "ru", "en"),
        ("договор", "de", "ru"),
        ("договір", "uk", "uk"),
        ("σύμβαση", "en", "el"),
        ("عقد", "fa", "fa"),
        ("عقد", "en", "ar"),
        ("合同", "de", "de"),
        ("contract", "", ""),
    ],
)
def test_a_word_is_stemmed_by_a_language_of_its_script(word: str, language: str, expected: str) -> None:
    assert language_of_word(word, language) == expected


def test_a_clear_query_is_in_one_language_and_another_in_all_that_the_store_holds() -> None:
    held = ("en", "de", "fr")

    assert languages_of_query("Wie lange ist die Frist für die Kündigung?", held) == ("de",)
    assert languages_of_query("notice period", held) == held
    assert languages_of_query("Wie lange ist die Frist für die Kündigung?", ("en", "fr")) == ("en", "fr")
    assert languages_of_query("", held) == held


def test_a_query_with_a_few_small_words_is_in_the_languages_that_have_them() -> None:
    assert languages_of_query("informe de gastos", ("en", "de", "es", "pt")) == ("en", "es", "pt")


def test_languages_are_bits_and_english_is_always_one_of_them() -> None:
    assert languages_of_bits(0) == ("en",)
    assert languages_of_bits(bits_of_languages(["de", "", "ru"])) == ("en", "de", "ru")
    assert languages_of_bits(bits_of_languages(LANGUAGES)) == LANGUAGES
    assert bits_of_languages(LANGUAGES) < 1 << 63
    assert bits_of_languages([]) == 0


def test_the_bits_of_stored_languages_do_not_change() -> None:
    assert " ".join(LANGUAGES[:18]) == "en ar da de el es fi fr hu it nl no pt ro ru sv ta tr"
    assert set(LANGUAGES) == set(stop_words.languages())


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("de", "Die Kündigungen der Verträge sind schriftlich und nicht mündlich.", "Kündigung Vertrag"),
        ("de", "Die Frist der Kündigung ist nicht lang und sie ist im Vertrag.", "Kündigungsfrist"),
        ("de", "Die Kündigungsfrist ist nicht lang und sie ist im Vertrag.", "Frist Kündigung"),
        ("ru", "Сроки договоров указаны в приложении и не могут быть изменены.", "срок договора"),
        ("fr", "Les factures des locataires sont dans les dossiers de la société.", "facture locataire"),
        ("fi", "Sopimukset ovat kirjallisia ja ne ovat voimassa, mutta eivät aina.", "sopimuksen"),
    ],
)
def test_a_query_finds_other_forms_of_its_words(language: str, text: str, query: str) -> None:
    [found] = bm25.languages_of_parts(text, [(0, len(text))])
    terms = bm25.query_terms(query, bm25.languages_of_bits(bm25.bits_of_languages([found])))

    hits = set(bm25.count_terms(text, found).ids.tolist()) & set(terms.words)

    assert found == language
    assert len(hits) >= len(query.split())
