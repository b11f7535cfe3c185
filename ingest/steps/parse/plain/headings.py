"""Find the headings of Markdown, reStructuredText, Org, AsciiDoc, MediaWiki and LaTeX. The text is not changed."""

import re
from collections.abc import Callable, Iterator

from ingest.steps.parse.parsed import Heading

_MAX_TITLE_CHARACTERS = 200
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NOT_A_SETEXT_TITLE = re.compile(r"\s*(?:[-*+>|#=]|\d{1,9}[.)]\s|$)| {4}|\t")
_FRONT_MATTER_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.M)
_RST_UNDERLINE = re.compile(r"([=\-`:.'\"~^_*+#<>])\1{2,}[ \t]*$")
_ORG = re.compile(
    r"(\*{1,8}) +(?:(?:TODO|DONE|WAITING|NEXT|CANCELLED) +)?(?:\[#[A-Z]\] +)?(.*?)(?:[ \t]+:[\w@#%:]+:)?[ \t]*$"
)
_ASCIIDOC = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*$")
_ASCIIDOC_BLOCK = re.compile(r"(-{4,}|\.{4,}|={4,}|\+{4,}|/{4,}|`{3,})[ \t]*$")
_WIKI = re.compile(r"(={1,6})[ \t]*([^=\n].*?)[ \t]*\1[ \t]*$")
_LATEX = re.compile(
    r"^[^%\n]{0,200}?\\(part|chapter|section|subsection|subsubsection|paragraph)\*?[ \t]*(?:\[[^\]\n]{0,200}\])?\{([^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*)\}",
    re.M,
)
_LATEX_LEVELS = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5}
_INLINE_MARKUP = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|[*`]+|<[^>\n]{1,80}>|\s*\{#[^}\n]*\}$")


def find_markdown_headings(text: str) -> Iterator[Heading]:
    """Yield the headings of Markdown: with number signs, or underlined. Code blocks and front matter have none."""
    body = _front_matter_end(text)
    if body and (title := _FRONT_MATTER_TITLE.search(text, 0, body)):
        yield Heading(title.start(), 1, _title(title[1].strip("\"'")))
    if "#" not in text and "\n=" not in text and "\n-" not in text:
        return
    fence = ""
    previous, previous_start = "", body
    start = body
    for line in text[body:].split("\n"):
        first = line.lstrip(" ")[:1]
        if fence:
            if first == fence[0] and line.strip().startswith(fence) and not line.strip(" \t" + fence[0]):
                fence = ""
            line = ""
        elif first == "#" and (match := _ATX.match(line)):
            if match[2]:
                yield Heading(start, len(match[1]), _title(match[2]))
            line = ""
        elif first in ("`", "~") and (match := _FENCE.match(line)) and (first == "~" or "`" not in match[2]):
            fence = match[1]
            line = ""
        elif (
            first in ("=", "-")
            and previous
            and (match := _SETEXT.match(line))
            and not _NOT_A_SETEXT_TITLE.match(previous)
        ):
            yield Heading(previous_start, 1 if match[1][0] == "=" else 2, _title(previous))
            line = ""
        previous, previous_start = line, start
        start = start + len(line) + 1 if line else text.find("\n", start) + 1 or len(text)


def find_rst_headings(text: str) -> Iterator[Heading]:
    """Yield the headings of reStructuredText. The order in which styles appear gives the levels."""
    styles: list[tuple[str, bool]] = []
    lines = text.split("\n")
    start = 0
    for index, line in enumerate(lines):
        title_start = start
        start += len(line) + 1
        if not line or line[0].isspace() or index + 1 >= len(lines):
            continue
        underline = _RST_UNDERLINE.match(lines[index + 1])
        if not underline or _RST_UNDERLINE.match(line) or len(lines[index + 1].rstrip()) + 2 < len(line.rstrip()):
            continue
        above = lines[index - 1] if index else ""
        has_overline = bool(above) and above.rstrip() == lines[index + 1].rstrip()
        if above.strip() and not has_overline:
            continue
        style = (underline[1], has_overline)
        if style not in styles:
            styles.append(style)
        yield Heading(title_start, styles.index(style) + 1, _title(line))


def _find_by_line(text: str, pattern: re.Pattern[str], block: re.Pattern[str] | None) -> Iterator[Heading]:
    """Yield a heading for each line that the pattern matches: its groups are the sign, whose length is the level, and the title."""
    start = 0
    inside = ""
    for line in text.split("\n"):
        if block is not None and (edge := block.match(line)):
            inside = "" if inside == edge[1] else inside or edge[1]
        elif not inside and (match := pattern.match(line)):
            yield Heading(start, len(match[1]), _title(match[2]))
        start += len(line) + 1


def find_org_headings(text: str) -> Iterator[Heading]:
    """Yield the headings of Org: lines that begin with stars."""
    return _find_by_line(text, _ORG, None)


def find_asciidoc_headings(text: str) -> Iterator[Heading]:
    """Yield the headings of AsciiDoc outside its delimited blocks."""
    return _find_by_line(text, _ASCIIDOC, _ASCIIDOC_BLOCK)


def find_wiki_headings(text: str) -> Iterator[Heading]:
    """Yield the headings of MediaWiki."""
    return _find_by_line(text, _WIKI, None)


def find_latex_headings(text: str) -> Iterator[Heading]:
    """Yield the sectioning commands of LaTeX."""
    for match in _LATEX.finditer(text):
        yield Heading(match.start(), _LATEX_LEVELS[match[1]], _title(match[2]))


HEADING_FINDERS: dict[str, Callable[[str], Iterator[Heading]]] = {
    **dict.fromkeys(["md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"], find_markdown_headings),
    **dict.fromkeys(["rst", "rest"], find_rst_headings),
    "org": find_org_headings,
    **dict.fromkeys(["adoc", "asciidoc", "asc"], find_asciidoc_headings),
    **dict.fromkeys(["wiki", "mediawiki"], find_wiki_headings),
    **dict.fromkeys(["tex", "ltx"], find_latex_headings),
}
"""By the suffix of the file's name."""


def _front_matter_end(text: str) -> int:
    """Return where the text behind YAML front matter starts, or 0."""
    if not text.startswith("---\n"):
        return 0
    match = re.compile(r"^(?:---|\.\.\.)[ \t]*$\n?", re.M).search(text, 4, 20_000)
    return match.end() if match else 0


def _title(text: str) -> str:
    plain = _INLINE_MARKUP.sub(lambda match: match[1] or "", text) if any(sign in text for sign in "[*`<{") else text
    return " ".join(plain.split())[:_MAX_TITLE_CHARACTERS]
