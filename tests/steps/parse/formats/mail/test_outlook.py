"""Outlook messages."""

import io
from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.outlook import _add_message, _Storages
from ingest.steps.parse.parsed import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.mail.messages import properties

SENT = 0x0039


class FakeContainer:
    """An OLE container with these streams, by path."""

    def __init__(self, storages: dict[str, dict[str, bytes]]) -> None:
        self._streams = {
            f"{path}/{name}".strip("/"): data for path, part in storages.items() for name, data in part.items()
        }

    def listdir(self, *, streams: bool, storages: bool) -> list[list[str]]:
        paths = {path for name in self._streams for path in self._parents(name)} | set(self._streams)
        return [path.split("/") for path in paths]

    def _parents(self, name: str) -> list[str]:
        parts = name.split("/")
        return ["/".join(parts[:end]) for end in range(1, len(parts))]

    def openstream(self, path: list[str]) -> Any:
        return io.BytesIO(self._streams["/".join(path)])


def read(storages: dict[str, dict[str, bytes]]) -> ParsedText:
    builder = TextBuilder()
    _add_message(builder, _Storages(FakeContainer(storages)), (), 0)
    return builder.parsed("msg")


def test_a_message_begins_with_its_headers(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.msg", documents.msg("Greetings", "Hello you."))

    assert parsed.text == "Subject: Greetings\n\nHello you."
    assert (parsed.kind, parsed.report.reader) == ("msg", "olefile")


def test_recipients_senders_and_times_are_shown() -> None:
    people = [("Bob", "bob@example.org", 1), ("Eve", "/o=org/cn=eve", 2), ("Dan", "dan@example.org", 3)]
    storages = {
        f"__recip_version1.0_#0000000{number}": properties({0x3001: name, 0x39FE: address, 0x0C15: kind}, 8)
        for number, (name, address, kind) in enumerate(people)
    }
    message = properties({0x0037: "s", 0x0042: "Ann", 0x5D02: "ann@example.org", 0x1000: "b"}, 32)

    text = read({"": message, **storages}).text

    assert text == (
        "Subject: s\nFrom: Ann <ann@example.org>\nTo: Bob <bob@example.org>\nCc: Eve\nBcc: Dan <dan@example.org>\n\nb"
    )


def test_attachments_and_attached_messages_are_sections() -> None:
    attachment = "__attach_version1.0_#0000000"
    parsed = read(
        {
            "": properties({0x0037: "outer", 0x1000: "body"}, 32),
            f"{attachment}0": properties({0x3707: "ü.txt", 0x3701: b"attached words"}, 8),
            f"{attachment}1": properties({0x3707: "fwd"}, 8),
            f"{attachment}1/__substg1.0_3701000D": properties({0x0037: "inner", 0x1000: "inner body"}, 24),
            f"{attachment}2": properties({0x3707: "logo.png", 0x3712: "cid", 0x3701: b"x"}, 8),
            f"{attachment}3": properties({0x3707: "sheet"}, 8),
            f"{attachment}3/__substg1.0_3701000D": {"CONTENTS": b"x"},
        }
    )

    assert [(section.kind, section.name) for section in parsed.sections] == [
        ("attachment", "ü.txt"), ("message", "inner")
    ]  # fmt: skip
    assert "attached words" in parsed.text
    assert "Subject: inner\n\ninner body" in parsed.text
    assert parsed.report.parts == {"attachment": {"read": 1, "not_read": 1}, "image": {"not_read": 1}}


def test_strings_of_old_messages_are_in_their_code_page() -> None:
    message = properties({0x3FFD: 1251}, 32) | {"__substg1.0_0037001E": "Привет".encode("cp1251")}

    assert read({"": message}).text == "Subject: Привет"


def test_a_contact_shows_its_numbers() -> None:
    assert "Mobile telephone: 555 1234" in read({"": properties({0x0037: "Ann", 0x3A1C: "555 1234"}, 32)}).text
