"""ISO-2022-JP and EUC-JP with the characters of NEC and IBM."""


import pytest
from ingest.errors import UnsupportedFile
from ingest.steps.parse.charset import decode, decode_counted
from ingest.steps.parse.charset.japanese import decode_euc_jp, decode_iso_2022_jp, looks_like_iso_2022_jp


def jis(text: str) -> bytes:
    """Return the text as ISO-2022-JP, by way of EUC-JP."""
    return b"\x1b$B" + bytes(byte & 0x7F for byte in text.encode("euc_jis_2004")) + b"\x1b(B"


@pytest.mark.parametrize("declared", ["iso-2022-jp", None])
def test_iso_2022_jp_has_the_characters_of_nec_and_ibm(declared: str | None) -> None:
    nec_and_ibm = b"\x1b$B\x2d\x21\x7c\x62\x1b(B"

    assert decode(nec_and_ibm + b" " + jis("会議の議題"), declared) == "①髙 会議の議題"


def test_half_width_katakana_of_iso_2022_jp_is_decoded() -> None:
    assert decode(b"\x1b(I\x36\x45\x1b(B ok", "iso-2022-jp") == "ｶﾅ ok"


def test_euc_jp_has_the_characters_of_nec() -> None:
    assert decode(b"\xad\xa1" + "会議".encode("euc_jp"), "euc-jp") == "①会議"
