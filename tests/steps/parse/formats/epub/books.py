"""E-books that tests build."""

Members = dict[str, str | bytes]

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'


def page(body: str, head: str = "") -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{body}</body></html>'


def book(chapters: Members, *, manifest: str = "", spine: str = "", metadata: str = "", toc: str = "") -> Members:
    """Return a book whose chapters are in the folder OEBPS, in this order unless `manifest` and `spine` say otherwise."""
    items = manifest or "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters
    )
    order = spine or "".join(f'<itemref idref="{name}"/>' for name in chapters)
    opf = (
        f'<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}'
        f"</metadata><manifest>{items}</manifest><spine {toc}>{order}</spine></package>"
    )
    members: Members = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER}
    return members | {"OEBPS/content.opf": opf} | {f"OEBPS/{name}": text for name, text in chapters.items()}
