"""Attacks by bodies: nested, long, slow, in many parts, larger than the quota."""

import json
import time
from contextlib import suppress
from functools import partial

from tests.attacks.raw import Target, at_once, connections, repeatedly, send_slowly, status_of

_NESTED_BYTES = 60 << 20
_BATCH_BYTES = 64 << 20
_UPLOAD_BYTES = 200 << 20
_UPLOADS = 8
_PARTS = 100_000
_DIGITS = 500_000
_SLOW_CONNECTIONS = 200


def json_routes(target: Target) -> list[str]:
    """Return every path that takes a JSON body, with the ids of the attacker."""
    store = f"/v1/vector_stores/{target.store}"
    return [
        "/v1/vector_stores",
        store,
        f"{store}/search",
        f"{store}/files",
        f"{store}/files/{target.file}",
        f"{store}/files/delete",
        f"{store}/files/attributes",
        f"{store}/file_batches",
        f"{store}/reindex",
        f"{store}/reindex_schedules",
        f"{store}/import_schedules",
        f"{store}/retry",
        "/v1/uploads",
        "/v1/uploads/upload_1/complete",
        "/v1/webhook_endpoints",
    ]


def nested_lists(target: Target, seconds: float) -> list[int]:
    """Send 60 MiB of nested lists to each route, one after the other."""
    body = b"[" * (_NESTED_BYTES // 2) + b"]" * (_NESTED_BYTES // 2)
    return _to_each_route(target, body, seconds)


def shallow_lists(target: Target, seconds: float) -> list[int]:
    """Send 60 MiB of lists in lists that are only two levels deep, which take much more memory than their text."""
    body = b'{"name":[' + b"[]," * (_NESTED_BYTES // 3) + b"[]]}"
    return _to_each_route(target, body, seconds)


def _to_each_route(target: Target, body: bytes, seconds: float) -> list[int]:
    end, statuses = time.monotonic() + seconds, []
    for path in json_routes(target):
        statuses.append(target.post(path, body))
        if time.monotonic() > end:
            break
    return statuses


def lists_within_the_limit(target: Target, seconds: float) -> list[int]:
    """Send just under 1 MiB of nested lists and of empty objects to each route, in four threads."""
    nested = b"[" * 500_000 + b"]" * 500_000
    objects = b'{"metadata":[' + b"{}," * 330_000 + b"{}]}"
    routes = json_routes(target)

    def send() -> int:
        return max(target.post(path, body) for path in routes for body in (nested, objects))

    return repeatedly(send, threads=4, seconds=seconds)


def batches_of_64_mib(target: Target, seconds: float) -> list[int]:
    """Send file batches just below 64 MiB: unknown file ids, and one long list of empty objects."""
    ids = ",".join(f'"file-{n:032x}"' for n in range(_BATCH_BYTES // 40 - 4))
    objects = "{}," * ((_BATCH_BYTES - 100) // 3) + "{}"
    bodies = [f'{{"file_ids":[{ids}]}}'.encode(), f'{{"files":[{objects}]}}'.encode()]
    path = f"/v1/vector_stores/{target.store}/file_batches"
    return repeatedly(lambda: max(target.post(path, body) for body in bodies), threads=2, seconds=seconds)


def long_numbers(target: Target, seconds: float) -> list[int]:
    """Send numbers of half a million digits, and exponents that no number has."""
    bodies = [
        f'{{"query":"a","max_num_results":{n}}}'.encode() for n in ("1" * _DIGITS, "1e999999999", "-" + "9" * 4_301)
    ]
    path = f"/v1/vector_stores/{target.store}/search"
    return repeatedly(lambda: max(target.post(path, body) for body in bodies), threads=4, seconds=seconds)


def slow_bodies(target: Target, seconds: float) -> list[int]:
    """Announce 200 bodies and send a byte of each now and then."""
    headers = {"Content-Type": "application/json", "Content-Length": "1000000"}
    with connections(target, _SLOW_CONNECTIONS) as opened:
        for connection in opened:
            with suppress(OSError):
                connection.sendall(target.head("POST", "/v1/vector_stores", headers))
        send_slowly(opened, b" " * 100_000, seconds=seconds)
    return []


def tiny_chunks(target: Target, seconds: float) -> list[int]:
    """Send a body in chunks of one byte."""
    head = target.head(
        "POST", "/v1/vector_stores", {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    )
    return repeatedly(
        lambda: target.exchange(head, b"1\r\n \r\n" * 1_000_000 + b"0\r\n\r\n"), threads=4, seconds=seconds
    )


def many_parts(target: Target, seconds: float) -> list[int]:
    """Send a form of 100,000 parts."""
    part = '--x\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n'
    file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nv\r\n'
    bodies = [(one * _PARTS + "--x--\r\n").encode() for one in (part, file)]
    form = "multipart/form-data; boundary=x"

    def send() -> int:
        return max(target.post("/v1/files", body, content_type=form) for body in bodies)

    return repeatedly(send, threads=4, seconds=seconds)


def long_part_headers(target: Target, seconds: float) -> list[int]:
    """Send a form with one part header of 20 MB, and a form without a line end."""
    header = b"--x\r\nContent-Disposition: form-data; name=" + b"n" * 20_000_000 + b"\r\n\r\nv\r\n--x--\r\n"
    bodies = [header, b"-" * 20_000_000]
    form = "multipart/form-data; boundary=x"
    return repeatedly(
        lambda: max(target.post("/v1/files", body, content_type=form) for body in bodies), threads=2, seconds=seconds
    )


def uploads_over_quota(target: Target, seconds: float) -> list[int]:
    """Upload files of 200 MiB at once for a project that may store 30 MiB."""
    start = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(_UPLOAD_BYTES)}

    def upload() -> int:
        end, piece = time.monotonic() + seconds, b"word " * 200_000
        with suppress(OSError), target.connect() as connection:
            with suppress(OSError):
                connection.sendall(target.head("POST", "/v1/files", headers) + start)
                for _ in range(_UPLOAD_BYTES // len(piece)):
                    if time.monotonic() > end:
                        return 0
                    connection.sendall(piece)
            return status_of(connection)
        return 0

    return at_once([upload] * _UPLOADS)


def many_small_uploads(target: Target, seconds: float) -> list[int]:
    """Upload small files in sixteen threads as fast as they are taken."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nv\r\n--x--\r\n'
    )
    send = partial(target.post, "/v1/files", body, content_type="multipart/form-data; boundary=x")
    return repeatedly(send, threads=16, seconds=seconds)


def many_attributes(target: Target, seconds: float) -> list[int]:
    """Send objects with 20,000 keys where sixteen are allowed."""
    body = json.dumps({"metadata": {f"key {n}": "v" * 10 for n in range(20_000)}}).encode()
    return repeatedly(lambda: target.post("/v1/vector_stores", body), threads=8, seconds=seconds)
