"""Answers compressed by what the client takes, and left alone where that does not pay."""

import gzip
from collections.abc import AsyncIterator, Callable

import brotli
import httpx
import pytest
import zstandard
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bff.http.compression import LEAST_BYTES, choose_coding
from bff.http.finishing import Finishing
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Demo

TEXT = b'{"name": "Marquee"}' * 200
DECODE = {"zstd": zstandard.ZstdDecompressor().decompress, "br": brotli.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("", None),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("deflate, compress", None),
        ("*", "zstd"),
        ("*;q=0", None),
        ("zstd;q=0, *", "br"),
        ("zstd;q=0.1, gzip;q=0.9, br;q=0.5", "gzip"),
        ("br;q=1.0, gzip;q=1.0", "br"),
        ("gzip;q=0", None),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip;q=2, br;q=x", None),
        ("gzip;level=9", "gzip"),
        (",,;;q=,", None),
    ],
)
def test_the_clients_weights_decide_then_the_servers_order(accept_encoding: str, coding: str | None) -> None:
    assert choose_coding(accept_encoding) == coding


JSON = "application/json"
TAG = {"etag": '"1"'}
ANSWERS: dict[str, Callable[[], Response]] = {
    "json": lambda: Response(TEXT, media_type="application/graphql-response+json", headers=TAG | {"vary": "Accept"}),
    "small": lambda: Response(b"x" * (LEAST_BYTES - 1), media_type=JSON),
    "picture": lambda: Response(TEXT, media_type="image/avif"),
    "events": lambda: StreamingResponse(_stream(), media_type="text/event-stream"),
    "stream": lambda: StreamingResponse(_stream(), media_type=JSON),
    "encoded": lambda: Response(gzip.compress(TEXT), media_type="text/plain", headers={"content-encoding": "gzip"}),
    "unchanged": lambda: Response(status_code=304, headers=TAG | {"content-type": JSON}),
    "sealed": lambda: Response(TEXT, media_type=JSON, headers={"cache-control": "no-transform"}),
}


async def answer(request: Request) -> Response:
    return ANSWERS[request.path_params["kind"]]()


async def _stream() -> AsyncIterator[bytes]:
    for _ in range(3):
        yield TEXT


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Route("/{kind}", answer)], middleware=[Middleware(Finishing)])
    async with serve_to_client(app) as client:
        yield client


@pytest.mark.parametrize("coding", DECODE)
async def test_an_answer_is_compressed_whole(client: httpx.AsyncClient, coding: str) -> None:
    async with client.stream("GET", "/json", headers={"accept-encoding": coding}) as response:
        body = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-encoding"] == coding
    assert int(response.headers["content-length"]) == len(body) < len(TEXT) / 5
    assert DECODE[coding](body) == TEXT
    assert response.headers["etag"] == 'W/"1"'
    assert {"Accept", "Accept-Encoding"} == set(response.headers["vary"].split(", "))


@pytest.mark.parametrize("kind", ["small", "picture", "events", "stream", "unchanged", "sealed"])
async def test_what_does_not_pay_or_may_not_be_is_sent_as_it_is(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.get(f"/{kind}", headers={"accept-encoding": "zstd, br, gzip"})
    assert "content-encoding" not in response.headers
    assert response.content in {b"x" * (LEAST_BYTES - 1), TEXT, TEXT * 3, b""}


async def test_what_is_compressed_already_stays(client: httpx.AsyncClient) -> None:
    response = await client.get("/encoded", headers={"accept-encoding": "zstd, gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.content == TEXT


async def test_a_client_that_takes_no_coding_gets_none_but_is_varied_by(client: httpx.AsyncClient) -> None:
    response = await client.get("/json", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in response.headers
    assert response.content == TEXT
    assert response.headers["etag"] == '"1"'
    assert "Accept-Encoding" in response.headers["vary"]


@pytest.mark.parametrize("coding", DECODE)
async def test_the_home_comes_compressed(demo: Demo, coding: str) -> None:
    viewer = (await demo.make_viewer()).with_headers(Accept_Encoding=coding)
    first = await viewer.run(OPERATIONS["home"])
    assert first.response.headers["content-encoding"] == coding
    assert int(first.response.headers["content-length"]) < len(first.response.content) / 3
    assert first.data["home"]["rows"]["edges"]
