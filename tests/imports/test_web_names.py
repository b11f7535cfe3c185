"""Names of downloads."""

import pytest

from ingest.imports.web_names import name_of_download


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"), ("inline; FILENAME=abc.txt", "abc.txt"),
        ("attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf; filename=x.pdf", "Größe.pdf"),
        ("attachment; filename=x.pdf; filename*=iso-8859-1''Gr%F6.pdf", "Grö.pdf"),
        ("attachment; filename*=UTF-8''only.pdf", "only.pdf"), ('attachment; filename="a;b.txt"', "a;b.txt"),
        ('attachment; filename="Größe.pdf"'.encode().decode("latin-1"), "Größe.pdf"),
        ('attachment; filename="=?utf-8?B?R3LDtsOfZS5wZGY=?="', "Größe.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"), (r'attachment; filename="C:\temp\f.txt"', "f.txt"),
        ("attachment; filename*=UTF-8''..%2F..%2Fx.txt", "x.txt"), ('attachment; filename="a\x01b.txt"', "a\ufffdb.txt"),
        ("attachment", "page.html"), ('attachment; filename=".."', "page.html"),
        (f'attachment; filename="{"x" * 300}"', "page.html"), (f'attachment; filename="{"x" * 9000}"', "page.html"),
    ],
)  # fmt: skip
def test_the_server_names_the_file(disposition: str, name: str) -> None:
    headers = {"content-disposition": disposition, "content-type": "text/html"}

    assert name_of_download("https://example.org/page", "https://example.org/page", headers) == name


@pytest.mark.parametrize(
    ("url", "final_url", "content_type", "name"),
    [
        ("https://e.org/a%20b.md?x=1", "", "text/html", "a b.md"), ("https://e.org/", "", "text/html; charset=x", "e.org.html"),
        ("https://e.org/get.php?id=1", "", "application/pdf", "get.php.pdf"), ("https://e.org/v1.2", "", "TEXT/HTML", "v1.2.html"),
        ("https://e.org/latest", "https://e.org/f/2024.pdf", "application/pdf", "2024.pdf"),
        ("https://e.org/x", "https://e.org/y", "application/octet-stream", "x"), ("https://e.org/x", "", "", "x"),
    ],
)  # fmt: skip
def test_the_address_names_the_file_and_its_type_the_extension(
    url: str, final_url: str, content_type: str, name: str
) -> None:
    assert name_of_download(url, final_url or url, {"content-type": content_type}) == name
