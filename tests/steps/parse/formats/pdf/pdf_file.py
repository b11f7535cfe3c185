"""`PdfFile` writes small PDF files object by object, as producers do that no library here imitates."""

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
_CATALOG, _PAGES, _FONT = 1, 2, 3


class PdfFile:
    """A PDF file under construction. Objects are the source of their values; streams are added with `stream`."""

    def __init__(self, catalog: str = "") -> None:
        self.catalog = catalog
        self._objects: dict[int, bytes] = {_FONT: FONT.encode()}
        self._page_numbers: list[int] = []

    @property
    def next_number(self) -> int:
        """Return the number of the next object."""
        return max(self._objects) + 1

    def add(self, source: str) -> str:
        """Add an object and return a reference to it."""
        number = self.next_number
        self._objects[number] = source.encode("latin-1")
        return f"{number} 0 R"

    def stream(self, data: str | bytes, entries: str = "") -> str:
        """Add a stream and return a reference to it."""
        data = data.encode("latin-1") if isinstance(data, str) else data
        number = self.next_number
        self._objects[number] = f"<<{entries}/Length {len(data)}>>stream\n".encode() + data + b"\nendstream"
        return f"{number} 0 R"

    def picture(self, entries: str = "") -> str:
        """Add a grey picture of one pixel and return a reference to it."""
        return self.stream(
            b"\x80", f"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8{entries}"
        )

    def page(self, content: str, *, annotations: str = "", resources: str = "", fonts: str = "", more: str = "") -> str:
        """Add a page with a content stream, and return a reference to it. F1 is Helvetica."""
        contents = self.stream(content)
        reference = self.add(
            f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 612 792]/Contents {contents}"
            f"/Resources<</Font<</F1 {_FONT} 0 R{fonts}>>{resources}>>/Annots[{annotations}]{more}>>"
        )
        self._page_numbers.append(int(reference.split()[0]))
        return reference

    def text_page(self, *lines: str, annotations: str = "") -> str:
        """Add a page with lines of 12 points at a distance of 14."""
        return self.page(text(72, 720, *lines), annotations=annotations)

    def build(self) -> bytes:
        """Return the file."""
        kids = " ".join(f"{number} 0 R" for number in self._page_numbers)
        self._objects[_CATALOG] = f"<</Type/Catalog/Pages {_PAGES} 0 R{self.catalog}>>".encode("latin-1")
        self._objects[_PAGES] = f"<</Type/Pages/Count {len(self._page_numbers)}/Kids[{kids}]>>".encode()
        body, offsets = b"%PDF-1.7\n", {}
        for number, source in sorted(self._objects.items()):
            offsets[number] = len(body)
            body += f"{number} 0 obj\n".encode() + source + b"\nendobj\n"
        table = f"xref\n0 {max(offsets) + 1}\n0000000000 65535 f \n"
        table += "".join(f"{offsets[number]:010} 00000 n \n" for number in range(1, max(offsets) + 1))
        trailer = f"trailer<</Size {max(offsets) + 1}/Root {_CATALOG} 0 R>>\nstartxref\n{len(body)}\n%%EOF"
        return body + (table + trailer).encode()


def text(x: float, y: float, *lines: str, size: float = 12, leading: float = 14, font: str = "F1") -> str:
    """Return a text object with lines one below the other."""
    shown = " ".join(f"({escape(line)}) Tj T*" for line in lines)
    return f"BT /{font} {size} Tf {x} {y} Td {leading} TL {shown} ET "


def escape(line: str) -> str:
    """Return the content of a literal string."""
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
