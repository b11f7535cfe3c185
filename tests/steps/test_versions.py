"""The version stamp of a file's points."""

import pytest

from ingest.steps import versions


def test_the_stamp_names_parser_chunker_terms_and_model() -> None:
    assert versions.pipeline_version("m").endswith(", m")
    assert versions.pipeline_version("m") != versions.pipeline_version("other")


@pytest.mark.parametrize("name", ["PARSER_VERSION", "CHUNKER_VERSION", "TERMS_VERSION"])
def test_a_new_version_of_a_step_changes_the_stamp(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = versions.pipeline_version("m")

    monkeypatch.setattr(versions, name, "next")

    assert versions.pipeline_version("m") != before
