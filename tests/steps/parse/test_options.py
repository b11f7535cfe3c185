"""The options of one file on their way to the parser process."""

import json

from ingest.config import Settings
from ingest.steps.parse.options import ParseOptions, current_options, set_current_options


def test_options_survive_the_way_as_json() -> None:
    options = ParseOptions.of(Settings(ocr="tesseract", ocr_languages="deu, eng,"), defer_ocr=True)

    assert options.ocr_languages == ("deu", "eng")
    assert options.defer_ocr
    assert ParseOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


def test_a_process_has_the_options_of_its_file() -> None:
    before = current_options()
    set_current_options(ParseOptions(ocr="rapidocr"))

    assert current_options().ocr == "rapidocr"
    set_current_options(before)


def test_ocr_is_off_without_a_request() -> None:
    assert ParseOptions().ocr == "off"
