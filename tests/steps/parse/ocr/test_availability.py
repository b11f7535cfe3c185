"""Which engine is used, and the messages without one."""

import pytest

from ingest.config import Settings
from ingest.steps.parse.ocr import availability, has_slow_lane, lacks_ocr, unread_file_message, unread_page_message
from ingest.steps.parse.ocr.availability import selected_engine
from ingest.steps.parse.options import OcrEngineName, ParseOptions, set_current_options
from ingest.steps.parse.report import Report, ReportWarning


def install(monkeypatch: pytest.MonkeyPatch, *, rapidocr: bool, tesseract: tuple[str, ...]) -> None:
    monkeypatch.setattr(availability, "has_rapidocr", lambda: rapidocr)
    monkeypatch.setattr(availability, "tesseract_languages", lambda: tesseract)


@pytest.mark.parametrize(
    ("ocr", "languages", "rapidocr", "tesseract", "engine"),
    [
        ("off", (), True, ("eng",), None),
        ("auto", (), True, ("eng",), "rapidocr"),
        ("auto", ("eng",), True, ("deu", "eng"), "tesseract"),
        ("auto", ("eng", "fra"), True, ("deu", "eng"), "rapidocr"),
        ("auto", (), False, ("eng",), "tesseract"),
        ("auto", ("fra",), False, ("eng",), "tesseract"),
        ("auto", (), False, (), None),
        ("rapidocr", (), True, ("eng",), "rapidocr"),
        ("rapidocr", (), False, ("eng",), None),
        ("tesseract", (), True, ("eng",), "tesseract"),
        ("tesseract", (), True, (), None),
    ],
)
def test_the_engine_follows_the_settings_and_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
    ocr: OcrEngineName,
    languages: tuple[str, ...],
    rapidocr: bool,
    tesseract: tuple[str, ...],
    engine: str | None,
) -> None:
    install(monkeypatch, rapidocr=rapidocr, tesseract=tesseract)

    assert selected_engine(ParseOptions(ocr=ocr, ocr_languages=languages)) == engine


def test_there_is_a_slow_lane_only_with_ocr_and_workers_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, rapidocr=True, tesseract=())

    assert has_slow_lane(Settings(ocr="auto"))
    assert not has_slow_lane(Settings(ocr="off"))
    assert not has_slow_lane(Settings(ocr="tesseract"))
    assert not has_slow_lane(Settings(ocr="auto", ocr_workers=0))


@pytest.mark.parametrize("ocr", ["off", "auto", "tesseract"])
def test_messages_name_the_setting(ocr: OcrEngineName) -> None:
    set_current_options(ParseOptions(ocr=ocr))

    messages = unread_page_message(), unread_file_message("The file is an image")
    set_current_options(ParseOptions())

    assert all(f"INGEST_OCR={ocr}" in message for message in messages)


def test_a_report_tells_whether_ocr_would_have_read_more() -> None:
    unread = ReportWarning(
        "attachment_not_read", f"An attachment was not read. {unread_file_message('It is an image')}"
    )

    assert lacks_ocr(Report(parts={"page": {"read": 3, "not_read": 1}}))
    assert lacks_ocr(Report(warnings=(unread,)))
    assert not lacks_ocr(Report(parts={"page": {"read": 3}, "image": {"not_read": 1}}))


def test_the_settings_travel_to_the_parser_process() -> None:
    settings = Settings(ocr="tesseract", ocr_languages=" deu, eng,", ocr_max_pages=7, ocr_page_seconds=3)

    options = ParseOptions.of(settings, defer_ocr=True)

    assert (options.ocr, options.ocr_languages, options.ocr_max_pages) == ("tesseract", ("deu", "eng"), 7)
    assert ParseOptions.from_json(options.to_json()) == options
