"""`@defer` and `@stream` over `multipart/mixed;incrementalSpec=v0.2`, and as a whole for everybody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace as replace_struct

from bff.app import build_app
from tests.http_server import serve
from tests.live import Demo
from tests.ws.plain import Plain, serve_plain, started
from tests.ws.sockets import open_socket, until

APOLLO = "multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
DEFER = '{ leaf { name ... @defer(label: "l") { later } } }'
STREAM = "{ leaves @stream(initialCount: 1) { name } }"
RUNNER = Path(__file__).with_name("incremental.mjs")


@pytest.fixture(scope="module")
async def served_parts() -> AsyncIterator[Plain]:
    async with serve_plain(incremental=True, deadline=60) as plain:
        yield plain


@pytest.fixture
async def parts(served_parts: Plain) -> AsyncIterator[Plain]:
    yield served_parts
    await until(lambda: served_parts.is_idle)


async def ask(plain: Plain, query: str, accept: str = APOLLO) -> httpx.Response:
    async with httpx.AsyncClient(base_url=plain.url, timeout=10, trust_env=False) as client:
        return await client.post("/graphql", json={"query": query}, headers={"Accept": accept})


def read_parts(response: httpx.Response) -> list[dict]:
    assert response.headers["content-type"] == 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
    body = response.content
    assert body.startswith(b"\r\n---\r\n")
    assert body.endswith(b"\r\n-----\r\n")
    read = []
    for part in body.removesuffix(b"\r\n-----\r\n").split(b"\r\n---\r\n")[1:]:
        head, _, text = part.partition(b"\r\n\r\n")
        assert head == b"content-type: application/json"
        read.append(json.loads(text))
    assert [part["hasNext"] for part in read] == [True] * (len(read) - 1) + [False]
    return read


async def test_what_is_deferred_follows(parts: Plain):
    first, second = read_parts(await ask(parts, DEFER))
    assert first["data"] == {"leaf": {"name": "a"}}
    assert first["pending"] == [{"id": "0", "path": ["leaf"], "label": "l"}]
    assert second["incremental"] == [{"id": "0", "data": {"later": "a later"}}]
    assert second["completed"] == [{"id": "0"}]


async def test_what_is_streamed_follows(parts: Plain):
    first, *rest = read_parts(await ask(parts, STREAM))
    assert first["data"] == {"leaves": [{"name": "a"}]}
    items = [item for part in rest for entry in part.get("incremental", ()) for item in entry["items"]]
    assert items == [{"name": "b"}, {"name": "c"}]


async def test_nothing_deferred_is_one_part(parts: Plain):
    (only,) = read_parts(await ask(parts, "{ leaf { name ... @defer(if: false) { later } } }"))
    assert only == {"data": {"leaf": {"name": "a", "later": "a later"}}, "hasNext": False}


async def test_errors_in_what_is_deferred_tell_nothing(parts: Plain):
    response = await ask(parts, "{ leaf { name ... @defer { broken } } }")
    _, second = read_parts(response)
    (completed,) = second["completed"]
    assert completed["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert completed["errors"][0]["path"] == ["leaf", "broken"]
    assert "hunter2" not in response.text


async def test_what_is_deferred_has_the_deadline_of_the_whole():
    async with serve_plain(incremental=True, deadline=0.3) as parts:
        first, second = read_parts(await ask(parts, "{ leaf { name ... @defer { never } } }"))
    assert first["data"] == {"leaf": {"name": "a"}}
    (entry,) = second["incremental"]
    assert entry["data"] == {"never": None}
    assert entry["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_what_is_deferred_has_no_more_time_than_its_client(parts: Plain):
    async with httpx.AsyncClient(base_url=parts.url, timeout=10, trust_env=False) as client:
        headers = {"Accept": APOLLO, "X-Request-Deadline-Ms": "100"}
        response = await client.post(
            "/graphql", json={"query": "{ leaf { name ... @defer { never } } }"}, headers=headers
        )
    _, second = read_parts(response)
    assert "0.1 s" in second["incremental"][0]["errors"][0]["message"]


async def test_a_stop_lets_what_is_deferred_follow():
    async with serve_plain(incremental=True) as parts:
        asked = asyncio.create_task(ask(parts, "{ hello ... @defer { slow(seconds: 0.3) } }"))
        await until(lambda: parts.connections.streams == 1)
        parts.connections.drain()
        first, second = read_parts(await asked)
    assert first["data"] == {"hello": "hello world"}
    assert second["incremental"][0]["data"] == {"slow": "slow"}


async def test_leaving_stops_what_is_deferred(parts: Plain):
    query = '{ leaf { name } ... @defer { hanging(name: "deferred") } }'
    async with httpx.AsyncClient(base_url=parts.url, timeout=10, trust_env=False) as client:
        request = client.stream("POST", "/graphql", json={"query": query}, headers={"Accept": APOLLO})
        async with request as response:
            chunks = response.aiter_bytes()
            while b"pending" not in await anext(chunks):
                pass
            await until(lambda: "deferred" in started)
    await until(lambda: not started)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (APOLLO, "multipart/mixed"),
        ('multipart/mixed;incrementalSpec="v0.2"', "multipart/mixed"),
        (URQL, "multipart/mixed"),
        ("application/json, multipart/mixed;incrementalSpec=v0.2", "multipart/mixed"),
        ("application/json;q=0.5, multipart/mixed;q=0.5", "multipart/mixed"),
        ("multipart/mixed;q=0.9, application/json;q=0.8, */*;q=0.1", "multipart/mixed"),
        ("multipart/mixed;q=0.1", "multipart/mixed"),
        ("multipart/mixed;q=0.1, application/json;q=0", "multipart/mixed"),
        ("application/json, multipart/mixed;q=0.9", "application/json"),
        ("multipart/mixed;incrementalSpec=v0.2;q=0.5, application/graphql-response+json", "application/graphql-res"),
        ("text/event-stream, multipart/mixed;q=0.5", "text/event-stream"),
        ("application/json, multipart/mixed;q=0", "application/json"),
        ("multipart/mixed;deferSpec=20220824, application/json", "application/json"),
        ("multipart/mixed;subscriptionSpec=1.0, application/json", "application/json"),
        ("multipart/mixed;incrementalSpec=v9, application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("*/*", "application/json"),
        ("text/event-stream", "text/event-stream"),
    ],
)
async def test_parts_are_sent_to_those_who_name_them(parts: Plain, accept, kind):
    response = await ask(parts, DEFER, accept)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(("query", "whole"), [
    (DEFER, {"leaf": {"name": "a", "later": "a later"}}),
    (STREAM, {"leaves": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}),
])  # fmt: skip
async def test_the_others_get_the_whole(parts: Plain, query, whole):
    assert (await ask(parts, query, "application/json")).json() == {"data": whole}
    events = (await ask(parts, query, "text/event-stream")).text
    assert f"data: {json.dumps({'data': whole}, separators=(',', ':'))}\n" in events
    async with open_socket(parts.url) as socket:
        await socket.greet()
        assert await socket.run(query) == {"data": whole}


async def test_so_many_directives_are_refused(parts: Plain):
    many = " ".join("... @defer { name }" for _ in range(21))
    response = await ask(parts, f"{{ leaf {{ {many} }} }}")
    assert response.json()["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"


async def test_without_the_setting_there_are_no_such_directives(plain: Plain):
    response = await ask(plain, DEFER)
    assert response.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_apollo_and_urql_read_the_parts_of_a_home(demo: Demo):
    services = replace(demo.services, settings=replace_struct(demo.services.settings, incremental=True))
    viewer = await demo.make_viewer()
    async with serve(build_app(services)) as url:
        process = await asyncio.create_subprocess_exec(
            "node",
            str(RUNNER),
            f"{url}/graphql",
            viewer.headers["Authorization"],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    results = json.loads(output)
    assert results["apollo defer"] == {"first": False, "last": True, "emissions": 2}
    assert results["apollo stream"]["first"] == 1
    assert results["apollo stream"]["last"] == 5
    assert results["urql defer"] == {"first": False, "last": True, "emissions": 2}


async def test_subscriptions_may_not_defer_and_have_whole_events(parts: Plain):
    refused = await ask(parts, "subscription { count(to: 1) { number ... @defer { context } } }", "text/event-stream")
    assert "GRAPHQL_VALIDATION_FAILED" in refused.text
    query = "subscription ($if: Boolean! = true) { count(to: 1) { number ... @defer(if: $if) { context } } }"
    for accept in ("text/event-stream", "multipart/mixed;subscriptionSpec=1.0"):
        assert '"count":{"number":1,"context":' in (await ask(parts, query, accept)).text
    async with open_socket(parts.url) as socket:
        await socket.greet()
        await socket.subscribe("a", query)
        assert set((await socket.hear())["payload"]["data"]["count"]) == {"number", "context"}
