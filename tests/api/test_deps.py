"""Helpers of routes."""

import io

from api.deps import read_blocks, to_list_page
from api.schemas.parts import Deleted
from ingest.blobs import BLOCK_BYTES
from ingest.db.pages import Page


def test_a_file_is_read_in_blocks() -> None:
    data = b"x" * (2 * BLOCK_BYTES + 1)

    assert [len(block) for block in read_blocks(io.BytesIO(data))] == [BLOCK_BYTES, BLOCK_BYTES, 1]


def test_a_list_page_names_its_first_and_last_id() -> None:
    items = [Deleted(id=item_id, object="file") for item_id in ("a", "b", "c")]

    page = to_list_page(Page(items, has_more=True), items)

    assert (page.first_id, page.last_id, page.has_more) == ("a", "c", True)
