"""The folder in which `ingest up` was started belongs to its user: nothing in it runs, and it may go away."""

import shutil
from pathlib import Path

import openai
import psutil

from tests.stories.running import running

PLANTED = ("api", "workers", "ingest", "celery", "uvicorn", "json", "typing", "sitecustomize", "lxml", "hostile")


def test_modules_in_the_user_folder_do_not_run_and_the_folder_may_go_away(tmp_path: Path) -> None:
    folder, marker = tmp_path / "folder", tmp_path / "foreign-code-ran"
    folder.mkdir()
    code = f"open({str(marker)!r}, 'a').write(__name__ + chr(10))\nraise SystemExit('foreign code')\n"
    for name in PLANTED:
        (folder / f"{name}.py").write_text(code)
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(code)

    with running(tmp_path / "data", "--workers", "1", folder=folder) as service:
        client = service.client(max_retries=0)
        assert _ingest(client, "first.html") == "completed"
        shutil.rmtree(folder)
        for line in (tmp_path / "data" / "logs").glob("*.log"):
            assert "foreign code" not in line.read_text()
        _kill_parsers(service.process.pid)
        assert _ingest(client, "second.html") == "completed"

    assert not marker.exists()


def _ingest(client: openai.OpenAI, name: str) -> str:
    store = client.vector_stores.create(name=name)
    content = f"<html><body><p>The heron waits in {name}.</p></body></html>".encode()
    file = client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=(name, content), poll_interval_ms=100
    )
    return file.status


def _kill_parsers(service_pid: int) -> None:
    """Have the service start new parser processes."""
    for process in psutil.Process(service_pid).children(recursive=True):
        if "ingest.steps.parse.sandbox" in " ".join(process.cmdline()):
            process.kill()
