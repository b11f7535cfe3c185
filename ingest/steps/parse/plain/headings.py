"""Find the headings of Markdown, reStructuredText, Org, AsciiDoc, MediaWiki and LaTeX. The text is not changed."""

import re
from collections.abc import Callable, Iterator

from ingest.steps.parse.parsed import Heading

_MAX_TITLE_CHARACTERS = 200
# A line that begins with number signs, a fence of a code block, or an underline. The line end in front makes it fast.
_MARKDOWN_SIGN = re.compile(r"\n(?=[ #`~=-]) {0,3}(?:(#{1,6})(?=[ \t])|(`{3,}|~{3,})|(=+|-+)[ \t]*(?=\n|\Z))")
_NOT_A_SETEXT_TITLE = re.compile(r"\s*(?:[-*+>|#=`~]|\d{1,9}[.)]\s|$)| {4}|\t")
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
_SIGN_OF_MARKUP = re.compile(r"[\[*`<{]")
_INLINE_MARKUP = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|[*`]+|<[^>\n]{1,80}>|\s*\{#[^}\n]*\}$")


def find_markdown_headings(text: str) -> Iterator[Heading]:
    """Yield the headings of Markdown: with number signs, or underlined. Code blocks and front matter have none."""
    body = start = _front_matter_end(text)
    if body and (front_title := _FRONT_MATTER_TITLE.search(text, 0, body)):
        yield Heading(front_title.start(), 1, _title(front_title[1].strip("\"'")))
    fence = ""
    for sign in _MARKDOWN_SIGN.finditer("\n" + text, start):
        start = sign.start()
        line = text[start : _line_end(text, start)].strip(" \t")
        if fence:
            if line.startswith(fence) and not line.strip(fence[0]):
                fence = ""
        elif sign[1]:
            if title := line[len(sign[1]) :].strip(" \t"):
                yield Heading(start, len(sign[1]), _title(_without_closing_signs(title)))
        elif sign[2]:
            fence = sign[2] if sign[2][0] == "~" or "`" not in line.lstrip("`") else ""
        elif start:
            paragraph_start = text.rfind("\n", 0, start - 1) + 1
            paragraph = text[paragraph_start : start - 1]
            if paragraph_start >= body and not _NOT_A_SETEXT_TITLE.match(paragraph):
                yield Heading(paragraph_start, 1 if sign[3][0] == "=" else 2, _title(paragraph))


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _without_closing_signs(title: str) -> str:
    """Remove the number signs that may end a heading: "## Title ##"."""
    bare = title.rstrip("#")
    return bare.rstrip(" \t") if bare.endswith((" ", "\t")) else title


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
    plain = _INLINE_MARKUP.sub(lambda match: match[1] or "", text) if _SIGN_OF_MARKUP.search(text) else text
    return " ".join(plain.split())[:_MAX_TITLE_CHARACTERS]
