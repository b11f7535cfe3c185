"""Archives attached to mails."""

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail import zipped
from tests.steps.parse.documents import DocumentBuilder


def test_other_data_is_no_archive() -> None:
    assert not zipped.add_zip(TextBuilder(), b"text", "a.zip")


def test_members_beyond_the_bounds_are_a_warning(documents: DocumentBuilder) -> None:
    builder = TextBuilder()
    data = documents.zipped({f"{number}.txt": "x" for number in range(zipped._MAX_MEMBERS + 5)})

    zipped.add_zip(builder, data, "a.zip")

    report = builder.parsed("eml").report
    assert report.parts["attachment"] == {"read": zipped._MAX_MEMBERS, "not_read": 1}
    assert report.warnings[0].message == "Only the first 200 of 205 files in the archive were read."


def test_a_bomb_is_a_warning(documents: DocumentBuilder) -> None:
    builder = TextBuilder()
    data = documents.with_claimed_size(documents.zipped({"a.txt": "x"}), 2**31)

    zipped.add_zip(builder, data, "a.zip")

    assert "grow" in builder.parsed("eml").report.warnings[0].message
