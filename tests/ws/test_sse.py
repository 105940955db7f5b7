"""GraphQL over server-sent events in distinct connections mode, clause by clause, and how a stream is agreed on."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from bff.http import streaming
from tests.ws.plain import PUBLISHED_ID, Plain, serve_plain, started
from tests.ws.sockets import open_socket, until

COUNT = "subscription { count(to: 2) { number context } }"
SILENT = "subscription { silent { number } }"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
APOLLO = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9"
)


@dataclass(frozen=True)
class Event:
    name: str
    data: str

    @property
    def result(self):
        assert self.name == "next"
        return json.loads(self.data)


def read_events(body: str) -> list[Event]:
    """As the HTML standard reads an event stream; comments are left out."""
    assert "\r" not in body
    events = []
    for block in body.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            events.append(Event(fields["event"], fields["data"]))
    return events


@pytest.fixture
async def client(plain: Plain) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=plain.url, timeout=10, trust_env=False) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, accept: str = "text/event-stream", **body) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **body}, headers={"Accept": accept})


@asynccontextmanager
async def streaming_answer(client: httpx.AsyncClient, query: str, accept: str = "text/event-stream"):
    async with client.stream("POST", "/graphql", json={"query": query}, headers={"Accept": accept}) as response:
        yield response


async def test_a_subscription_is_a_stream_of_next_and_then_complete(client):
    response = await ask(client, COUNT)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    first, second, complete = read_events(response.text)
    assert [event.result["data"]["count"]["number"] for event in (first, second)] == [1, 2]
    assert first.result["data"]["count"]["context"] != second.result["data"]["count"]["context"]
    assert complete == Event("complete", "")


@pytest.mark.parametrize("query", ["{ hello }", 'mutation { shout(text: "a") }'])
async def test_other_operations_are_one_next_and_complete(client, query):
    events = read_events((await ask(client, query)).text)
    assert [event.name for event in events] == ["next", "complete"]
    assert "data" in events[0].result


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($name: String!) { hello(name: $name) }", "BAD_USER_INPUT"),
        ("subscription ($to: Int!) { count(to: $to) { number } }", "BAD_USER_INPUT"),
        ("subscription { refused { number } }", "FORBIDDEN"),
        ("{" + "a: hello " * 40 + "}", "TOO_EXPENSIVE"),
    ],
)
async def test_what_validation_refuses_is_told_in_the_stream(client, query, code):
    response = await ask(client, query)
    assert response.status_code == 200
    refused, complete = read_events(response.text)
    assert refused.result["errors"][0]["extensions"]["code"] == code
    assert "data" not in refused.result
    assert complete.name == "complete"


async def test_what_is_no_request_is_told_by_its_status(client):
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    assert (await client.post("/graphql", content="{", headers=headers)).status_code == 400
    assert (await client.post("/graphql", content="{}", headers={**headers, "Content-Type": "a/b"})).status_code == 415
    assert (await client.put("/graphql", content="{}", headers=headers)).status_code == 405


async def test_who_may_not_connect_is_told_by_a_status(client):
    for query in ("{ hello }", COUNT):
        headers = {"Accept": "text/event-stream", "Authorization": "Bearer bad"}
        response = await client.post("/graphql", json={"query": query}, headers=headers)
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_stream_that_breaks_ends_with_an_error_that_tells_nothing(client):
    first, broken, complete = read_events((await ask(client, "subscription { breaking { number } }")).text)
    assert first.result["data"] == {"breaking": {"number": 1}}
    assert broken.result["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "hunter2" not in broken.data
    assert complete.name == "complete"


async def test_gets_run_queries_and_subscriptions_but_no_mutations(client):
    headers = {"Accept": "text/event-stream", "Apollo-Require-Preflight": "true"}
    for query, count in (("{ hello }", 2), (COUNT, 3)):
        response = await client.get("/graphql", params={"query": query}, headers=headers)
        assert len(read_events(response.text)) == count
    response = await client.get("/graphql", params={"query": 'mutation { shout(text: "a") }'}, headers=headers)
    assert response.status_code == 405


async def test_published_documents_are_run_by_their_id(client):
    headers = {"Accept": "text/event-stream"}
    by_post = await client.post("/graphql", json={"documentId": PUBLISHED_ID}, headers=headers)
    by_get = await client.get("/graphql", params={"documentId": PUBLISHED_ID}, headers=headers)
    for response in (by_post, by_get):
        first, complete = read_events(response.text)
        assert first.result == {"data": {"count": {"number": 1}}}
        assert complete.name == "complete"


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"])
async def test_persisted_queries_are_known_by_their_hash_once_they_were_sent(client, accept):
    text = f"subscription Kept {{ count(to: {len(accept)}) {{ number }} }}"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}
    by_get = {"params": {"extensions": json.dumps(extensions)}, "headers": {"Accept": "text/event-stream"}}
    unknown, _ = read_events((await client.get("/graphql", **by_get)).text)
    assert unknown.result["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    whole = await ask(client, text, accept, extensions=extensions)
    again = await client.post("/graphql", json={"extensions": extensions}, headers={"Accept": accept})
    assert again.content == whole.content
    assert again.content.count(b"number") == len(accept)
    assert len(read_events((await client.get("/graphql", **by_get)).text)) == len(accept) + 1


async def test_where_texts_are_not_taken_streams_and_sockets_take_none():
    async with serve_plain(takes_texts=False) as plain:
        async with httpx.AsyncClient(base_url=plain.url, timeout=10, trust_env=False) as client:
            refused, _ = read_events((await ask(client, COUNT)).text)
            assert refused.result["errors"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"
            response = await client.post(
                "/graphql", json={"documentId": PUBLISHED_ID}, headers={"Accept": "text/event-stream"}
            )
            assert read_events(response.text)[0].result == {"data": {"count": {"number": 1}}}
        async with open_socket(plain.url) as socket:
            await socket.greet()
            await socket.subscribe("a", COUNT)
            assert (await socket.hear())["payload"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"
            await socket.say("subscribe", id="b", payload={"documentId": PUBLISHED_ID})
            assert (await socket.hear())["payload"] == {"data": {"count": {"number": 1}}}


async def test_results_come_as_they_are_made_with_heartbeats_between(plain: Plain, client, monkeypatch):
    monkeypatch.setattr(streaming, "HEARTBEAT_EVERY", 0.05)
    async with streaming_answer(client, SILENT) as response:
        lines = response.aiter_lines()
        heartbeats = [await anext(lines) for _ in range(8)]
        assert heartbeats == [":", ""] * 4
        assert (plain.connections.streams, plain.streams.live) == (1, 1)


async def test_leaving_ends_the_subscription(plain: Plain, client):
    async with streaming_answer(client, SILENT) as response:
        assert response.status_code == 200
        await until(lambda: "silent" in started)
    await until(lambda: plain.is_idle)


async def test_a_token_that_ends_ends_the_stream_without_complete(plain: Plain, client):
    headers = {"Accept": "text/event-stream", "Authorization": "Bearer good for a moment"}
    async with client.stream("POST", "/graphql", json={"query": SILENT}, headers=headers) as response:
        await until(lambda: "silent" in started)
        plain.identities.ended.add("Bearer good for a moment")
        async with asyncio.timeout(5):
            body = (await response.aread()).decode()
    assert read_events(body) == []


async def test_a_query_has_no_more_time_than_its_client(client):
    headers = {"Accept": "text/event-stream", "X-Request-Deadline-Ms": "100"}
    response = await client.post("/graphql", json={"query": '{ hello hanging(name: "late") }'}, headers=headers)
    late, complete = read_events(response.text)
    assert late.result["data"] == {"hello": "hello world", "hanging": None}
    assert "0.1 s" in late.result["errors"][0]["message"]
    assert complete.name == "complete"


async def test_a_stop_breaks_off_what_is_followed_and_lets_queries_come_to_their_answer():
    async with serve_plain() as plain, httpx.AsyncClient(base_url=plain.url, timeout=10, trust_env=False) as client:
        followed = asyncio.create_task(ask(client, SILENT))
        asked = asyncio.create_task(ask(client, "{ slow(seconds: 0.3) }"))
        await until(lambda: plain.connections.streams == 2 and "silent" in started)
        plain.connections.drain()
        assert read_events((await followed).text) == []
        answer, complete = read_events((await asked).text)
        assert answer.result == {"data": {"slow": "slow"}}
        assert complete.name == "complete"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (URQL, "text/event-stream"),
        ("text/event-stream;q=0.1, application/json", "text/event-stream"),
        ("application/json, text/event-stream;q=0.1, multipart/mixed;subscriptionSpec=1.0", "multipart/mixed"),
        (APOLLO, "multipart/mixed"),
        ('multipart/mixed;subscriptionSpec="1.0"', "multipart/mixed"),
        (f"{APOLLO}, text/event-stream", "multipart/mixed"),
        (f"text/event-stream, {APOLLO}", "text/event-stream"),
    ],
)
async def test_a_subscription_takes_the_stream_that_the_client_names_and_likes_best(client, accept, kind):
    response = await ask(client, COUNT, accept)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream;q=0, application/json", ""])
async def test_a_subscription_without_a_stream_is_refused(client, accept):
    response = await ask(client, COUNT, accept)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (URQL, "application/graphql-response+json"),
        (APOLLO, "application/graphql-response+json"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream, application/json", "text/event-stream"),
        ("text/event-stream;q=0.5, application/json", "application/json"),
        ("text/event-stream, application/json;q=0.5", "text/event-stream"),
        ("text/event-stream;q=0, */*", "application/json"),
        ("*/*", "application/json"),
    ],
)
async def test_a_query_takes_what_the_client_likes_best(client, accept, kind):
    response = await ask(client, "{ hello }", accept)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)


async def test_a_query_whose_client_takes_only_multipart_is_refused(client):
    response = await ask(client, "{ hello }", "multipart/mixed;subscriptionSpec=1.0")
    assert response.status_code == 406


def read_parts(body: bytes) -> list[dict]:
    assert body.startswith(b"\r\n--graphql\r\n")
    assert body.endswith(b"\r\n--graphql--\r\n")
    parts = body.removesuffix(b"\r\n--graphql--\r\n").split(b"\r\n--graphql\r\n")[1:]
    read = []
    for part in parts:
        head, _, text = part.partition(b"\r\n\r\n")
        assert head == b"content-type: application/json"
        read.append(json.loads(text))
    return read


async def test_multipart_carries_a_payload_a_part(client):
    response = await ask(client, COUNT, APOLLO)
    assert response.headers["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
    parts = read_parts(response.content)
    assert [part["payload"]["data"]["count"]["number"] for part in parts] == [1, 2]


async def test_multipart_tells_what_the_field_refuses_in_its_payload(client):
    (part,) = read_parts((await ask(client, "subscription { refused { number } }", APOLLO)).content)
    assert part["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_multipart_beats_with_empty_parts(client, monkeypatch):
    monkeypatch.setattr(streaming, "HEARTBEAT_EVERY", 0.05)
    async with streaming_answer(client, SILENT, APOLLO) as response:
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if body.count(b"{}") == 3:
                break
    assert body.startswith(b"\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql")
