"""Validation of import schedules."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.schemas.import_schedules import MAX_ITEMS, CreateImportSchedule


def test_valid_patterns_are_kept() -> None:
    schedule = CreateImportSchedule(cron="0 3 * * *", include=["docs/**/*.md"], attributes_from_path=["{team}/*"])

    assert (schedule.include, schedule.timezone) == (["docs/**/*.md"], "UTC")


@pytest.mark.parametrize(
    "fields",
    [
        {"sources": ["a.txt"] * (MAX_ITEMS + 1)},
        {"sources": [""]},
        {"sources": ["a\x00b"]},
        {"include": ["x" * 201]},
        {"attributes_from_path": ["{}/x"]},
    ],
)
def test_an_invalid_schedule_is_rejected(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CreateImportSchedule.model_validate({"cron": "0 3 * * *"} | fields)
