"""The rows of the benchmark table and their targets."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from tests.bench import chart, corpus, importing, limit, retrieval, scaling, service, stub, yardstick
from tests.bench.importing import Import
from tests.bench.limit import Steps
from tests.retrieval.measures import mean_of
from tests.retrieval.texts import LANGUAGES
from tests.servers import postgres

Kind = Literal["at least", "at most"]


@dataclass(frozen=True)
class Sizes:
    """Numbers of files in each measurement."""

    text: int
    office: int
    local: int
    growth: int
    window: int
    """Files at the start and at the end of the long import whose CPU cost is compared."""
    listed: int


WARM_UP_FILES = 24
MANY_WARM_UP_FILES = 96
"""Enough files to warm the parsers of every worker process for each format."""

SMALL = Sizes(text=1_000, office=400, local=60, growth=2_000, window=500, listed=10_000)
FULL = Sizes(text=3_000, office=1_000, local=400, growth=20_000, window=1_000, listed=20_000)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    what: str
    kind: Kind
    target: float
    reached: float
    unit: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.reached >= self.target if self.kind == "at least" else self.reached <= self.target


def measure(folder: Path, sizes: Sizes, svg: Path, scripts: Path | None) -> Iterator[Row]:
    """Yield every row as soon as it is known; `scripts` is a folder with other yardstick scripts (yardstick.py)."""
    text = corpus.make(folder / "text", sizes.text, corpus.TEXT)
    office = corpus.make(folder / "office", sizes.office, corpus.OFFICE)
    if scripts:
        yield _compare_with_yardstick(folder / "their text", scripts, sizes.text, corpus.TEXT, 0.40)
        yield _compare_with_yardstick(folder / "their office", scripts, sizes.office, corpus.OFFICE, 0.85)
    with stub.running(folder, 0) as url:
        instant, rows = _compare_with_own_scripts(folder, text, url, "text, markdown, HTML", usual=0.25, own=0.25)
        yield from rows
        yield from _compare_with_own_scripts(folder, office, url, "docx and pdf", usual=0.60, own=0.40)[1]
    with stub.running(folder, 50) as url:
        yield _compare_with_slow_embedder(_run_import(folder, text, _remote(url)), instant)
    yield _local(folder, text[: sizes.local])
    yield _scaling(folder, text[: sizes.local])
    yield from _retrieval(folder)
    yield from _growth(folder, sizes, svg)
    yield from _measure_rows(folder, sizes)


def _remote(url: str) -> dict[str, str]:
    return {"INGEST_EMBEDDING_URL": url, "INGEST_EMBEDDING_MODEL": "stub"}


def _run_import(
    folder: Path, documents: list[corpus.Document], environment: Mapping[str, str], others: int = WARM_UP_FILES
) -> Import:
    with _temporary_folder(folder) as place, service.running(place, environment) as running:
        importing.run(
            running, _warm_up_documents(place, documents, others)
        )  # what is loaded once is not part of the rate
        return importing.run(running, documents)


def _warm_up_documents(
    folder: Path, documents: list[corpus.Document], count: int = WARM_UP_FILES
) -> list[corpus.Document]:
    """Write a few other documents of the same formats for a warm-up. The stored parsed text of a document would help its
    measurement.
    """
    kinds = list(dict.fromkeys(document.kind for document in documents))
    return corpus.make(folder / "others", count, kinds, first=1_000_000)


def _compare_with_own_scripts(
    folder: Path, documents: list[corpus.Document], url: str, what: str, *, usual: float, own: float
) -> tuple[Import, list[Row]]:
    """Compare with a script that uses the common libraries, and with the service's own steps."""
    paths = [document.path for document in documents]
    before = _measure_bare_work(paths, url)
    done = _run_import(folder, documents, _remote(url), MANY_WARM_UP_FILES)
    after = _measure_bare_work(paths, url)  # twice, because the speed of a shared machine drifts
    bare_rates = {steps: (before[steps] + after[steps]) / 2 for steps in before}
    rate = done.files_per_second
    details = (
        {"files_per_second": rate} | {f"{steps} steps": bare_rates[steps] for steps in bare_rates} | _cpu_details(done)
    )
    return done, [
        Row(f"{what}: service / script of usual libraries", "at least", usual, rate / bare_rates["usual"], "", details),
        Row(f"{what}: service / own steps alone", "at least", own, rate / bare_rates["own"]),
    ]


def _compare_with_yardstick(folder: Path, scripts: Path, count: int, kinds: Sequence[str], target: float) -> Row:
    documents = yardstick.documents(scripts, folder / "documents", count, kinds)
    with yardstick.stub(scripts, folder) as url:
        before = yardstick.files_per_second(scripts, folder / "documents", url)
        done = _run_import(folder, documents, _remote(url), MANY_WARM_UP_FILES)
        after = yardstick.files_per_second(scripts, folder / "documents", url)
    rate, bare_rates = done.files_per_second, (before + after) / 2
    details = {"files_per_second": rate, "theirs": bare_rates} | _cpu_details(done)
    return Row(
        f"{', '.join(kinds)}: service / the yardstick's limit.py", "at least", target, rate / bare_rates, "", details
    )


def _measure_bare_work(paths: list[Path], url: str) -> dict[str, float]:
    """Return files per second of the bare work, by implementation of the steps."""
    return {steps: limit.measure(paths, url, steps).files_per_second for steps in get_args(Steps)}


def _compare_with_slow_embedder(done: Import, instant: Import) -> Row:
    details = {"files_per_second": done.files_per_second, "instant": instant.files_per_second}
    what = "embedding server of 50 ms / instant one, files/s"
    return Row(what, "at least", 0.7, done.files_per_second / instant.files_per_second, "", details)


def _local(folder: Path, documents: list[corpus.Document]) -> Row:
    paths = [document.path for document in documents]
    before = limit.measure(paths, None, "own")
    done = _run_import(folder, documents, {"INGEST_EMBEDDING_URL": ""})
    after = limit.measure(paths, None, "own")
    model = (before.embedding_seconds + after.embedding_seconds) / 2
    details = {"files_per_second": done.files_per_second, "model_seconds": model, "seconds": done.seconds}
    return Row(
        "local model: share of the time spent in it, all cores", "at least", 0.85, model / done.seconds, "", details
    )


def _scaling(folder: Path, documents: list[corpus.Document]) -> Row:
    warm = _warm_up_documents(folder, documents)
    rates = {}
    for groups in (1, 2):
        with _temporary_folder(folder) as place:
            rates[groups] = scaling.files_per_second(place, groups, warm, documents)
    details = {f"{groups} groups, files/s": rate for groups, rate in rates.items()}
    return Row("two groups of workers / one, local model, files/s", "at least", 1.5, rates[2] / rates[1], "", details)


def _retrieval(folder: Path) -> Iterator[Row]:
    """Yield the quality of the ranking. The targets are floors: what is reached is slightly better."""
    with _temporary_folder(folder) as place:
        measured = retrieval.measure(place)
    whole = {name: groups[""] for name, groups in measured.items()}
    others = [language for language in LANGUAGES if language != "en"]
    english = whole["english"]
    yield Row("nDCG@10 of English questions", "at least", 0.90, english.ndcg, "", retrieval.details(measured))
    yield Row("evidence@5 of English questions", "at least", 0.965, english.evidence)
    yield Row("AUC of top scores, English and foreign questions", "at least", 0.95, english.auc)
    yield Row("nDCG@10 of questions about code", "at least", 0.95, whole["code"].ndcg)
    yield Row("success@1, mean of seven other languages", "at least", 0.60, mean_of(whole, others, "success"))
    yield Row("nDCG@10 of all texts in one store", "at least", 0.80, whole["everything"].ndcg)


def _growth(folder: Path, sizes: Sizes, svg: Path) -> Iterator[Row]:
    documents = corpus.make(folder / "growth", sizes.growth, corpus.TEXT)
    with (
        stub.running(folder, 0) as url,
        _temporary_folder(folder) as place,
        service.running(place, _remote(url)) as running,
    ):
        small = importing.run(running, _warm_up_documents(place, documents))
        done = importing.run(running, documents)
        small_get = importing.get_seconds(running, small.store, small.batch)
    chart.draw(done, svg)
    warm = sizes.window // 10
    start = done.cpu_ms_per_file(warm, warm + sizes.window)
    end = done.cpu_ms_per_file(sizes.growth - sizes.window, sizes.growth)
    name = f"{sizes.growth:,} files"
    yield Row(
        f"CPU a file: last {sizes.window:,} of {name} / first {sizes.window:,}",
        "at most", 1.1, sum(end.values()) / sum(start.values()), "", {"first_ms": start, "last_ms": end},
    )  # fmt: skip
    for part in ("worker", "api"):
        yield Row(f"memory of {part}: at the end of {name} / half-way", "at most", 1.05, _memory_growth(done, part))
    yield Row(f"GET batch p50: while {name} are imported / idle", "at most", 2, done.get_busy / done.get_idle,
              "", {"busy": done.get_busy, "idle": done.get_idle})  # fmt: skip
    yield Row(f"GET batch p50, idle: of {name} / of {WARM_UP_FILES}", "at most", 1.5, done.get_idle / small_get)
    yield Row(f"search p50: while {name} are imported / idle", "at most", 3, done.search_busy / done.search_idle,
              "", {"busy": done.search_busy, "idle": done.search_idle})  # fmt: skip
    yield Row("upload through the client, 8 threads", "at least", 250, done.files / done.upload_seconds, "files/s")
    yield Row(f"broker's memory while {name} are imported", "at most", 20, done.broker_bytes / 2**20, "MiB")


def _measure_rows(folder: Path, sizes: Sizes) -> Iterator[Row]:
    """Measure row-only operations on Postgres: creating large batches and listing them."""
    with (
        stub.running(folder, 0) as url,
        postgres() as database,
        _temporary_folder(folder) as place,
        service.running(place, _remote(url) | {"INGEST_DATABASE_URL": database, "INGEST_WORKERS": "1"}) as running,
    ):
        ids = running.upload([_write_small_file(place, number) for number in range(sizes.listed)])
        seconds_of_1_000, _ = _time_batch_creation(running, ids[:1_000])
        seconds_of_10_000, _ = _time_batch_creation(running, ids[:10_000])
        store = _time_batch_creation(running, ids)[1]
        # The best of two, because maintenance may still rewrite cancelled rows.
        pages = [min(both) for both in zip(_time_pages(running, store), _time_pages(running, store), strict=True)]
    details = {"1,000": seconds_of_1_000, "10,000": seconds_of_10_000}
    yield Row(
        "creating a batch of 10,000 / of 1,000, Postgres",
        "at most",
        12,
        seconds_of_10_000 / seconds_of_1_000,
        "",
        details,
    )
    yield Row("creating a batch of 10,000, Postgres", "at most", 1.5, seconds_of_10_000, "s")
    ends = sorted(pages[-5:])[2] / sorted(pages[:5])[2]
    yield Row(f"listing {sizes.listed:,} files: last pages / first pages", "at most", 1.5, ends)


def _time_batch_creation(running: service.Service, ids: list[str]) -> tuple[float, str]:
    """Return the seconds to create a batch (best of three) and its store; the batches are cancelled."""
    batches, seconds = running.client.vector_stores.file_batches, []
    for _ in range(3):
        store = running.client.vector_stores.create(name="many").id
        started = time.perf_counter()
        batch = batches.create(store, file_ids=ids)
        seconds.append(time.perf_counter() - started)
        batches.cancel(batch.id, vector_store_id=store)
    return min(seconds), store


def _time_pages(running: service.Service, store: str) -> list[float]:
    """Return the seconds of each page of a store's files."""
    seconds = []
    started = time.perf_counter()
    page = running.client.vector_stores.files.list(store, limit=100)
    while True:
        seconds.append(time.perf_counter() - started)
        if not page.has_next_page():
            return seconds
        started = time.perf_counter()
        page = page.get_next_page()


def _write_small_file(folder: Path, number: int) -> Path:
    path = folder / f"{number}.txt"
    path.write_text(f"file {number}")
    return path


def _memory_growth(done: Import, part: str) -> float:
    half = next(s for s in done.samples if s.completed >= done.files // 2)
    return done.samples[-1].rss_bytes[part] / half.rss_bytes[part]


def _cpu_details(done: Import) -> dict[str, float]:
    return done.cpu_ms_per_file(0, done.files)


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder for one service and remove it afterwards."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name:
        yield Path(name)
