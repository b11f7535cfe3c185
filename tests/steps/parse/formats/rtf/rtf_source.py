"""Build parts of RTF sources."""


def fonts(*entries: bytes) -> bytes:
    return b"{\\fonttbl" + b"".join(b"{%s;}" % entry for entry in entries) + b"}"
