"""Build small PowerPoint 97 presentations ([MS-PPT] section 2.1)."""

import struct

from tests.steps.parse.documents import DocumentBuilder

TITLE, BODY, NOTES, OTHER = 0, 1, 2, 4


def record(kind: int, body: bytes, *, version: int = 0, instance: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4 | version, kind, len(body)) + body


def container(kind: int, *children: bytes, instance: int = 0) -> bytes:
    return record(kind, b"".join(children), version=0x0F, instance=instance)


def text_box(kind: int, text: str) -> bytes:
    """Return the text of a shape; Latin text as bytes."""
    atom = record(0x0FA8, text.encode("latin-1")) if text.isascii() else record(0x0FA0, text.encode("utf-16-le"))
    return record(0x0F9F, struct.pack("<I", kind)) + atom


def shape(*parts: bytes) -> bytes:
    return container(0xF004, *parts)


def drawing(*shapes: bytes) -> bytes:
    return container(0x040C, container(0xF002, container(0xF003, shape(), *shapes)))


def slide(*shapes: bytes, notes: int = 0, more: bytes = b"", kind: int = 0x03EE) -> bytes:
    atom = record(0x03EF, struct.pack("<I8sIIHH", 0, bytes(8), 0, notes, 0, 0), version=2)
    return container(kind, atom, drawing(*shapes), more)


def entry(persist: int, identifier: int, *texts: bytes) -> bytes:
    return record(0x03F3, struct.pack("<IIIII", persist, 0, 0, identifier, 0)) + b"".join(texts)


class PptFile:
    """Builds a presentation of objects, each saved after the previous one."""

    def __init__(self) -> None:
        self._stream = b""
        self._edit = 0

    def save(self, objects: dict[int, bytes], document: int = 1) -> None:
        """Append objects by their numbers, as a save does."""
        directory = b""
        for number, content in objects.items():
            directory += struct.pack("<II", number | 1 << 20, len(self._stream))
            self._stream += content
        at = len(self._stream)
        self._stream += record(0x1772, directory)
        edit = len(self._stream)
        self._stream += record(0x0FF5, struct.pack("<IIIIIIHH", 0, 0, self._edit, at, document, 0, 0, 0))
        self._edit = edit

    def build(self, *, token: int = 0xE391C05F, pictures: bytes = b"") -> bytes:
        user = record(0x0FF6, struct.pack("<III", 20, token, self._edit) + bytes(12))
        streams = {"PowerPoint Document": self._stream, "Current User": user}
        return DocumentBuilder().ole(streams | ({"Pictures": pictures} if pictures else {}))


def document(*slides: bytes, notes: tuple[bytes, ...] = (), more: bytes = b"") -> bytes:
    lists = container(0x0FF0, *slides), container(0x0FF0, *notes, instance=2)
    return container(0x03E8, *lists, more)
