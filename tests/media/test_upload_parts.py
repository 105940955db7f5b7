"""`PUT /uploads/{token}/{part}`: what it takes, from whom; and into which parts files fall."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.domain.uploads import (
    AGE,
    LEAST_PART,
    MIB,
    MOST_BYTES,
    MOST_PART,
    MOST_PARTS,
    Upload,
    UploadState,
    choose_part_size,
    find_missing,
    part_key,
    upload_folder,
)
from bff.http import protocols
from bff.http.uploads import SLOWEST as SLOWEST_SENDER
from bff.stores.objects import LEAST_CHUNK, LONGEST_REQUEST, SLOWEST, choose_chunk
from tests.media.sending import HERE, LOOK, NEXT, announce
from tests.media.stores import Studio


@HERE
async def test_a_part_is_taken_whole_or_not_at_all(studio: Studio, sent_master: bytes) -> None:
    upload = await announce(studio, sent_master)
    url, whole = upload["parts"][0]["url"], sent_master[:MIB]
    for content, status, words in ((whole + b"x", 413, "no more"), (whole[:-1], 400, "no less"), (b"", 400, "no less")):
        answer = await studio.put(url, content)
        assert (answer.status_code, words in answer.text) == (status, True)
    assert (await studio.put(url, aiter_once(whole))).status_code == 411
    await break_off(studio, url, whole)
    assert await studio.shop.objects.list_sizes(upload_folder(upload["id"])) == {}
    assert (await studio.ask(LOOK, id=upload["id"]))["arrivedCount"] == 0
    answers = await asyncio.gather(*(studio.put(url, whole) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {204}
    assert list((await studio.shop.objects.list_sizes(upload_folder(upload["id"]))).values()) == [MIB]


@HERE
async def test_only_the_address_that_was_given_lets_in(studio: Studio, sent_master: bytes) -> None:
    upload, other = await announce(studio, sent_master), await announce(studio, b"other")
    _, _, token, number = upload["parts"][0]["url"].split("/")
    head, claims, signature = token.split(".")
    _, foreign, _ = other["parts"][0]["url"].split("/")[2].split(".")
    for forged in (
        f"{head}.{foreign}.{signature}", f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}.", "x", "é", "x" * 600
    ):  # fmt: skip
        answer = await studio.put(f"/uploads/{forged}/{number}", sent_master[:MIB])
        assert (answer.status_code, "createUpload" in answer.text) == (403, True), forged
    for beyond in (0, 4, 99999, "9" * 5000, "-1", "1.0", "x", "%D9%A1"):
        assert (await studio.put(f"/uploads/{token}/{beyond}", sent_master[:MIB])).status_code == 404
    assert (await studio.demo.visitor.http.get(f"/uploads/{token}/{number}")).status_code == 405
    studio.demo.clock.shift = AGE
    try:
        answer = await studio.put(upload["parts"][0]["url"], sent_master[:MIB])
        assert (answer.status_code, "expired" in answer.text) == (403, True)
    finally:
        studio.demo.clock.shift = timedelta(0)
    await studio.shop.pool.execute("UPDATE upload SET state = 'TAKEN' WHERE id = $1", upload["id"])
    assert (await studio.put(upload["parts"][0]["url"], sent_master[:MIB])).status_code == 409
    await studio.shop.pool.execute("DELETE FROM upload WHERE id = $1", upload["id"])
    assert (await studio.put(upload["parts"][0]["url"], sent_master[:MIB])).status_code == 404


@HERE
async def test_a_slow_part_has_its_time_and_one_that_stands_still_has_not(
    studio: Studio, sent_master: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "BODY_DEADLINE", 1.0)
    url = (await announce(studio, sent_master))["parts"][0]["url"]
    step = MIB // 8
    for address, pieces, status in (
        (url, 8, b"HTTP/1.1 204 "),
        (url, 3, b"HTTP/1.1 408 "),
        ("/uploads/x/1", 1, b"HTTP/1.1 403 "),
    ):
        async with dialled(studio, address, MIB) as (reader, writer):
            for number in range(pieces):
                writer.write(sent_master[number * step : (number + 1) * step])
                await asyncio.sleep(0.15)
            assert (await asyncio.wait_for(reader.readline(), 20)).startswith(status)


@HERE
async def test_what_was_refused_holds_no_connection(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "BODY_DEADLINE", 0.4)
    async with dialled(studio, "/uploads/x/1", MIB) as (reader, writer), asyncio.timeout(20):
        assert (await reader.readline()).startswith(b"HTTP/1.1 403 ")
        rest = asyncio.create_task(reader.read())
        while not rest.done():
            writer.write(b"x")
            await asyncio.sleep(0.05)


@asynccontextmanager
async def dialled(
    studio: Studio, url: str, length: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection over which a part of that length begins; it breaks off at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(studio.demo.url.rpartition(":")[2]))
    writer.write(f"PUT {url} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n".encode())
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def aiter_once(content: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not said."""
    yield content


async def break_off(studio: Studio, url: str, content: bytes) -> None:
    """Send half of what was said, and leave."""
    async with dialled(studio, url, len(content)) as (_, writer):
        writer.write(content[: len(content) // 2])
        await writer.drain()


@given(st.integers(1, MOST_BYTES))
def test_there_are_never_too_many_parts(size: int) -> None:
    part_size = choose_part_size(size)
    assert LEAST_PART <= part_size <= MOST_PART
    assert part_size % MIB == 0
    assert math.ceil(size / part_size) <= 1000


async def test_the_largest_file_is_announced_and_its_parts_are_told_in_pages(studio: Studio) -> None:
    """Over S3, too, where each part has an address that was signed for it."""
    upload = await announce(studio, b"", sizeBytes=MOST_BYTES, partBytes=None)
    assert (upload["partCount"], upload["arrivedCount"]) == (math.ceil(MOST_BYTES / upload["partBytes"]), 0)
    seen = upload["parts"]
    while len(seen) < upload["partCount"]:
        page = await studio.operator.run(NEXT, {"id": upload["id"], "after": seen[-1]["number"]})
        assert len(page.response.content) < 128 * 1024
        seen += page.data["upload"]["parts"]
    assert [part["number"] for part in seen] == list(range(1, upload["partCount"] + 1))
    assert sum(part["sizeBytes"] for part in seen) == MOST_BYTES
    assert len({part["url"] for part in seen}) == len(seen)


def test_the_largest_file_is_put_together_in_little_memory_and_in_time() -> None:
    piece = choose_chunk(MOST_BYTES)
    assert LEAST_CHUNK <= piece <= 8 * MIB
    assert math.ceil(MOST_BYTES / piece) <= MOST_PARTS
    assert LONGEST_REQUEST.total_seconds() > MOST_BYTES / SLOWEST
    assert AGE.total_seconds() > MOST_PART / SLOWEST_SENDER


@given(st.integers(1, 500), st.integers(1, 60))
def test_parts_are_the_whole_file_in_order(size: int, part_size: int) -> None:
    now = datetime.now(UTC)
    upload = Upload(
        id="upl_1", file_name="film", size=size, sha256="", part_size=part_size, state=UploadState.OPEN,
        created_at=now, expires_at=now,
    )  # fmt: skip
    parts = upload.list_parts()
    assert [part.number for part in parts] == list(range(1, upload.part_count + 1))
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == size
    assert all(part.size == part_size for part in parts[:-1])
    held = {part_key(upload.id, part.number): part.size for part in parts}
    assert find_missing(upload, held) == []
    assert find_missing(upload, {**held, part_key(upload.id, 1): 0}) == parts[:1]
