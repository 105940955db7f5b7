"""Deadlines and clients that leave: what hangs is cancelled, what is done is kept."""

import asyncio

import pytest
import strawberry

from bff.execution import PlanCache
from bff.http.graphql import GraphQLEndpoint
from tests.api.http_schema import open_no_context, schema, wait_for_ever
from tests.http_server import serve, serve_to_client

DEADLINE = 0.5


@pytest.fixture(params=["compiled", "by graphql-core"])
def plans(request):
    """Queries are compiled at their first use, or never."""
    plans = PlanCache(compile_on=1) if request.param == "compiled" else None
    yield plans
    assert plans is None or plans.counts["plans made"] == 1


async def ask(app, query, headers=None):
    async with serve_to_client(app) as client:
        return await client.post("/graphql", json={"query": query}, headers=headers)


def codes_by_path(answer):
    return {tuple(error["path"]): error["extensions"]["code"] for error in answer["errors"]}


async def test_what_was_done_in_time_is_kept(plans):
    app = GraphQLEndpoint(schema, open_no_context, plans=plans, deadline=DEADLINE)
    response = await ask(app, "{hello later hanging leaves {name} slow: leaves {slowName}}")
    assert response.status_code == 200
    answer = response.json()
    assert answer["data"] == {
        "hello": "hello world",
        "later": "later",
        "hanging": None,
        "leaves": [{"name": "a"}, {"name": "b"}],
        "slow": [None, None],
    }
    assert codes_by_path(answer) == {
        ("hanging",): "DEADLINE_EXCEEDED",
        ("slow", 0, "slowName"): "DEADLINE_EXCEEDED",
        ("slow", 1, "slowName"): "DEADLINE_EXCEEDED",
    }
    assert "0.5 s" in answer["errors"][0]["message"]


@pytest.mark.parametrize("query", ["{hangingForCertain}", "{hello hangingForCertain hanging}"])
async def test_a_late_field_that_cannot_be_null_takes_the_data_with_it(plans, query):
    response = await ask(GraphQLEndpoint(schema, open_no_context, plans=plans, deadline=DEADLINE), query)
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert "DEADLINE_EXCEEDED" in response.text


async def test_the_client_lowers_the_deadline_and_never_raises_it():
    patient = GraphQLEndpoint(schema, open_no_context, deadline=3600)
    response = await ask(patient, "{hanging}", {"x-request-deadline-ms": "250"})
    assert "0.25 s" in response.json()["errors"][0]["message"]
    strict = GraphQLEndpoint(schema, open_no_context, deadline=0.25)
    response = await ask(strict, "{hanging}", {"x-request-deadline-ms": "999999999"})
    assert "0.25 s" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("wish", ["", "0", "-1", "1.5", "soon", "²", "9" * 5000])
async def test_a_deadline_that_is_no_number_is_refused(wish):
    response = await ask(
        GraphQLEndpoint(schema, open_no_context), "{hello}", {"x-request-deadline-ms": wish.encode("latin-1")}
    )
    assert response.status_code == 400
    assert "X-Request-Deadline-Ms" in response.text


async def test_a_timeout_of_the_contexts_own_is_no_deadline_of_ours(caplog):
    def open_context(_):
        raise TimeoutError("the engine")

    response = await ask(GraphQLEndpoint(schema, open_context), "{hello}")
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


class Watched:
    """A schema whose resolvers say when they start and when they are cancelled."""

    def __init__(self):
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.shared = asyncio.get_running_loop().create_future()
        watched = self

        @strawberry.type
        class Query:
            @strawberry.field
            async def watched(self) -> str | None:
                watched.started.set()
                try:
                    await wait_for_ever()
                finally:
                    watched.cancelled.set()
                return None

            @strawberry.field
            async def stubborn(self) -> str | None:
                try:
                    await wait_for_ever()
                except asyncio.CancelledError:
                    await wait_for_ever()
                return None

            @strawberry.field
            def shared(self) -> str | None:
                return watched.shared

            @strawberry.field
            async def hello(self) -> str:
                return "hello"

        @strawberry.type
        class Mutation:
            @strawberry.mutation
            async def hang(self) -> str | None:
                await wait_for_ever()
                return None

            @strawberry.mutation
            async def start(self) -> str | None:
                watched.started.set()
                return "started"

        self.schema = strawberry.Schema(query=Query, mutation=Mutation)


async def test_fields_that_share_a_future_are_all_late(plans):
    watched = Watched()
    response = await ask(
        GraphQLEndpoint(watched.schema, open_no_context, plans=plans, deadline=DEADLINE),
        "{a: shared hello b: shared c: shared}",
    )
    answer = response.json()
    assert answer["data"] == {"a": None, "hello": "hello", "b": None, "c": None}
    assert codes_by_path(answer) == {(name,): "DEADLINE_EXCEEDED" for name in "abc"}


async def test_a_late_resolver_is_cancelled(plans):
    watched = Watched()
    await ask(GraphQLEndpoint(watched.schema, open_no_context, plans=plans, deadline=DEADLINE), "{watched}")
    assert watched.cancelled.is_set()


async def test_no_mutation_starts_after_the_deadline():
    watched = Watched()
    app = GraphQLEndpoint(watched.schema, open_no_context, deadline=DEADLINE)
    response = await ask(app, "mutation {hang start}")
    assert response.json()["data"] == {"hang": None, "start": None}
    assert not watched.started.is_set()


async def test_a_resolver_that_does_not_stop_is_cancelled_with_the_whole(plans):
    watched = Watched()
    response = await ask(
        GraphQLEndpoint(watched.schema, open_no_context, plans=plans, deadline=DEADLINE), "{hello stubborn}"
    )
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert "DEADLINE_EXCEEDED" in response.text


@pytest.mark.parametrize("query", ["{watched}", "{hello watched a: watched}"])
async def test_when_the_client_leaves_its_operation_is_cancelled(plans, query, caplog):
    watched = Watched()
    async with serve(GraphQLEndpoint(watched.schema, open_no_context, plans=plans, deadline=3600)) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        body = b'{"query": "%s"}' % query.encode()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        async with asyncio.timeout(20):
            await watched.started.wait()
            writer.close()
            await writer.wait_closed()
            await watched.cancelled.wait()
    assert caplog.records == []
