"""Documents by their hash: published ones, automatic persisted queries, and how long their answers may be kept."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import strawberry
from starlette.requests import Request

from bff.errors import Forbidden
from bff.execution import PlanCache
from bff.http.documents import Documents
from bff.http.errors import UntrustedDocument
from bff.http.graphql import GraphQLEndpoint
from bff.http.trusted import PersistedQueries, TrustedDocuments
from schema.access import field
from tests.api.http_schema import open_no_context
from tests.http_server import serve_to_client

RESPONSE = "application/graphql-response+json"
GREETING = "query Greeting($name: String) {hello(name: $name)}"
BROKEN = "query Broken {nothingOfThisName}"
NEW = "query New {hello short}"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(text: str) -> str:
    return f"sha256:{hash_of(text)}"


PUBLISHED = {
    hash_of(text): text for text in (GREETING, BROKEN, NEW, "{own}", "{hello own}", "{__typename}", "{refused}")
}
PUBLISHED[hash_of("mutation {shout}")] = "mutation {shout}"


@strawberry.type
class Query:
    short: str = strawberry.field(resolver=lambda: "short", metadata={"max_age": 20})
    own: str = field(lambda: "one's own")

    @strawberry.field(metadata={"max_age": 300})
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field(metadata={"max_age": 300})
    def refused(self) -> str | None:
        raise Forbidden("This is for operators.")


@strawberry.type
class Mutation:
    shout: str = strawberry.field(resolver=lambda: "A")


schema = strawberry.Schema(query=Query, mutation=Mutation)


class Shelf:
    """Gives texts out and writes down who asked for what; `failure` is raised instead."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failure: Exception | None = None

    async def find(self, text_hash: str) -> str | None:
        self.asked.append(text_hash)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return PUBLISHED.get(text_hash)


@asynccontextmanager
async def serve_documents(shelf: Shelf | None = None, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    endpoint = GraphQLEndpoint(schema, open_no_context, find_document=(shelf or Shelf()).find, **options)
    async with serve_to_client(endpoint) as client:
        client.headers["accept"] = RESPONSE
        yield client


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with serve_documents() as client:
        yield client


@pytest.fixture(scope="module")
async def trusting() -> AsyncIterator[httpx.AsyncClient]:
    """Served without texts."""
    async with serve_documents(takes_texts=False) as client:
        yield client


def code_of(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    code: str = error["extensions"]["code"]
    return code


async def post(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/graphql", json=body)


async def get(client: httpx.AsyncClient, text: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get("/graphql", params={"documentId": id_of(text)}, headers=named)


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}, "clientLibrary": {"name": "any"}}


# ---- published documents


async def test_a_published_document_runs_by_its_id(client: httpx.AsyncClient, trusting: httpx.AsyncClient) -> None:
    for server in (client, trusting):
        by_post = await post(server, documentId=id_of(GREETING), variables={"name": "you"}, operationName="Greeting")
        assert by_post.json() == {"data": {"hello": "hello you"}}
        by_get = await server.get("/graphql", params={"documentId": id_of(GREETING), "variables": '{"name": "me"}'})
        assert by_get.json() == {"data": {"hello": "hello me"}}


@pytest.mark.parametrize(
    "document_id", [id_of("{nothing}"), "sha256:0", "md5:0", "", "Greeting", id_of(GREETING).upper()]
)
async def test_an_id_that_names_nothing_is_untrusted(client: httpx.AsyncClient, document_id: str) -> None:
    response = await post(client, documentId=document_id, query="{hello}")
    assert (response.status_code, code_of(response)) == (400, "UNTRUSTED_DOCUMENT")


async def test_nothing_but_published_documents_is_served_where_texts_are_not_taken(trusting: httpx.AsyncClient) -> None:
    text = await post(trusting, query=GREETING)
    assert (text.status_code, code_of(text)) == (400, "UNTRUSTED_DOCUMENT")
    for more in ({}, {"query": GREETING}):
        response = await post(trusting, extensions=persisted(GREETING), **more)
        assert (response.status_code, code_of(response)) == (400, "PERSISTED_QUERY_NOT_SUPPORTED")
        assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"
    extended = await post(trusting, documentId=id_of(GREETING), extensions={"clientLibrary": {}, "anything": [1]})
    assert extended.json() == {"data": {"hello": "hello world"}}


async def test_a_document_that_the_schema_has_left_behind_is_refused_and_not_kept(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        response = await post(client, documentId=id_of(BROKEN))
        assert (response.status_code, code_of(response)) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_a_document_is_looked_up_once_however_many_ask_at_once() -> None:
    shelf = Shelf()
    async with serve_documents(shelf) as client:
        answers = await asyncio.gather(*(post(client, documentId=id_of(GREETING)) for _ in range(20)))
        await post(client, documentId=id_of(GREETING))
    assert {answer.status_code for answer in answers} == {200}
    assert shelf.asked == [hash_of(GREETING)]


async def test_a_flood_of_one_unknown_id_is_looked_up_once() -> None:
    shelf = Shelf()
    async with serve_documents(shelf) as client:
        for _ in range(5):
            await post(client, documentId=id_of("{nothing}"))
    assert shelf.asked == [hash_of("{nothing}")]


async def test_documents_that_cannot_be_looked_up_are_unavailable_and_those_known_are_served() -> None:
    shelf = Shelf()
    async with serve_documents(shelf) as client:
        await post(client, documentId=id_of(GREETING))
        shelf.failure = OSError("no route to PostgreSQL")
        away = await post(client, documentId=id_of(NEW))
        assert (away.status_code, code_of(away)) == (503, "UNAVAILABLE")
        assert "PostgreSQL" not in away.text
        assert (await post(client, documentId=id_of(GREETING))).status_code == 200
        shelf.failure = None
        assert (await post(client, documentId=id_of(NEW))).status_code == 200


async def test_a_published_document_has_a_plan_at_its_first_use() -> None:
    plans = PlanCache()
    async with serve_documents(plans=plans) as client:
        await post(client, query=GREETING)
        assert len(plans) == 0
        await post(client, documentId=id_of(GREETING))
        assert len(plans) == 1


async def test_many_texts_push_no_published_document_out() -> None:
    trusted = TrustedDocuments(Shelf().find, Documents(schema._schema, development=False))
    document = await trusted.find(id_of(GREETING))
    assert await trusted.find(id_of(GREETING)) is document
    with pytest.raises(UntrustedDocument):
        await trusted.find("sha256:" + "g" * 64)


# ---- automatic persisted queries


async def test_a_text_is_known_by_its_hash_after_it_was_sent_once() -> None:
    text = "query Once {hello}"
    async with serve_documents() as client:
        miss = await post(client, extensions=persisted(text), operationName="Once")
        assert (miss.status_code, code_of(miss)) == (200, "PERSISTED_QUERY_NOT_FOUND")
        assert miss.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        assert (await post(client, query=text, extensions=persisted(text))).status_code == 200
        hit = await post(client, extensions=persisted(text), operationName="Once")
        assert hit.json() == {"data": {"hello": "hello world"}}
        by_get = await client.get("/graphql", params={"extensions": json.dumps(persisted(text))})
        assert by_get.json() == {"data": {"hello": "hello world"}}
        assert by_get.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "extension",
    [
        "x",
        [],
        {},
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": "0"},
        {"version": 1, "sha256Hash": ["0" * 64]},
        {"version": 1, "sha256Hash": "g" * 64},
    ],
)
async def test_a_malformed_persisted_query_is_the_callers_mistake(client: httpx.AsyncClient, extension: Any) -> None:
    response = await post(client, query="{hello}", extensions={"persistedQuery": extension})
    assert (response.status_code, code_of(response)) == (400, "BAD_USER_INPUT")


async def test_a_text_is_kept_under_no_other_hash(client: httpx.AsyncClient) -> None:
    response = await post(client, query="{own}", extensions=persisted("query Stolen {hello}"))
    assert (response.status_code, code_of(response)) == (400, "BAD_USER_INPUT")
    assert code_of(await post(client, extensions=persisted("query Stolen {hello}"))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_text_that_is_not_valid_is_not_kept(client: httpx.AsyncClient) -> None:
    await post(client, query=BROKEN, extensions=persisted(BROKEN))
    assert code_of(await post(client, extensions=persisted(BROKEN))) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_flood_of_persisted_queries_leaves_a_bounded_number() -> None:
    queries = PersistedQueries(most_characters=1000)
    for number in range(2000):
        queries.keep(str(number), f"{number:0100}")
    assert len(queries) == 10
    assert queries.find("1999") is not None
    assert queries.find("0") is None
    queries.keep("1999", "x" * 100)
    assert len(queries) == 10


# ---- how long an answer may be kept


@pytest.mark.parametrize(
    ("text", "cache_control"),
    [
        (GREETING, "public, max-age=300"),
        (NEW, "public, max-age=20"),
        ("{own}", "private, no-cache"),
        ("{hello own}", "private, no-cache"),
        ("{__typename}", "private, no-cache"),
        ("{refused}", "no-store"),
    ],
)
async def test_an_answer_is_kept_as_long_as_its_shortest_field_allows(
    client: httpx.AsyncClient, text: str, cache_control: str
) -> None:
    response = await get(client, text)
    assert response.status_code == 200
    assert response.headers["cache-control"] == cache_control
    assert ("etag" in response.headers) == (cache_control != "no-store")
    assert {"Accept", "Authorization", "Accept-Language"} <= set(response.headers["vary"].split(", "))
    assert ("X-Device-Class" in response.headers["vary"]) == cache_control.startswith("private")


async def test_an_answer_that_lacks_an_engine_is_not_kept() -> None:
    """Else a shared cache would go on with it after the engine is back."""

    def open_context(_: Request) -> SimpleNamespace:
        return SimpleNamespace(degraded={"redis"})

    endpoint = GraphQLEndpoint(schema, open_context, find_document=Shelf().find)
    async with serve_to_client(endpoint) as client:
        response = await get(client, GREETING)
        assert response.json() == {"data": {"hello": "hello world"}, "extensions": {"degraded": ["redis"]}}
        assert (response.headers["cache-control"], "etag" in response.headers) == ("no-store", False)


async def test_an_answer_to_somebody_signed_in_is_their_own(client: httpx.AsyncClient) -> None:
    response = await get(client, GREETING, authorization="Bearer x")
    assert response.headers["cache-control"] == "private, no-cache"
    assert (
        await get(client, GREETING, authorization="Bearer x", if_none_match=response.headers["etag"])
    ).status_code == 304


@pytest.mark.parametrize(
    "name_tag", [lambda tag: tag, lambda tag: tag.removeprefix("W/"), lambda tag: f'"other", {tag}', lambda _: "*"]
)
async def test_what_the_client_has_already_is_not_sent_again(
    client: httpx.AsyncClient, name_tag: Callable[[str], str]
) -> None:
    first = await get(client, GREETING)
    again = await get(client, GREETING, if_none_match=name_tag(first.headers["etag"]))
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "content-type" not in again.headers


async def test_another_answer_has_another_tag(client: httpx.AsyncClient) -> None:
    first = await get(client, GREETING)
    params = {"documentId": id_of(GREETING), "variables": '{"name": "other"}'}
    other = await client.get("/graphql", params=params, headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    plain = await client.get("/graphql", params={"documentId": id_of(GREETING)}, headers={"accept": "application/json"})
    assert len({first.headers["etag"], other.headers["etag"], plain.headers["etag"]}) == 3


async def test_a_get_with_a_text_and_a_post_are_not_kept(client: httpx.AsyncClient) -> None:
    by_text = await client.get("/graphql", params={"query": GREETING}, headers={"apollo-require-preflight": "1"})
    assert by_text.headers["cache-control"] == "private, no-cache"
    assert "etag" not in by_text.headers
    by_post = await post(client, documentId=id_of(GREETING))
    assert by_post.headers["cache-control"] == "no-store"


async def test_a_published_mutation_is_not_run_by_get(client: httpx.AsyncClient) -> None:
    response = await get(client, "mutation {shout}")
    assert response.status_code == 405


async def test_the_header_that_names_the_country_is_varied_by() -> None:
    async with serve_documents(country_header="X-Country") as client:
        assert "X-Country" in (await get(client, GREETING)).headers["vary"]
