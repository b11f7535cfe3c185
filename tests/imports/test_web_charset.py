"""The character set that a web server declares."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.imports.web import DownloadLimits, WebDownloader
from ingest.imports.web_charset import keep_declared_charset

RUSSIAN = "да"
HTML = "<html><body><p>Größe der Straße</p></body></html>"


def kept(tmp_path: Path, data: bytes, content_type: str) -> bytes:
    path = tmp_path / "page"
    path.write_bytes(data)
    keep_declared_charset(path, content_type)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("text", "codec", "content_type"),
    [
        (RUSSIAN, "koi8_r", "text/plain; charset=KOI8-R"),
        (RUSSIAN, "cp1251", 'text/plain; charset="windows-1251"'),
        ("会議①", "cp932", "text/html;charset=Shift_JIS"),
        ("Größe – 5 €", "cp1252", "text/html; charset=iso-8859-1"),
        ("ą", "iso8859_2", "text/csv; header=present; charset=ISO-8859-2"),
        ("ü", "latin-1", "application/json; charset=latin1"),
        ("ü", "latin-1", "application/rss+xml; charset=latin1"),
        (HTML, "cp850", "text/html; charset=ibm850"),
    ],
)
def test_a_file_whose_charset_only_the_header_tells_is_rewritten(
    tmp_path: Path, text: str, codec: str, content_type: str
) -> None:
    assert kept(tmp_path, text.encode(codec), content_type) == text.encode()


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ("Größe".encode(), "text/html; charset=iso-8859-1"),
        ("Größe".encode("latin-1"), "text/plain"),
        ("Größe".encode("latin-1"), "text/plain; charset=utf-8"),
        ("Größe".encode("latin-1"), "text/plain; charset=nonsense"),
        ("Größe".encode("latin-1"), "text/plain; charset=shift_jis"),
        ("Größe".encode("latin-1"), "image/png; charset=iso-8859-1"),
        ("Größe".encode("latin-1"), ""),
        ('<meta charset="iso-8859-2">ą'.encode("iso8859_2"), "text/html; charset=iso-8859-1"),
        ('<?xml version="1.0" encoding="koi8-r"?><a>да</a>'.encode("koi8_r"), "text/xml; charset=iso-8859-1"),
        ("\ufeffGröße".encode("utf-16-le"), "text/plain; charset=iso-8859-1"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "text/plain; charset=iso-8859-1"),
        (b"plain ASCII", "text/plain; charset=windows-1251"),
    ],
)
def test_every_other_file_keeps_its_bytes(tmp_path: Path, data: bytes, content_type: str) -> None:
    assert kept(tmp_path, data, content_type) == data


class _Site(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=koi8-r")
        self.end_headers()
        self.wfile.write(RUSSIAN.encode("koi8_r"))


def test_downloads_of_the_same_page_have_the_same_content(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    web = WebDownloader(DownloadLimits(allow_private=True))
    hashes = set()
    for name in ("first", "second"):
        web.download(f"http://127.0.0.1:{server.server_address[1]}/", tmp_path / name)
        assert (tmp_path / name).read_text("utf-8") == RUSSIAN
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    server.shutdown()
    server.server_close()
    thread.join()

    assert len(hashes) == 1
