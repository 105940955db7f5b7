"""What OpenTelemetry is told: spans as a receiver of OTLP gets them over the wire, from the real app."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from bff.app import build_app
from bff.http.graphql import GraphQLEndpoint
from bff.logs import JsonFormatter
from bff.otlp import SpanExport
from bff.stores.documents import hash_document, publish_documents
from bff.stores.postgres import summarise
from bff.telemetry import exporting, read_traceparent, tracing
from tests.api.http_schema import open_no_context, schema
from tests.faults.external_engines import free_port
from tests.http_server import serve, serve_to_client
from tests.live import OPERATIONS, Client, Demo
from tests.otlp import ReceivedSpan, Receiver, receiving
from tests.ws.sockets import ARRANGE, HOME_CHANGED, Live, list_rows

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
ABOVE = "00f067aa0ba902b7"
TRACEPARENT = f"00-{CALLER}-{ABOVE}-01"


@dataclass(frozen=True)
class Traced:
    """The real app with an exporter, and where its spans come out."""

    live: Live
    receiver: Receiver
    spans: SpanExport
    visitor: Client

    async def collect(self, name: str) -> list[ReceivedSpan]:
        """All spans of the one trace whose first span has this name, since the last time; and forget the rest."""
        await asyncio.to_thread(self.spans.flush)
        firsts = [span for span in self.receiver.spans if span.name == name and span.kind == "SERVER"]
        assert len(firsts) == 1, [span.name for span in self.receiver.spans]
        found = self.receiver.of_trace(firsts[0].trace)
        self.receiver.spans.clear()
        return found

    async def make_viewer(self) -> Client:
        viewer = await self.live.demo.make_viewer()
        return replace(viewer, http=self.visitor.http)


@pytest.fixture(scope="module")
async def traced(demo: Demo) -> AsyncIterator[Traced]:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving())
        spans = await stack.enter_async_context(exporting(f"{receiver.url}/v1/traces"))
        assert isinstance(spans, SpanExport)
        app = build_app(replace(demo.services, spans=spans))
        url = await stack.enter_async_context(serve(app))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=20, trust_env=False))
        yield Traced(Live(url=url, app=app, demo=demo), receiver, spans, Client(http))


@asynccontextmanager
async def serving_plain(receiver: str) -> AsyncIterator[tuple[httpx.AsyncClient, SpanExport]]:
    """A schema of no domain; its spans have gone to the receiver when the block is over."""
    async with exporting(f"{receiver}/v1/traces") as spans:
        assert isinstance(spans, SpanExport)
        async with serve_to_client(GraphQLEndpoint(schema, open_no_context, spans=spans)) as client:
            yield client, spans


def by_name(spans: list[ReceivedSpan]) -> dict[str, ReceivedSpan]:
    return {span.name: span for span in spans}


async def test_an_operation_is_a_span_below_its_callers_with_what_it_asked_engines_below(traced: Traced) -> None:
    viewer = await traced.make_viewer()
    document = hash_document(OPERATIONS["home"])
    await publish_documents(traced.live.demo.services.pool, "tv", "9.1", [OPERATIONS["home"]])
    headers = {**viewer.headers, "traceparent": TRACEPARENT}
    answer = await viewer.http.post("/graphql", json={"documentId": f"sha256:{document}"}, headers=headers)
    assert "errors" not in answer.json()

    spans = await traced.collect("query Home")
    named = by_name(spans)
    whole, execution, read = named["query Home"], named["graphql.execute"], named["redis MGET"]
    assert (whole.trace, whole.parent) == (CALLER, ABOVE)
    assert whole.attributes == {
        "graphql.operation.type": "query",
        "graphql.operation.name": "Home",
        "graphql.document.id": document,
        "marquee.outcome": "ok",
    }
    assert whole.resource["service.name"] == "marquee"
    assert (execution.parent, execution.kind) == (whole.id, "INTERNAL")
    assert execution.attributes == {"marquee.execution": "compiled"}
    assert (read.parent, read.kind) == (execution.id, "CLIENT")
    assert read.attributes == {"db.system.name": "redis", "db.operation.name": "MGET"}
    statements = [span for span in spans if span.attributes.get("db.system.name") == "postgresql"]
    assert statements
    assert {span.parent for span in spans} <= {ABOVE, whole.id, execution.id}
    assert len({span.id for span in spans}) == len(spans)
    assert all(whole.started <= span.started <= span.ended for span in spans)


async def test_a_fall_back_names_its_reason_and_a_search_is_a_call(traced: Traced) -> None:
    for expected in ("core: first use", "compiled"):
        await traced.visitor.fetch(OPERATIONS["search"], query="spiderman")
        named = by_name(await traced.collect("query Search"))
        assert named["graphql.execute"].attributes == {"marquee.execution": expected}
        assert named["tantivy search"].parent == named["graphql.execute"].id
    metrics = (await traced.visitor.http.get("/metrics")).text
    assert 'bff_engine_calls_total{engine="search"}' in metrics


async def test_statements_are_told_by_verb_and_table(traced: Traced) -> None:
    viewer = await traced.make_viewer()
    mutation = "mutation Keep($id: ID!) { addToMyList(titleId: $id) { __typename } }"
    title = (await viewer.fetch("{ browse(first: 1) { edges { node { id } } } }"))["browse"]["edges"][0]["node"]["id"]
    await viewer.fetch(mutation, id=title)
    spans = await traced.collect("mutation Keep")
    named = by_name(spans)
    assert named["graphql.execute"].attributes == {"marquee.execution": "core: first use"}
    assert {"postgresql BEGIN", "postgresql COMMIT"} <= named.keys()
    statements = [span for span in spans if span.attributes.get("db.system.name") == "postgresql"]
    assert {span.parent for span in statements} == {named["graphql.execute"].id}
    assert any(span.name.startswith("postgresql INSERT ") for span in statements)
    assert summarise("UPDATE profile SET name = 'Grace' WHERE id = $1") == "UPDATE profile"
    assert summarise("BEGIN;") == "BEGIN"
    assert summarise("\n  SELECT a, 'x@y.example' FROM account WHERE email = 'x@y.example'") == "SELECT account"
    assert summarise("") == ""


async def test_nothing_secret_is_told(traced: Traced) -> None:
    secrets = ["correct-horse-battery", "who@secrets.example", "Wichita", "Lineman"]
    headers = {"X-Client-Name": "Wichita", "User-Agent": "Lineman"}
    viewer = await traced.make_viewer()
    await traced.visitor.with_headers(**headers).run(
        f'mutation In {{ login(input: {{email: "{secrets[1]}", password: "{secrets[0]}"}}) {{ __typename }} }}'
    )
    variables = {"input": {"email": secrets[1], "password": secrets[0]}}
    await traced.visitor.run(OPERATIONS["account"], variables, "SignIn")
    await viewer.run("query Q($q: String!) { search(query: $q) { totalCount } }", {"q": "Wichita Lineman"})
    await viewer.run('{ title(id: "Wichita") { id } broken(a: "Lineman") }')
    await asyncio.to_thread(traced.spans.flush)
    told = b"".join(traced.receiver.bodies)
    assert b"mutation In" in told
    assert b"tantivy search" in told
    for secret in (*secrets, viewer.headers["Authorization"].removeprefix("Bearer "), viewer.account_id, "SELECT *"):
        assert secret is not None
        assert secret.encode() not in told, secret


@pytest.mark.parametrize(
    ("header", "is_kept"),
    [(TRACEPARENT, True), (f"00-{CALLER}-{ABOVE}-00", True), ("00-xyz", False), ("", False)],
)
async def test_the_trace_id_of_an_error_is_that_of_the_span_and_of_the_log(
    traced: Traced, caplog: pytest.LogCaptureFixture, header: str, is_kept: bool
) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(JsonFormatter().format(record))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        async with serving_plain(traced.receiver.url) as (client, _):
            traced.receiver.spans.clear()
            answer = await client.post("/graphql", json={"query": "query B {broken}"}, headers={"traceparent": header})
    finally:
        logging.getLogger().removeHandler(handler)
    told = answer.json()["errors"][0]["extensions"]["traceId"]
    assert (told == CALLER) is is_kept
    (line,) = [json.loads(line) for line in lines if "RuntimeError" in line]
    assert line["traceId"] == told
    spans = traced.receiver.of_trace(told)
    if header.endswith("-00"):  # the caller does not record its trace, so neither does its callee
        assert spans == []
        return
    whole = by_name(spans)["query B"]
    assert whole.is_failed
    assert whole.attributes["marquee.outcome"] == "partial"
    assert b"hunter2" not in b"".join(traced.receiver.bodies)


async def test_what_is_refused_says_why_and_fails_only_where_it_is_ours(traced: Traced) -> None:
    async with serving_plain(traced.receiver.url) as (client, spans):
        for query, outcome in (("{", "GRAPHQL_PARSE_FAILED"), ("{nothing}", "GRAPHQL_VALIDATION_FAILED")):
            traced.receiver.spans.clear()
            await client.post("/graphql", json={"query": query})
            await asyncio.to_thread(spans.flush)
            (span,) = traced.receiver.spans
            assert span.name == "GraphQL Operation"
            assert span.attributes == {"marquee.outcome": outcome, "error.type": outcome}
            assert not span.is_failed
        traced.receiver.spans.clear()
        headers = {"X-Request-Deadline-Ms": "20"}
        await client.post("/graphql", json={"query": "query Late {hangingForCertain}"}, headers=headers)
        await asyncio.to_thread(spans.flush)
        assert by_name(traced.receiver.spans)["graphql.execute"].trace == traced.receiver.spans[-1].trace


async def test_each_operation_of_a_socket_is_a_trace_and_events_lie_below_their_subscription(traced: Traced) -> None:
    viewer = await traced.make_viewer()
    rows = await list_rows(viewer)
    async with traced.live.sign_in(viewer, headers={"traceparent": TRACEPARENT}) as socket:
        for name in ("One", "Two"):
            assert "errors" not in await socket.run(f"query {name} {{ viewer {{ region }} }}")
        await socket.subscribe("events", HOME_CHANGED.replace("subscription", "subscription Changed"))
        await socket.run("{ viewer { region } }", "begun")
        await viewer.fetch(ARRANGE.replace("mutation", "mutation Arrange"), order=rows[::-1])
        assert (await socket.hear())["type"] == "next"
        await socket.say("complete", id="events")
    await asyncio.to_thread(traced.spans.flush)
    spans = list(traced.receiver.spans)
    one, two, changed = (
        next(span for span in spans if span.name == name) for name in ("query One", "query Two", "subscription Changed")
    )
    assert len({one.trace, two.trace, changed.trace, CALLER}) == 4
    assert {one.parent, two.parent, changed.parent} == {""}
    (event,) = [span for span in spans if span.trace == changed.trace and span.name == "graphql.execute"]
    assert event.parent == changed.id
    await traced.collect("mutation Arrange")


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("text/event-stream", "query Streamed {hello}"),
        ("text/event-stream", "subscription Streamed {count}"),
        ("multipart/mixed;subscriptionSpec=1.0", "subscription Streamed {count}"),
    ],
)
async def test_a_stream_is_one_trace(traced: Traced, accept: str, query: str) -> None:
    traced.receiver.spans.clear()
    async with serving_plain(traced.receiver.url) as (client, _):
        headers = {"accept": accept, "traceparent": TRACEPARENT}
        assert "data" in (await client.post("/graphql", json={"query": query}, headers=headers)).text
    assert len(traced.receiver.spans) == 2
    named = by_name(traced.receiver.spans)
    whole, execution = named[query.partition(" {")[0]], named["graphql.execute"]
    assert (whole.trace, whole.parent, execution.parent) == (CALLER, ABOVE, whole.id)


async def test_a_job_is_a_trace_of_its_own(traced: Traced) -> None:
    traced.receiver.spans.clear()
    pool = traced.live.demo.services.pool
    with tracing(traced.spans, "job look"):
        await pool.fetchval("SELECT count(*) FROM outbox")
    with pytest.raises(ZeroDivisionError), tracing(traced.spans, "job fall"):
        1 / 0  # noqa: B018
    await asyncio.sleep(0)
    await asyncio.to_thread(traced.spans.flush)
    named = by_name(traced.receiver.spans)
    assert named["postgresql SELECT outbox"].parent == named["job look"].id
    assert (named["job look"].is_failed, named["job fall"].is_failed) == (False, True)
    assert named["job look"].trace != named["job fall"].trace


async def test_a_receiver_that_is_away_or_never_answers_costs_no_answer_and_holds_up_no_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5")
    taken = asyncio.Event()
    over = asyncio.Event()

    async def never_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await over.wait()
        writer.close()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    try:
        for port in (silent.sockets[0].getsockname()[1], free_port()):
            async with asyncio.timeout(20):
                async with serving_plain(f"http://127.0.0.1:{port}") as (client, _):
                    for _ in range(60):
                        answer = await client.post("/graphql", json={"query": "{hello}"})
                        assert answer.json() == {"data": {"hello": "hello world"}}
        assert taken.is_set()
    finally:
        over.set()
        silent.close()
        await silent.wait_closed()


def test_opentelemetry_is_not_imported_unless_an_exporter_is_named() -> None:
    program = (
        "import bff.app, workers.process, asyncio, sys\n"
        "from bff.telemetry import exporting\n"
        "asyncio.run(exporting('').__aenter__())\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("header", "is_good"),
    [
        (TRACEPARENT, True),
        (f"cc-{CALLER}-{ABOVE}-01-what-comes-later", True),
        (f"{TRACEPARENT}-more", False),
        (f"cc-{CALLER}-{ABOVE}-01.more", False),
        (f"ff-{CALLER}-{ABOVE}-01", False),
        (f"00-{'0' * 32}-{ABOVE}-01", False),
        (f"00-{CALLER}-{'0' * 16}-01", False),
        (f"00-{CALLER.upper()}-{ABOVE}-01", False),
        (f" {TRACEPARENT}", False),
        (f"{TRACEPARENT}\n", False),
        (None, False),
    ],
)
def test_a_traceparent_is_read_as_w3c_says(header: str | None, is_good: bool) -> None:
    origin = read_traceparent(header)
    assert (origin is not None) is is_good
    if origin is not None:
        assert origin == (int(CALLER, 16), int(ABOVE, 16), True)
