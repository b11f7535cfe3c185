"""Coverage reports of a project's stores."""

import pytest

from ingest.caller import Caller
from ingest.db.pages import Window
from ingest.errors import NotFound
from ingest.steps.parse.report import ReportBuilder
from ingest.stores import reports
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

WINDOW = Window(limit=10, order="asc")


@pytest.fixture
def store(services: FakeServices) -> str:
    """A store with one file, whose report has a warning."""
    builder = ReportBuilder()
    builder.warn("page_not_read", "The page is a picture.", "page 7")
    services.parser.report = builder.build().with_reader("pypdfium2", "5.0")
    store, _ = attach_texts(services, "A heron.")
    run_published_jobs(services)
    return store


def test_the_report_of_the_parser_is_kept_with_the_file(services: FakeServices, store: str) -> None:
    [view] = reports.list_page(services, CALLER, store, WINDOW, only_warnings=True).items

    assert view.file.warnings == 1
    assert view.report == services.parser.report.to_json()
    assert reports.retrieve(services, CALLER, store, view.file.file_id) == view
    assert reports.count_warnings(services, CALLER, store, None).files_by_code == {"page_not_read": 1}


def test_reports_of_other_projects_are_not_found(services: FakeServices, store: str) -> None:
    [view] = reports.list_page(services, CALLER, store, WINDOW).items
    other = Caller("proj_other")

    with pytest.raises(NotFound):
        reports.retrieve(services, other, store, view.file.file_id)
    with pytest.raises(NotFound):
        reports.list_page(services, other, store, WINDOW)
    with pytest.raises(NotFound):
        reports.count_warnings(services, other, store, None)


def test_unknown_files_and_batches_are_not_found(services: FakeServices, store: str) -> None:
    with pytest.raises(NotFound, match="file-unknown"):
        reports.retrieve(services, CALLER, store, "file-unknown")
    with pytest.raises(NotFound, match="vsfb_unknown"):
        reports.list_page(services, CALLER, store, WINDOW, batch_id="vsfb_unknown")
