"""Comments on slides: those of PowerPoint 2007 to 2019, and threads of later versions ([MS-PPTX] section 2.16)."""

from collections.abc import Iterator
from typing import Any

from ingest.steps.parse.formats.ooxml.drawingml import text_of_body
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from ingest.steps.parse.formats.ooxml.xml import child, children

MAX_COMMENTS = 10_000


def read_authors(package: OoxmlPackage, presentation: str) -> dict[str, str]:
    """Return the names of the authors of comments by their ids."""
    authors: dict[str, str] = {}
    for part in package.related(presentation, "commentAuthors", "authors"):
        root = package.optional_root(part)
        for author in () if root is None else root.iter("{*}cmAuthor", "{*}author"):
            authors[author.get("id", "")] = author.get("name", "")
    return authors


def read_comments(package: OoxmlPackage, slide: str, authors: dict[str, str]) -> Iterator[str]:
    """Yield the comments on a slide and the replies to them, with their authors."""
    number = 0
    for part in package.related(slide, "comments"):
        root = package.optional_root(part)
        for comment in () if root is None else root.iter("{*}cm", "{*}reply"):
            text = _comment_text(comment)
            number += 1
            if not text or number > MAX_COMMENTS:
                continue
            author = authors.get(comment.get("authorId", ""), "")
            yield f"Comment ({author}): {text}" if author else f"Comment: {text}"


def _comment_text(comment: Any) -> str:
    body = child(comment, "txBody")
    if body is not None:
        return text_of_body(body)
    return "\n".join((node.text or "").strip() for node in children(comment, "text")).strip()
