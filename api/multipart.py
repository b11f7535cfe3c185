"""Forms with files whose names are encoded in one of the ways that HTTP clients use.

Browsers and most clients send UTF-8 in `filename`. Others send `filename*` (RFC 5987), and .NET sends encoded words
(RFC 2047). Starlette's parser knows only the first.
"""

import email.message
from contextlib import aclosing
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import collapse_rfc2231_value
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request


class FormRequest(Request):
    """A request whose form is parsed with decoded names of files."""

    async def _get_form(self, **limits: Any) -> FormData:
        content_type, _ = parse_options_header(self.headers.get("content-type"))
        if self._form is None and content_type == b"multipart/form-data":
            try:
                async with aclosing(self.stream()) as stream:
                    self._form = await _Parser(self.headers, stream, **limits).parse()
            except MultiPartException as exc:
                raise HTTPException(status_code=400, detail=exc.message) from exc
        return await super()._get_form(**limits)


class _Parser(MultiPartParser):
    def on_headers_finished(self) -> None:
        self._current_part.content_disposition = with_decoded_filename(self._current_part.content_disposition)
        super().on_headers_finished()


def with_decoded_filename(header: bytes | None) -> bytes | None:
    """Return a Content-Disposition whose `filename` is the decoded name in UTF-8; `filename*` has precedence."""
    if header is None or (b"filename*" not in header and b"=?" not in header):
        return header
    message = email.message.Message()
    message["Content-Disposition"] = header.decode("latin-1")
    parameters: list[tuple[str, Any]] = message.get_params([], header="Content-Disposition")
    filenames = [value for key, value in parameters if key == "filename"]
    name = next((value for key, value in parameters if key == "name"), None)
    if not filenames or not isinstance(name, str):
        return header
    # The value of `filename*` is a tuple.
    encoded = [each for each in filenames if not isinstance(each, str)]
    filename = collapse_rfc2231_value((encoded or filenames)[0])
    return f'form-data; name="{_quoted(name)}"; filename="{_quoted(decode_words(filename))}"'.encode()


def decode_words(text: str) -> str:
    """Decode the encoded words of RFC 2047 in a text; text that is wrongly encoded stays as it is."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text))) or text
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
