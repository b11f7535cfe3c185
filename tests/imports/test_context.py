"""The context of an import: its store, its journal and its manifests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import openai
import pytest

from ingest.errors import Refused
from ingest.imports.context import list_source_files, open_context, open_manifest
from ingest.imports.import_roots import ImportRoots
from ingest.imports.source_files import NO_FILES, SourceFile, SourceProblem
from ingest.imports.web import DownloadLimits, WebDownloader
from tests.cli.fake_service import FakeService
from tests.imports.scenes import make_options


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=0) as client:
        yield client


def test_a_store_is_created_only_for_existing_files(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    options = make_options(tmp_path / "journals", tmp_path)

    with ExitStack() as stack, pytest.raises(Refused, match="The sources contain no files"):
        open_context(stack, client, options, creates_store=True)
    assert service.stores == []

    (tmp_path / "a.txt").write_text("a")
    with ExitStack() as stack:
        assert open_context(stack, client, options, creates_store=True).store_id == "vs_0"
    assert len(list((tmp_path / "journals").glob("*.db"))) == 1


def test_a_plan_for_a_missing_store_has_a_temporary_journal(
    client: openai.OpenAI, service: FakeService, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")

    with ExitStack() as stack:
        context = open_context(stack, client, make_options(tmp_path / "journals", tmp_path), creates_store=False)
        assert context.store_id == ""

    assert service.stores == []
    assert not (tmp_path / "journals").exists()


def test_an_import_without_sources_is_refused(client: openai.OpenAI, tmp_path: Path) -> None:
    with ExitStack() as stack, pytest.raises(Refused, match="Name files or folders"):
        open_context(stack, client, make_options(tmp_path), creates_store=True)


def test_a_manifest_outside_the_import_roots_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a.txt\n")
    downloader = WebDownloader(DownloadLimits())

    with ExitStack() as stack, pytest.raises(Refused, match="cannot be read: The path is outside the import roots"):
        open_manifest(stack, downloader, f"{tmp_path}/list.txt", ImportRoots(folders=("/nowhere",)))


def test_an_empty_source_is_a_problem_only_next_to_a_source_with_files(tmp_path: Path) -> None:
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    options = make_options(tmp_path, full, empty, requires_files=True)

    assert list(list_source_files(options, [])) == []

    (full / "a.txt").write_text("a")
    file, problem = list_source_files(options, [])
    assert isinstance(file, SourceFile)
    assert problem == SourceProblem(str(empty), NO_FILES, hides_files=True)
