"""The main language of a text is recognised, or not named."""

import time

import pytest

from ingest.steps.parse.language import detect_language

SENTENCES = {
    "en": "The heron stands in the water and waits for fish. It is not in a hurry.",
    "de": "Der Reiher steht im Wasser und wartet auf Fische. Er hat es nicht eilig, und die Fische sind klein.",
    "fr": "Le héron est dans l'eau et il attend les poissons. Ce n'est pas un oiseau pressé pour une fois.",
    "es": "La garza está en el agua y espera a los peces. No tiene prisa, como las otras de la orilla del río.",
    "it": "L'airone è in acqua e aspetta i pesci. Non ha fretta, e gli altri sono con lui nella palude per la notte.",
    "pt": "A garça não está com pressa. Os peixes são pequenos e ela espera em uma das margens do rio.",
    "nl": "De reiger staat in het water en wacht op de vissen. Hij is niet gehaast en de vissen zijn klein.",
    "sv": "Hägern står i vattnet och väntar på fisk. Det är inte bråttom för den som har tid att vänta.",
    "pl": "Czapla stoi w wodzie i czeka na ryby. Nie spieszy się, bo ryby są małe i jest ich dużo przy brzegu.",
    "cs": "Volavka stojí ve vodě a čeká na ryby. Není to pták, který by se honil, a ryby jsou malé, jako vždy.",
    "tr": "Balıkçıl suda duruyor ve bir balık için bekliyor. Bu kuş çok sabırlı, acele etmez ve daha çok bekler.",
    "fi": "Haikara seisoo vedessä ja odottaa kaloja. Se ei ole kiireinen, mutta kalat ovat pieniä kuin aina.",
    "ru": "Цапля стоит в воде и ждёт рыбу. Это не птица, которая спешит, а рыба здесь как всегда из реки.",
    "uk": "Чапля стоїть у воді та чекає на рибу. Це не птах, що поспішає, а риба тут як завжди з річки.",
    "el": "Ο ερωδιός στέκεται στο νερό και περιμένει τα ψάρια.",
    "he": "האנפה עומדת במים ומחכה לדגים.",
    "ar": "يقف مالك الحزين في الماء وينتظر السمك من النهر، لا يعرف هذا الطائر العجلة على الإطلاق في كل يوم.",
    "ja": "サギは水の中に立って魚を待っています。",
    "zh": "苍鹭站在水中等待鱼儿。",
    "ko": "왜가리가 물속에 서서 물고기를 기다린다.",
    "th": "นกกระสายืนอยู่ในน้ำและรอปลา",
    "hi": "बगुला पानी में है और मछली का इंतज़ार है। यह पक्षी जल्दी में नहीं है और मछली को देखता है।",
}  # fmt: skip


@pytest.mark.parametrize("language", SENTENCES)
def test_the_language_of_a_few_sentences_is_recognised(language: str) -> None:
    assert detect_language(SENTENCES[language]) == language


@pytest.mark.parametrize("text", [
    "", "12 34 56\n1.5 % 9", "Team,Wins\nCanucks,2\nLions,5", "Heron", "x = f(y)\nz = g(x)", "GmbH & Co. KG", "\ufffd" * 50,
])  # fmt: skip
def test_a_text_without_clear_words_has_no_language(text: str) -> None:
    assert detect_language(text) == ""


def test_the_main_language_is_that_of_most_words() -> None:
    assert detect_language(SENTENCES["de"] * 5 + SENTENCES["en"]) == "de"


def test_long_texts_take_no_longer_than_short_ones() -> None:
    text = SENTENCES["de"] * 200_000
    detect_language(text[:100])
    started_at = time.process_time()

    assert detect_language(text) == "de"

    assert time.process_time() - started_at < 0.05
