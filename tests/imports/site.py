"""A web site for tests: bytes or an answer with headers by path, and the requests that it received."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """An answer of the site."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass
class WebSite:
    """The pages by path, and the paths that were requested."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def add(self, path: str, body: str | bytes, status: int = 200, **headers: str) -> str:
        """Add a page and return its URL. Underscores in the names of headers are hyphens."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Page(body.encode() if isinstance(body, str) else body, names, status)
        return self.url + path

    def add_sitemap(self, path: str, pages: dict[str, str], *, root: str = "urlset") -> str:
        """Add a sitemap of paths or URLs with their lastmod, and return its URL."""
        item = "url" if root == "urlset" else "sitemap"
        entries = "".join(
            f"<{item}><loc>{page if '://' in page else self.url + page}</loc>"
            + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "")
            + f"</{item}>"
            for page, lastmod in pages.items()
        )
        return self.add(path, f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>')


@contextmanager
def serve_site() -> Iterator[WebSite]:
    """Serve a site on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            site.requests.append(self.path)
            page = site.pages.get(self.path, Page(status=404))
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = WebSite(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
