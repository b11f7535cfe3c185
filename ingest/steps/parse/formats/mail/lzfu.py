"""Decompress the RTF of Outlook messages and of TNEF ([MS-OXRTFCP])."""

import struct

_COMPRESSED, _UNCOMPRESSED = b"LZFu", b"MELA"
_HEADER_BYTES = 16
_DICTIONARY_BYTES = 4096
_INITIAL = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u"
    b"\\tab\\tx"
)
_MAX_BYTES = 128 * 2**20


def decompress_rtf(data: bytes) -> bytes:
    """Return the RTF of a compressed stream, or what can be read of a damaged one. Raises ValueError for another stream."""
    if len(data) < _HEADER_BYTES:
        raise ValueError("the compressed RTF is cut off")
    _, raw_bytes, signature, _ = struct.unpack_from("<II4sI", data)
    if signature == _UNCOMPRESSED:
        return data[_HEADER_BYTES : _HEADER_BYTES + raw_bytes]
    if signature != _COMPRESSED:
        raise ValueError("the stream is not compressed RTF")
    return _decompress(data, min(raw_bytes, _MAX_BYTES))


def _decompress(data: bytes, size: int) -> bytes:
    dictionary = bytearray(_INITIAL.ljust(_DICTIONARY_BYTES, b"\0"))
    write = len(_INITIAL)
    output = bytearray()
    position = _HEADER_BYTES
    while position < len(data) and len(output) < size:
        control = data[position]
        position += 1
        for bit in range(8):
            if position >= len(data) or len(output) >= size:
                break
            if not control >> bit & 1:
                run = data[position : position + 1]
                position += 1
                output += run
                dictionary[write] = run[0]
                write = (write + 1) % _DICTIONARY_BYTES
                continue
            reference = int.from_bytes(data[position : position + 2], "big")
            position += 2
            offset, length = reference >> 4, (reference & 15) + 2
            if offset == write:  # the end mark
                return bytes(output)
            for index in range(length):
                byte = dictionary[(offset + index) % _DICTIONARY_BYTES]
                output.append(byte)
                dictionary[write] = byte
                write = (write + 1) % _DICTIONARY_BYTES
    return bytes(output)
