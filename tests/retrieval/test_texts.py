"""The texts of the retrieval benchmark are complete and well formed."""

from tests.retrieval.texts import DATA, LANGUAGES, read_collection, read_collections

KINDS = {"question", "keywords", "identifier", "file"}


def test_there_are_enough_passages_and_questions_in_eight_languages_and_code() -> None:
    everything = read_collection("everything")

    assert len(everything.passages) >= 240
    assert len(everything.questions) >= 280
    assert len(everything.foreign) >= 40
    assert {path.stem for path in DATA.glob("*.jsonl")} == {*LANGUAGES, "english_only", "code", "foreign"}


def test_the_languages_have_the_same_passages_and_at_least_one_question_for_each() -> None:
    ids = {
        language: [passage.key.split("/")[1] for passage in read_collection(language).passages]
        for language in LANGUAGES
    }

    assert all(of_language == ids["en"] for of_language in ids.values())
    for language in LANGUAGES:
        collection = read_collection(language)
        assert {question.answer for question in collection.questions} == {p.key for p in collection.passages}


def test_every_question_has_a_known_kind_and_an_answer() -> None:
    for collection in read_collections():
        keys = [passage.key for passage in collection.passages]
        assert len(keys) == len(set(keys))
        assert {question.answer for question in collection.questions} <= set(keys)
        assert {question.kind for question in collection.questions} <= KINDS


def test_no_question_is_copied_from_its_passage() -> None:
    everything = read_collection("everything")
    texts = {passage.key: passage.text.lower() for passage in everything.passages}

    copied = [q.text for q in everything.questions if q.kind == "question" and q.text.lower() in texts[q.answer]]

    assert copied == []


def test_no_file_name_gives_a_passage_away_except_for_questions_about_names() -> None:
    for passage in read_collection("english").passages:
        if passage.filename.startswith(("en-", "english_only-")):
            assert passage.filename.split("-")[1].removesuffix(".txt").isdigit()
