"""What operators read: `/metrics`, the SDL in production, and logs as JSON."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from bff.app import build_app, open_services
from bff.http.documents import Documents
from bff.http.errors import Incident
from bff.http.metrics import Labels, Metrics, Sender, list_fields
from bff.http.operations import FoundOperation
from bff.logs import JsonFormatter
from bff.settings import Environment, Secret
from bff.stores.documents import hash_document, publish_documents
from bff.telemetry import begin_trace
from schema.build import build_schema
from tests.http_server import serve_to_client
from tests.live import OPERATIONS, Demo

PROXIED = {"x-forwarded-for": "192.0.2.1"}


@pytest.fixture(scope="module")
async def production(demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    """The same app as operators run it."""
    settings = replace(demo.services.settings, env=Environment.PRODUCTION, metrics_token=Secret("let me read"))
    async with open_services(settings) as services, serve_to_client(build_app(services)) as client:
        yield client


async def read_metrics(client: httpx.AsyncClient) -> dict[str, float]:
    """Samples by name and labels, as Prometheus writes them."""
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = [line.rsplit(" ", 1) for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def labels(**values: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(values.items())) + "}"


async def test_operations_and_fields_are_counted_by_the_client_that_sent_them(
    demo: Demo, production: httpx.AsyncClient
) -> None:
    viewer = await demo.make_viewer()
    await publish_documents(demo.services.pool, "tv", "7.1", [OPERATIONS["home"]])
    sent = {**viewer.headers, "X-Client-Name": "tv", "X-Client-Version": "7.1"}
    document = hash_document(OPERATIONS["home"])
    body = {"documentId": f"sha256:{document}"}
    for _ in range(3):
        assert "errors" not in (await production.post("/graphql", json=body, headers=sent)).json()
    await production.post("/graphql", json={"query": "query Mine {home {id}}"})
    await production.post("/graphql", json={"query": "{nothing}"}, headers=sent)

    told = await read_metrics(production)
    ran = labels(operation="Home", document=document[:12], client="tv", version="7.1", outcome="ok")
    assert told[f"bff_operations_total{ran}"] == 3
    refused = labels(operation="Mine", document="", client="", version="", outcome="partial")
    assert told[f"bff_operations_total{refused}"] == 1
    invalid = labels(operation="none", document="", client="tv", version="7.1", outcome="GRAPHQL_VALIDATION_FAILED")
    assert told[f"bff_operations_total{invalid}"] == 1
    assert told[f"bff_fields_total{labels(field='Row.items', client='tv')}"] == 3
    assert told[f"bff_fields_total{labels(field='Query.home', client='')}"] == 1
    assert told["bff_operation_seconds_count"] >= 5
    assert told["bff_plans"] >= 1
    assert told['bff_executions_total{by="compiled"}'] >= 1
    assert told['bff_executions_total{by="core: first use"}'] >= 1
    assert told['bff_fragment_lookups_total{outcome="hit"}'] >= 1
    assert told['bff_fragment_lookups_total{outcome="miss"}'] >= 1
    assert told['bff_engine_calls_total{engine="redis"}'] >= 3
    assert told['bff_engine_calls_total{engine="postgresql"}'] >= 1
    assert told["bff_verified_tokens"] >= 1
    assert told["bff_ended_sign_ins"] == len(demo.services.authority.ended)
    assert told['bff_document_lookups_total{in="parser"}'] >= 1


async def test_metrics_are_for_this_machine_or_with_the_token(production: httpx.AsyncClient) -> None:
    assert (await production.get("/metrics")).status_code == 200
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic let me read"}):
        assert (await production.get("/metrics", headers=PROXIED | headers)).status_code == 401
    right = {"authorization": "Bearer let me read"}
    assert (await production.get("/metrics", headers=PROXIED | right)).status_code == 200


async def test_an_empty_token_lets_nobody_in(demo: Demo) -> None:
    response = await demo.visitor.http.get("/metrics", headers=PROXIED | {"authorization": "Bearer"})
    assert response.status_code == 401


async def test_the_sdl_is_for_operators_in_production(demo: Demo, production: httpx.AsyncClient) -> None:
    viewer, operator = await demo.make_viewer(), await demo.sign_in("operator@example.com")
    path = "/graphql/schema.graphql"
    assert (await production.get(path)).status_code == 401
    assert (await production.get(path, headers={"authorization": "Bearer x"})).status_code == 401
    assert (await production.get(path, headers=viewer.headers)).status_code == 403
    told = await production.get(path, headers=operator.headers)
    assert told.status_code == 200
    assert "type Query" in told.text
    assert (await demo.visitor.http.get(path)).text == told.text


async def test_production_has_no_page_and_tells_nothing_of_the_graph(production: httpx.AsyncClient) -> None:
    page = await production.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (400, "application/json")
    wishes = {"accept": "application/json", "apollo-require-preflight": "true"}
    for query in ("{__schema {queryType {name}}}", '{__type(name: "Query") {name}}', "{brows {totalCount}}"):
        told = await production.get("/graphql", params={"query": query}, headers=wishes)
        assert set(told.json()) == {"errors"}
        assert "Did you mean" not in told.text
    for variables in ({"sort": "NAM"}, {"filter": {"genr": []}}):
        query = "query ($sort: BrowseSort, $filter: BrowseFilter) {browse(sort: $sort, filter: $filter) {totalCount}}"
        told = await production.post("/graphql", json={"query": query, "variables": variables})
        assert told.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert "Did you mean" not in told.text


def render(metrics: Metrics) -> bytes:
    metrics.tell()
    return metrics.render()


def find(schema: object, text: str) -> FoundOperation:
    document = Documents(schema, development=True).find(text)  # type: ignore[arg-type]
    operation = document.definitions[0]
    return FoundOperation(document=document, operation=operation, cost=1)  # type: ignore[arg-type]


def test_fields_are_listed_once_through_fragments() -> None:
    schema = build_schema()._schema
    found = find(
        schema, "query($id: ID!) {title(id: $id) {...A ...A ... on Series {seasonCount}}} fragment A on Title {id name}"
    )
    expected = {"Query.title", "Title.id", "Title.name", "Series.seasonCount"}
    assert list_fields(schema, found.document, found.operation) == expected


def test_labels_that_clients_choose_are_bounded() -> None:
    bounded = Labels(3)
    assert [bounded.bound(name) for name in ("a", "b", "a", "c", "d", "b", "x" * 81, "\n")] == [
        *("a", "b", "a", "c", "other", "b", "other", "other")
    ]
    schema = build_schema()._schema
    metrics = Metrics(schema)
    for number in range(3000):
        metrics.note(find(schema, f"query Q{number} {{__typename}}"), Sender(f"c{number}", f"v{number}"), "ok", 0.001)
    told = render(metrics)
    assert told.count(b"bff_operations_total{") <= 202
    assert b'operation="other"' in told


def test_labels_that_clients_choose_are_bounded_in_their_combinations() -> None:
    schema = build_schema()._schema
    metrics = Metrics(schema)
    fields = " ".join(f"{name} {{ __typename }}" for name in ("viewer", "home", "genres"))
    operations = [find(schema, f"query Q{number} {{ {fields} }}") for number in range(20)]
    published = replace(find(schema, "query Published { genres { id } }"), document_hash="a" * 64, is_trusted=True)
    senders = [Sender(f"c{number}", f"v{number % 40}") for number in range(60)]
    for sender in senders:
        for found in operations:
            for outcome in ("ok", "partial", "cancelled"):
                metrics.note(found, sender, outcome, 0.001)
    told = render(metrics)
    assert 2000 <= told.count(b"bff_operations_total{") <= 2003
    assert told.count(b"bff_fields_total{") <= 51 * 3
    total = sum(
        float(line.rsplit(b" ", 1)[1]) for line in told.splitlines() if line.startswith(b"bff_operations_total{")
    )
    assert total == 20 * 60 * 3

    metrics.note(published, senders[0], "ok", 0.001)
    counted = labels(operation="Published", document="a" * 12, client="other", version="other", outcome="ok")
    assert f"bff_operations_total{counted} 1.0" in render(metrics).decode()


def test_what_is_watched_is_told_as_it_is() -> None:
    metrics = Metrics(build_schema()._schema)
    state = SimpleNamespace(sockets=3, counts={"a": 1})
    metrics.watch("bff_live_sockets", "Sockets", lambda: state.sockets)
    metrics.watch_counts("bff_things", "Things", "kind", lambda: state.counts)
    assert b"bff_live_sockets 3.0" in render(metrics)
    state.sockets, state.counts = 0, {"a": 4, "b": 2}
    told = render(metrics)
    assert b"bff_live_sockets 0.0" in told
    assert b'bff_things_total{kind="a"} 4.0' in told
    assert b'bff_things_total{kind="b"} 2.0' in told


def test_a_masked_error_is_logged_as_json_under_its_trace_id(caplog: pytest.LogCaptureFixture) -> None:
    incident = Incident()
    try:
        raise RuntimeError("a \N{SNOWMAN} broke")
    except RuntimeError as error:
        told = incident.mask(error, ["home"])
    (record,) = caplog.records
    line = json.loads(JsonFormatter().format(record))
    assert line["traceId"] == told.extensions["traceId"] == incident.trace_id
    assert line["level"] == "ERROR"
    assert "RuntimeError" in line["exception"]
    assert line["time"].endswith("+00:00")


def test_an_engine_that_is_away_is_logged_under_the_trace_id(caplog: pytest.LogCaptureFixture) -> None:
    incident = Incident()
    incident.mask(ConnectionRefusedError("away"), ["home"])
    (record,) = caplog.records
    assert json.loads(JsonFormatter().format(record))["traceId"] == incident.trace_id


def test_who_gave_way_to_another_transaction_is_told_to_come_again() -> None:
    told = Incident().mask(asyncpg.DeadlockDetectedError("deadlock detected"), ["deleteProfile"])
    assert (told.code, told.extensions["retryAfter"]) == ("UNAVAILABLE", 2)


async def test_whatever_is_logged_during_an_operation_has_its_trace_id() -> None:
    async def work() -> tuple[str, str]:
        trace = begin_trace(None)
        await asyncio.sleep(0)
        record = logging.LogRecord("bff.stores", logging.WARNING, "", 0, "slow", (), None)
        return trace.id, json.loads(await asyncio.create_task(_format(record)))["traceId"]

    for told, logged in await asyncio.gather(work(), work()):
        assert told == logged


async def _format(record: logging.LogRecord) -> str:
    return JsonFormatter().format(record)


def test_a_line_of_log_is_one_line() -> None:
    record = logging.LogRecord("bff", logging.INFO, "", 0, "two\nlines of %s", ({1},), None)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines of {1}"
    assert "traceId" not in json.loads(line)
