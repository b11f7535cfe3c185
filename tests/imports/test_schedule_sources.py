"""Which sources an import schedule may have, on both databases."""

from pathlib import Path
from typing import Any

import pytest

from ingest.caller import Caller
from ingest.errors import InvalidRequest
from ingest.imports import schedules
from tests.fakes import CALLER, FakeServices
from tests.imports.schedule_scenes import (
    WEB,
    create_hourly,
    create_store,
    reload,
)


@pytest.fixture
def project_folder(services: FakeServices, tmp_path: Path) -> Path:
    """The import root of this project. There is one for each project, and a bucket."""
    roots = f"{tmp_path}/shared/{{project}}, s3://company/reports/"
    services.settings = services.settings.model_copy(update={"import_roots": roots})
    folder = tmp_path / "shared" / CALLER.project
    folder.mkdir(parents=True)
    return folder


def test_sources_below_the_import_roots_are_accepted(services: FakeServices, project_folder: Path) -> None:
    (project_folder / "list.csv").write_text("path\n")
    sources = [
        str(project_folder),
        f"{project_folder}/not-yet/*.pdf",
        f"file://{project_folder}/a.txt",
        "s3://company/reports/2026/*.pdf",
        "sitemap+https://docs.example/sitemap.xml",
    ]

    schedule = create_hourly(
        services, create_store(services), sources=[*sources, WEB], manifests=[f"{project_folder}/list.csv"]
    )

    assert reload(services, schedule).sources == [*sources, WEB]


@pytest.mark.parametrize(
    "source",
    [
        "{folder}/../proj_other", "{folder}/..", "{folder}/../../secret", "{folder}/link", "{folder}/link/*", "{folder}/./x",
        "{folder}-too", "/etc/passwd", "/", "file:///etc/passwd", "FILE:///etc/passwd", "local:///etc/passwd",
        "file://{folder}/%2e%2e/%2e%2e/secret", "http://[::1", "file://[x/y", "{folder}/a\0b", "file://{folder}/%00", "documents", "~/documents", "*", "", "/etc/*",
        "s3://company/reports-too", "s3://company/reports/../salaries", "s3://company", "s3://other/reports",
        "s3://company/reports@evil/x", "memory://x", "ftp://host/x", "github://org:repo@main/x",
        "s3://company/reports/a.zip::file:///etc/passwd", "zip://x::s3://company/reports/a.zip", "{data}/ingest.db",
        "jsonl:///etc/passwd", "openai://vs_1", "qdrant://notes", "sitemap+file:///etc/passwd", "sitemap+https://",
    ],
)  # fmt: skip
def test_other_sources_are_refused_without_revealing_what_exists(
    services: FakeServices, project_folder: Path, tmp_path: Path, source: str
) -> None:
    (tmp_path / "secret").mkdir()
    (project_folder / "link").symlink_to(tmp_path / "secret")
    address = source.format(folder=project_folder, data=services.settings.data)

    with pytest.raises(InvalidRequest) as refused:
        create_hourly(services, create_store(services), sources=[address])

    assert str(refused.value).removeprefix(f"'{address}' cannot be imported: ") in (
        "The path is outside the import roots.", "The path must be absolute.",
        "Chained URLs and the path parts '.' and '..' are not allowed.", "The address is not valid.",
        "A store of another service is imported by `ingest import` only.",
    )  # fmt: skip


@pytest.mark.parametrize("param", ["sources", "manifests"])
def test_a_url_with_a_password_is_refused_because_the_database_would_show_it(
    services: FakeServices, param: str
) -> None:
    wrong: dict[str, Any] = {param: ["https://me:secret@docs.example/list.csv"]}

    with pytest.raises(InvalidRequest, match="its password would be readable in the database"):
        create_hourly(services, create_store(services), **wrong)


def test_the_data_of_the_service_is_refused_even_below_an_import_root(services: FakeServices) -> None:
    services.settings = services.settings.model_copy(update={"import_roots": "/"})

    for own in (services.settings.data, services.settings.data / "blobs" / "raw"):
        with pytest.raises(InvalidRequest, match="outside"):
            create_hourly(services, create_store(services), sources=[str(own)])


def test_the_project_placeholder_separates_projects(services: FakeServices, project_folder: Path) -> None:
    other = Caller("proj_other")
    address = str(project_folder)

    own_roots, other_roots = (
        schedules.project_import_roots(services.settings, caller.project) for caller in (CALLER, other)
    )
    assert own_roots.rejection_reason(address) == ""
    assert "outside" in other_roots.rejection_reason(address)


def test_without_import_roots_only_web_urls_are_accepted(services: FakeServices, tmp_path: Path) -> None:
    create_hourly(services, create_store(services), sources=[WEB])
    with pytest.raises(InvalidRequest, match="outside"):
        create_hourly(services, create_store(services), sources=[str(tmp_path)])


def test_an_update_is_checked_like_a_creation(services: FakeServices) -> None:
    schedule = create_hourly(services, create_store(services))

    invalid: list[dict[str, Any]] = [
        {"sources": ["/etc"]},
        {"manifests": ["/etc/passwd"]},
        {"sources": []},
        {"cron": "never"},
    ]
    for changes in invalid:
        with pytest.raises(InvalidRequest):
            schedules.update(services, CALLER, schedule.vector_store_id, schedule.id, changes)
    assert reload(services, schedule).sources == [WEB]
