"""Coverage reports and character sets, with the unmodified client against the running service."""

import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types import VectorStore

from tests.stories.running import Service

SENTENCES = {
    "german.txt": ("windows-1252", "Über die Straße führt die Brücke nach Köln, und die Züge sind für viele nicht zu hören."),
    "greek.txt": ("iso-8859-7", "Ο ερωδιός στέκεται στο νερό και περιμένει τα ψάρια της λίμνης."),
    "japanese.txt": ("shift_jis", "サギは水の中に立って魚を待っています。"),
    "russian.txt": ("koi8-r", "Цапля стоит в воде и ждёт рыбу, и это не птица, которая спешит."),
    "polish.txt": ("utf-16", "Czapla stoi w wodzie i czeka na ryby, które są małe, ale jest ich dużo przy brzegu."),
}  # fmt: skip
WORDS = {
    "german.txt": "Brücke", "greek.txt": "ερωδιός", "japanese.txt": "サギ", "russian.txt": "Цапля", "polish.txt": "Czapla",
}  # fmt: skip
LANGUAGES = {"german.txt": "de", "greek.txt": "el", "japanese.txt": "ja", "russian.txt": "ru", "polish.txt": "pl"}


@pytest.fixture
def mail() -> bytes:
    """A mail whose attachment no reader knows."""
    message = EmailMessage()
    message["Subject"] = "The heron of the month"
    message["From"], message["To"] = "a@example.org", "b@example.org"
    message.set_content("The recording of the heron is attached.")
    message.add_attachment(bytes(range(256)) * 40, maintype="application", subtype="octet-stream", filename="heron.xyz")
    return message.as_bytes()


def run_ingest(service: Service, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("ingest"), *arguments, "--base-url", service.base_url]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=100, check=False)


def test_a_file_that_was_not_read_completely_says_so_everywhere(
    service: Service, client: openai.OpenAI, strict: openai.OpenAI, store: VectorStore, mail: bytes
) -> None:
    clean = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("a.txt", b"A heron."))
    warned = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("heron.eml", mail))

    report: Any = client.get(f"/vector_stores/{store.id}/files/{warned.id}/report", cast_to=object)
    listed = client.vector_stores.files.list(store.id, extra_query={"warnings": "true"})
    status = run_ingest(service, "status", store.id)
    printed = run_ingest(service, "report", store.id, "heron.eml")

    assert (clean.status, warned.status) == ("completed", "completed")
    extensions = [(file.model_extra or {})["warnings"] for file in (clean, warned)]
    assert extensions == [0, report["warning_count"]]
    assert report["reader"]["name"]
    assert [(each["code"], each["part"]) for each in report["warnings"]] == [
        ("attachment_not_read", "attachment heron.xyz")
    ]
    assert [file.id for file in listed] == [warned.id]
    assert strict.vector_stores.files.retrieve(warned.id, vector_store_id=store.id).status == "completed"
    assert "2 completed (1 with warnings)" in status.stdout
    assert (printed.returncode, "attachment_not_read: attachment heron.xyz" in printed.stdout) == (1, True)
    [hit] = client.vector_stores.search(store.id, query="recording", max_num_results=1)
    assert hit.file_id == warned.id


def test_files_in_many_character_sets_are_imported_as_they_read(
    service: Service, client: openai.OpenAI, tmp_path: Path
) -> None:
    folder = tmp_path / "sets"
    folder.mkdir()
    for name, (encoding, sentence) in SENTENCES.items():
        (folder / name).write_bytes(sentence.encode(encoding))

    imported = run_ingest(
        service, "import", folder, "--store", f"sets {tmp_path.name}", "--journal", tmp_path / "journal"
    )

    assert imported.returncode == 0, imported.stdout + imported.stderr
    assert "warning" not in imported.stdout
    [store] = [each for each in client.vector_stores.list() if each.name == f"sets {tmp_path.name}"]
    reports: Any = client.get(f"/vector_stores/{store.id}/file_reports", cast_to=object)
    assert {each["filename"]: each["language"] for each in reports["data"]} == LANGUAGES
    texts: Any = {
        each["filename"]: client.get(f"/vector_stores/{store.id}/files/{each['id']}/content", cast_to=object)
        for each in reports["data"]
    }
    assert {name: text["data"][0]["text"] for name, text in texts.items()} == {
        name: sentence for name, (_, sentence) in SENTENCES.items()
    }
    for name, word in WORDS.items():
        words_only: Any = {"hybrid_search": {"embedding_weight": 0, "text_weight": 1}}
        hits = client.vector_stores.search(store.id, query=word, max_num_results=1, ranking_options=words_only)
        assert [hit.filename for hit in hits] == [name]
