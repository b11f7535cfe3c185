"""Names of files in forms, as different clients encode them."""

import pytest
from fastapi.testclient import TestClient

from api.multipart import decode_words

ENCODED = {
    b'filename="plain.txt"': "plain.txt",
    'filename="für \u20ac.txt"'.encode(): "für €.txt",
    b"filename*=UTF-8''f%C3%BCr%20%e2%82%ac.txt": "für €.txt",
    b"filename*=iso-8859-1'de'f%FCr.txt": "für.txt",
    b"filename=\"fur.txt\"; filename*=utf-8''f%C3%BCr.txt": "für.txt",
    b'filename="=?utf-8?B?ZsO8ciDigqwudHh0?="': "für €.txt",
    b"filename=\"=?utf-8?Q?f=C3=BCr.txt?=\"; filename*=utf-8''f%C3%BCr.txt": "für.txt",
    b'filename="=?unknown-charset?B?ZsO8cg==?="': "=?unknown-charset?B?ZsO8cg==?=",
    b'filename="=?utf-8?B?%%%?="': "=?utf-8?B?%%%?=",
}


@pytest.mark.parametrize(("parameters", "expected"), ENCODED.items())
def test_the_name_of_an_uploaded_file_is_decoded(client: TestClient, parameters: bytes, expected: str) -> None:
    parts = (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; ' + parameters + b"\r\n\r\ntext\r\n--b--\r\n",
    )

    answer = client.post(
        "/v1/files", content=b"".join(parts), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert (answer.status_code, answer.json().get("filename")) == (200, expected)


def test_a_form_that_is_not_a_form_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/files", content=b"nothing", headers={"Content-Type": "multipart/form-data"})

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("text", ["=?", "=?utf-8?B?%%%?=", "=?nope?Q?a?=", "a=?b?=c.txt"])
def test_a_wrongly_encoded_word_stays_as_it_is(text: str) -> None:
    assert decode_words(text) == text
