"""What tests look at in a workbook that was read."""

from ingest.steps.parse import ParsedText


def body(parsed: ParsedText) -> str:
    """Return the text without the name of the first sheet."""
    return parsed.text.partition("\n\n")[2]


def warnings(parsed: ParsedText) -> list[str]:
    return [warning.code for warning in parsed.report.warnings]
