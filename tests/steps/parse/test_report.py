"""The coverage report of a file."""

from ingest.steps.parse.report import MAX_WARNINGS, Report, ReportBuilder, ReportWarning


def test_a_report_survives_json() -> None:
    builder = ReportBuilder()
    builder.count("page", "read", 3)
    builder.count("page", "failed")
    builder.warn("page_failed", "The page is\ndamaged.", "page 4")
    builder.count_replaced_characters(2, "page 1")
    report = builder.build().with_reader("pypdfium2", "5.0")

    assert Report.from_json(report.to_json()) == report
    assert report.parts == {"page": {"read": 3, "failed": 1}}
    assert report.warnings[0] == ReportWarning("page_failed", "The page is damaged.", "page 4")
    assert (report.warning_count, report.replaced_characters) == (2, 2)


def test_a_report_without_anything_to_say_is_empty_json() -> None:
    assert ReportBuilder().build().to_json() == {}
    assert Report.from_json({}) == Report()


def test_all_warnings_are_counted_and_the_first_are_kept() -> None:
    inner, outer = ReportBuilder(), ReportBuilder()
    for number in range(MAX_WARNINGS + 10):
        inner.warn("page_failed", "It is damaged.", f"page {number}")
    outer.warn("attachment_not_read", "It was not read.", "attachment b")

    outer.add(inner.build(), "attachment a")
    report = outer.build()

    assert report.warning_count == MAX_WARNINGS + 11
    assert len(report.warnings) == MAX_WARNINGS
    assert report.warnings[1].part == "attachment a, page 0"
