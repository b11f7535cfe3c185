"""Every passage that a search returns can be cited: its location leads back to the text of its file."""

from typing import Any

import openai
import pytest

from tests.steps.parse.documents import DocumentBuilder
from tests.stories.running import Service

documents = DocumentBuilder()

LINES = [f"Line {n} tells of heron number {n} in the reeds." for n in range(1, 120)]
ROWS: list[list[object]] = [["Heron", "Eggs"], *([f"Heron {n}", n] for n in range(1, 300))]
FILES: dict[str, bytes] = {
    "herons.txt": "\n".join(LINES).encode(),
    "herons.md": ("# Herons\n\n" + "\n\n".join(f"## Reed {n}\n\n{line}" for n, line in enumerate(LINES))).encode(),
    "herons.html": ("<h1>Herons</h1>" + "".join(f"<p>{line}</p>" for line in LINES)).encode(),
    "herons.csv": "\n".join(",".join(map(str, row)) for row in ROWS).encode(),
    "herons.docx": documents.docx("".join(documents.paragraph(line) for line in LINES)),
    "herons.xlsx": documents.xlsx({"Nests": ROWS}),
    "herons.pptx": documents.pptx([(f"Slide {n}", line, "") for n, line in enumerate(LINES[:40], 1)]),
    "herons.pdf": documents.pdf([f"{line} It waits for fish there, and moves slowly. {line}" for line in LINES[:50]]),
    "herons.eml": (
        b"From: a@example.org\r\nSubject: Herons\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
        + "\r\n".join(LINES).encode()
    ),
}


@pytest.fixture(scope="module")
def texts_and_hits(service: Service) -> dict[str, tuple[str, list[Any]]]:
    """The text of each file, and all its passages as raw JSON."""
    with service.client() as client:
        store = client.vector_stores.create(name="citations").id
        ids = {name: client.files.create(file=(name, data), purpose="assistants").id for name, data in FILES.items()}
        batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=list(ids.values()))
        assert batch.file_counts.completed == len(FILES)
        return {name: (_text(client, store, file), _hits(client, store, name)) for name, file in ids.items()}


def _text(client: openai.OpenAI, store: str, file: str) -> str:
    [part] = client.vector_stores.files.content(file, vector_store_id=store).data
    return part.text or ""


def _hits(client: openai.OpenAI, store: str, name: str) -> list[Any]:
    body = {
        "query": "heron in the reeds",
        "max_num_results": 50,
        "filters": {"type": "eq", "key": "filename", "value": name},
    }
    page: Any = client.post(f"/vector_stores/{store}/search", body=body, cast_to=object)
    return list(page["data"])


@pytest.mark.parametrize("name", FILES)
def test_a_passage_is_the_cited_part_of_the_text(texts_and_hits: dict[str, tuple[str, list[Any]]], name: str) -> None:
    text, hits = texts_and_hits[name]

    assert len(hits) >= 2
    for hit in hits:
        location = hit["location"]
        header = text[slice(*location["header"])] + "\n" if location["header"] else ""
        assert hit["content"][0]["text"] == header + text[location["start"] : location["end"]]


def test_the_pages_of_a_passage_are_those_on_which_it_stands(
    texts_and_hits: dict[str, tuple[str, list[Any]]],
) -> None:
    for hit in texts_and_hits["herons.pdf"][1]:
        passage = hit["content"][0]["text"]
        numbers = [n for n in range(1, 51) if f"Line {n} tells" in passage]
        assert hit["location"]["pages"] == [numbers[0], numbers[-1]]


def test_rows_slides_and_headings_are_cited(texts_and_hits: dict[str, tuple[str, list[Any]]]) -> None:
    for hit in texts_and_hits["herons.xlsx"][1]:
        first, last = hit["location"]["rows"]
        passage = hit["content"][0]["text"]
        assert hit["location"]["sheet"] == "Nests"
        assert first == 1 or f"Heron {first - 1} | {first - 1}" in passage
        assert f"Heron {last - 1} | {last - 1}" in passage
    assert {tuple(hit["location"]["rows"]) for hit in texts_and_hits["herons.csv"][1]} != {(1, 300)}
    for hit in texts_and_hits["herons.pptx"][1]:
        first, last = hit["location"]["slides"]
        assert f"Line {last} tells" in hit["content"][0]["text"]
        assert 1 <= first <= last <= 40
    for hit in texts_and_hits["herons.md"][1]:
        assert hit["location"]["headings"][0] == "Herons"
