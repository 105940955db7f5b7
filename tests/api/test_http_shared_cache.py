"""Answers behind a real shared cache, as a CDN would stand there: Debian's nginx with `proxy_cache`."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson
import pytest

from bff.app import build_app
from bff.stores.documents import hash_document, publish_documents
from tests.faults.external_engines import free_port
from tests.faults.processes import DEADLINE, started
from tests.http_server import serve
from tests.live import Client, Demo

PAGE = "query Page($id: ID!) { title(id: $id) { id name synopsis badges artwork { url width format } } }"
NAMES = "query Names($id: ID!) { title(id: $id) { id name maturityRating genres { name } } }"
OWN = "query Own($id: ID!) { title(id: $id) { id isInMyList } viewer { profile { name } } }"
TELEVISION = {"X-Device-Class": "TV", "Accept": "application/json, image/avif"}
PHONE = {"X-Device-Class": "MOBILE", "Accept": "application/json, image/jpeg"}
DEVICES = (TELEVISION, PHONE)
COUNTRY = "X-Country"
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  # Of its own accord it asks for what it might hold without the client's condition.
  map $http_authorization $condition {{ default $http_if_none_match; "" ""; }}
  proxy_cache_path {folder}/cache keys_zone=answers:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header If-None-Match $condition;
      proxy_cache answers;
      proxy_cache_key $request_uri;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Edge:
    """The cache, and what stands behind it."""

    cache: httpx.AsyncClient
    origin: httpx.AsyncClient
    title_id: str

    async def get(self, client: httpx.AsyncClient, text: str, headers: Mapping[str, str]) -> httpx.Response:
        params = {
            "documentId": f"sha256:{hash_document(text)}",
            "variables": orjson.dumps({"id": self.title_id}).decode(),
        }
        return await client.get("/graphql", params=params, headers=dict(headers))

    async def ask(self, text: str, headers: Mapping[str, str]) -> str:
        """Whether the cache had it (HIT) or asked (MISS); the answer must be the origin's."""
        answer, direct = await self.get(self.cache, text, headers), await self.get(self.origin, text, headers)
        assert (answer.status_code, answer.content) == (200, direct.content)
        assert answer.headers["content-language"] == direct.headers["content-language"]
        return answer.headers["x-cache"]


@pytest.fixture
async def edge(demo: Demo, tmp_path: Path) -> AsyncIterator[Edge]:
    settings = msgspec.structs.replace(demo.services.settings, country_header=COUNTRY)
    await publish_documents(demo.services.pool, "cdn", "1", [PAGE, NAMES, OWN])
    title = next(card for card in demo.services.follower.catalogue.by_popularity if card.maturity == 0)
    async with (
        serve(build_app(replace(demo.services, settings=settings))) as origin,
        nginx(tmp_path, origin) as cache,
        httpx.AsyncClient(base_url=origin, timeout=20, trust_env=False) as direct,
        httpx.AsyncClient(base_url=cache, timeout=20, trust_env=False) as cached,
    ):
        yield Edge(cached, direct, title.id)


@asynccontextmanager
async def nginx(folder: Path, origin: str) -> AsyncIterator[str]:
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, origin=origin))
    async with started("/usr/sbin/nginx", "-c", str(configuration), "-p", str(folder)) as process:
        async with asyncio.timeout(DEADLINE):
            while not _listens(port):
                assert process.returncode is None
                await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_a_cache_holds_what_visitors_get(edge: Edge) -> None:
    assert [await edge.ask(PAGE, TELEVISION) for _ in range(3)] == ["MISS", "HIT", "HIT"]


async def test_no_device_gets_the_page_of_another(edge: Edge) -> None:
    told = [await edge.ask(PAGE, device) for device in (*DEVICES, *DEVICES)]
    assert told == ["MISS", "MISS", "HIT", "HIT"]


async def test_what_no_device_shapes_is_held_once_for_all(edge: Edge) -> None:
    accept = {"Accept": "application/json"}
    assert await edge.ask(NAMES, TELEVISION | accept) == "MISS"
    assert await edge.ask(NAMES, PHONE | accept) == "HIT"
    assert await edge.ask(PAGE, TELEVISION | accept) == "MISS"
    assert await edge.ask(PAGE, PHONE | accept) == "MISS"


@pytest.mark.parametrize(("name", "values"), [(COUNTRY, ("US", "GB")), ("Accept-Language", ("de", "fr"))])
async def test_another_country_or_language_has_its_own(edge: Edge, name: str, values: tuple[str, str]) -> None:
    told = [await edge.ask(NAMES, {**TELEVISION, name: value}) for value in (*values, *values)]
    assert told == ["MISS", "MISS", "HIT", "HIT"]


async def test_nothing_of_somebody_signed_in_is_held_or_given_the_visitors_copy(edge: Edge, demo: Demo) -> None:
    viewer: Client = await demo.make_viewer()
    own = TELEVISION | dict(viewer.headers)
    await viewer.fetch("mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=edge.title_id)
    for text in (PAGE, OWN):
        assert await edge.ask(text, own) == "MISS"
        assert await edge.ask(text, TELEVISION) == "MISS"
        assert await edge.ask(text, own) == "MISS"
    assert await edge.ask(PAGE, TELEVISION) == "HIT"
    assert await edge.ask(OWN, TELEVISION) == "MISS"


async def test_clients_revalidate_what_they_have(edge: Edge, demo: Demo) -> None:
    viewer = await demo.make_viewer()
    for headers, caches in ((TELEVISION, ["MISS", "HIT"]), (TELEVISION | dict(viewer.headers), ["MISS", "MISS"])):
        first = await edge.get(edge.cache, PAGE, headers)
        again = await edge.get(edge.cache, PAGE, {**headers, "If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert [first.headers["x-cache"], again.headers["x-cache"]] == caches
        for name in ("etag", "cache-control", "vary"):
            assert again.headers[name] == first.headers[name]
    await viewer.fetch("mutation ($id: ID!) { addToMyList(titleId: $id) { title { id } } }", id=edge.title_id)
    own: dict[str, Any] = TELEVISION | dict(viewer.headers)
    before = await edge.get(edge.cache, OWN, own)
    await viewer.fetch("mutation ($id: ID!) { removeFromMyList(titleId: $id) { title { id } } }", id=edge.title_id)
    after = await edge.get(edge.cache, OWN, {**own, "If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["data"]["title"]["isInMyList"]) == (200, False)
