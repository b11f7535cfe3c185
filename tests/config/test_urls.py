"""URLs of servers that cannot be right are refused at start by the name of their setting."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.config import load_settings
from ingest.errors import Refused

HTTP = ("qdrant_url", "embedding_url", "chat_url", "rerank_url", "model_hub_url", "otlp_url")
NEVER = [
    "notaurl", "://host", "http://", "redis://", "postgresql://", "ftp://host/x", "http://ho st", "redis://host:0",
    "http://host:99999", "redis://host:65536/0", "http://host:port", "http://[", "http://[::1", "http://a..b",
    "http://-a.example", "http://" + "a" * 64 + ".example", "http://host\n", "http://host:1\x00", "javascript:1",
    "//host/path", "http:///path", "http://user:secret@:80",
]  # fmt: skip
DATABASE = [
    "postgres", "mysql://u:p@h/d", "postgresql+asyncpg://u:p@h/d", "postgresql+nodriver://h/d", "oracle://h/d",
    "sqlite+aiosqlite:///x", "sqlite://relative.db", "postgresql:///db", "postgresql://u:secret@h:99999/d",
    "postgresql://u:secret@h:port/d", "postgresql://u:secret@/d", "redis://host/0", "http://host",
]  # fmt: skip
BROKER = [
    "redis+socket:///x",
    "unix:///x",
    "amqp://host",
    "valkey://host",
    "redis:///0",
    "redis://host/name",
    "http://h",
]
BLOBS = ["s4://bucket", "s3://", "http://host/x", "https://host/x", "://x", "s3://buck et"]


def refusal(name: str, value: str) -> str:
    with pytest.raises(Refused) as refused:
        load_settings(**{name: value})
    return str(refused.value)


@pytest.mark.parametrize("name", [*HTTP, "redis_url", "database_url"])
@pytest.mark.parametrize("url", NEVER)
def test_a_url_that_cannot_be_right_is_refused_by_name_in_one_line_without_its_value(name: str, url: str) -> None:
    message = refusal(name, url)

    assert message.startswith(f"INGEST_{name.upper()}: expected ")
    assert "\n" not in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("name", "url"),
    [*(("database_url", url) for url in DATABASE), *(("redis_url", url) for url in BROKER),
     *(("blobs_url", url) for url in BLOBS), *((name, "redis://host") for name in HTTP)],
)  # fmt: skip
def test_a_url_of_another_kind_is_refused_by_name(name: str, url: str) -> None:
    message = refusal(name, url)

    assert message.startswith(f"INGEST_{name.upper()}: expected ")
    assert "secret" not in message


def test_the_url_of_a_further_embedding_model_is_refused_by_its_place() -> None:
    message = refusal("embedding_models", '[{"model": "m", "url": "notaurl"}]')

    assert message.startswith("INGEST_EMBEDDING_MODELS[0][url]: expected http://")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        *((name, url) for name in HTTP for url in ("http://host", "https://host.example:8443/v1", "http://[::1]:80/v1")),
        ("qdrant_url", "http://user:p%40ss@qdrant_1:6333"), ("embedding_url", "http://bücher.example/v1"),
        ("embedding_url", "http://10.0.0.1/v1?api-version=1"), ("chat_url", "http://host./v1"), ("chat_url", ""),
        ("redis_url", "redis://:p@ss/word@host:6379/1".replace("/word", "")), ("redis_url", "rediss://host"),
        ("redis_url", "redis://host:6379/0?ssl_cert_reqs=none"), ("redis_url", ""),
        ("database_url", "postgresql://u:p/a#s?s@host:5432/db?sslmode=require"), ("database_url", "postgres://h/d"),
        ("database_url", "postgresql+psycopg://u@[::1]:5432/d"), ("database_url", "postgresql:///d?host=/run/postgresql"),
        ("database_url", "sqlite:////tmp/x.db"), ("database_url", "sqlite:///x.db"), ("database_url", "sqlite://"),
        ("blobs_url", "/folder with spaces"), ("blobs_url", "folder"), ("blobs_url", "s3://bucket/below"),
        ("blobs_url", "file:///folder"), ("blobs_url", "memory://x"), ("blobs_url", ""),
    ],
)  # fmt: skip
def test_a_url_that_may_be_right_is_accepted(name: str, url: str) -> None:
    assert getattr(load_settings(**{name: url}), name) == url


COMMANDS = {
    "up": [str(Path(sys.executable).with_name("ingest")), "up"],
    "verify": [str(Path(sys.executable).with_name("ingest")), "verify"],
    "api": ["-m", "api.server"],
    "worker": ["-m", "celery", "-A", "workers.app", "worker"],
    "beat": ["-m", "celery", "-A", "workers.app", "beat"],
    "import": ["-m", "api.import_process", "1", "1", "folder"],
}


@pytest.mark.services
@pytest.mark.parametrize(
    "name", [name if name in ("up", "worker") else pytest.param(name, marks=pytest.mark.long) for name in COMMANDS]
)
def test_every_process_refuses_a_wrong_url_at_start_with_exit_code_2(name: str) -> None:
    environment = {"INGEST_REDIS_URL": "notaurl", "INGEST_DATABASE_URL": "mysql://h/d", "PATH": ""}
    ended = subprocess.run(
        [sys.executable, *COMMANDS[name]], env=environment, capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "INGEST_REDIS_URL: expected redis://" in ended.stderr
    assert "INGEST_DATABASE_URL: expected postgresql://" in ended.stderr
