"""The elements of HTML by how a browser lays them out."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IGNORED = _words(
    "script style template noscript iframe applet audio video datalist link meta base map metadata xml rp rt rtc noembed"
)
NEVER_READ = _words("script style link meta base metadata xml rp rt rtc")
SPACED = _words(  # blocks with an empty line before and after
    "p h1 h2 h3 h4 h5 h6 table ul ol dl menu dir pre xmp listing blockquote figure hr title article section header footer "
    "main nav aside form fieldset address details dialog noframes hgroup search"
)
PLAIN = _words(
    "div li dt dd tr caption figcaption summary legend body option center thead tbody tfoot text frameset optgroup"
)
EDGED = _words(
    "button label input select textarea output meter progress object canvas tspan desc foreignobject svg math"
)
LISTS = _words("ul ol menu dir")
HEADINGS = {f"h{level}": level for level in range(1, 7)}
CELLS = _words("td th")
PREFORMATTED = _words("pre xmp listing textarea")
