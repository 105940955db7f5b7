"""Bodies meant to break the server: each is answered with a 4xx in JSON, and the server lives on."""

import asyncio

import pytest
import pytest_asyncio

from bff.http import reading
from bff.http.graphql import GraphQLEndpoint
from bff.http.requests import MAX_BODY_BYTES
from tests.api.http_schema import open_no_context, schema
from tests.http_server import serve, serve_to_client

JSON = {"content-type": "application/json"}


@pytest_asyncio.fixture(scope="module")
async def client():
    async with serve_to_client(GraphQLEndpoint(schema, open_no_context)) as client:
        yield client


def query(text):
    return b'{"query": "' + text.encode() + b'"}'


BODIES = [
    pytest.param(b'"a string"', id="top-level string"),
    pytest.param(b"1", id="top-level number"),
    pytest.param(b"null", id="top-level null"),
    pytest.param(b"true", id="top-level true"),
    pytest.param(b"[]", id="empty batch"),
    pytest.param(b'[{"query": "{hello}"}]', id="batch"),
    pytest.param(b"{}", id="empty object"),
    pytest.param(b"", id="nothing"),
    pytest.param(b"   \n", id="white space"),
    pytest.param(b'{"query": "{hello}"', id="cut short"),
    pytest.param(b'{"query": "{hello}"} {}', id="two values"),
    pytest.param(b"\xef\xbb\xbf" + query("{hello}"), id="byte order mark"),
    pytest.param(b"[" * 200_000, id="200,000 brackets"),
    pytest.param(
        b'{"query":"{hello}","variables":' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}", id="deep variables"
    ),
    pytest.param(
        b'{"query":"{hello}","variables":{"a":' + b"[" * 500 + b"]" * 500 + b"}}", id="deep list in variables"
    ),
    pytest.param(
        b'{"query":"query($n: Int!) {small(number: $n)}","variables":{"n":1,"a":[' + b"1," * 100_000 + b"1]}}",
        id="100,000 values in variables",
    ),
    pytest.param(b'{"query": "\xff\xfe"}', id="invalid UTF-8"),
    pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
    pytest.param(b'{"query":"{hello}","operationName":"\\ud800"}', id="lone surrogate"),
    pytest.param(b'{"query":"{hello}","operationName":"\xed\xa0\x80"}', id="encoded surrogate"),
    pytest.param(
        b'{"query":"{hello}","variables":{"a":' + b"9" * 5000 + b"}}", id="integer of 5,000 digits in variables"
    ),
    pytest.param(
        b'{"query":"{hello}","extensions":{"a":-' + b"9" * 5000 + b"}}", id="integer of 5,000 digits in extensions"
    ),
    pytest.param(b'{"query":"{hello}","variables":{"a":1e999}}', id="infinite number"),
    pytest.param(b'{"query":"{hello}","variables":{"a":NaN}}', id="NaN"),
    pytest.param(b'{"query":1}', id="query of wrong type"),
    pytest.param(b'{"query":null}', id="query null"),
    pytest.param(b'{"query":"{hello}","variables":"{}"}', id="variables of wrong type"),
    pytest.param(b'{"query":"{hello}","operationName":{}}', id="operation name of wrong type"),
    pytest.param(b'{"query":"{hello}","extensions":[]}', id="extensions of wrong type"),
    pytest.param(b'{"documentId":1}', id="document id of wrong type"),
    pytest.param(b'{"documentId":"sha256:0"}', id="unknown document"),
    pytest.param(b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"0"}}}', id="persisted query"),
    pytest.param(b'{"extensions":{"persistedQuery":"x"}}', id="persisted query of wrong type"),
    pytest.param(query(""), id="empty query"),
    pytest.param(query('{hello(name: \\"\\\\uD800\\")}'), id="lone surrogate in a GraphQL string"),
    pytest.param(query('{hello(name: \\"\\\\u0000\\")}'), id="NUL in a GraphQL string"),
    pytest.param(query("#" * 200_000), id="comment of 200,000 characters"),
    pytest.param(query("#\\n" * 50_000 + "{hello}"), id="50,000 comments"),
    pytest.param(query("{" * 100_000), id="100,000 braces"),
    pytest.param(query("{small(numbers: " + "[" * 50_000 + "}"), id="50,000 brackets in GraphQL"),
    pytest.param(query("{" + "hello " * 30_000 + "}"), id="30,000 tokens"),
    pytest.param(query("{" + "hello(name: 1) " * 1500 + "}"), id="1,500 fields with arguments"),
    pytest.param(query("{" + "hello @include(if: true) " * 10_000 + "}"), id="10,000 directives"),
    pytest.param(query("query a {hello} " * 5000), id="5,000 operations"),
    pytest.param(query("{small(number: " + "9" * 5000 + ")}"), id="integer of 5,000 digits in GraphQL"),
    pytest.param(query("{" + "nope%d " * 900 + "}"), id="900 unknown fields"),
    pytest.param(query("{" + "x" * 200_000 + "}"), id="a name of 200,000 characters"),
    pytest.param(query("{...A} fragment A on Query {...A}"), id="fragment cycle"),
    pytest.param(query("query($a: " + "[" * 400 + "Int" + "]" * 400 + "){hello}"), id="deep type"),
    pytest.param(query("type Query {a: Int}"), id="no operation"),
    pytest.param(query("query a {hello} query b {hello}"), id="two operations and no name"),
    pytest.param(query("{__schema {types {name}}}"), id="introspection in production"),
    pytest.param(b"a" * (MAX_BODY_BYTES + 1), id="past the size limit"),
]


@pytest.mark.parametrize("body", BODIES)
async def test_a_hostile_body_is_refused_as_the_callers_mistake(client, body):
    accept = {"accept": "application/graphql-response+json"}
    response = await client.post("/graphql", content=body, headers=JSON | accept)
    assert 400 <= response.status_code < 500, response.text
    answer = response.json()
    assert set(answer) == {"errors"}
    assert 1 <= len(answer["errors"]) <= 5
    for error in answer["errors"]:
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"
        assert len(error["message"]) <= 200
        assert "Did you mean" not in error["message"]
    assert (await client.post("/graphql", json={"query": "{hello}"})).json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize("body", BODIES)
async def test_a_hostile_body_is_no_server_error_under_plain_json(client, body):
    response = await client.post("/graphql", content=body, headers=JSON | {"accept": "application/json"})
    assert response.status_code < 500
    assert response.json()["errors"]


@pytest.mark.parametrize(
    "variables",
    [
        {"n": 2**31},
        {"n": 2**64},
        {"n": 1.5},
        {"n": "1"},
        {"n": None},
        {"n": [1]},
        {},
        {"n": 1, "list": ["x"] * 200},
        {"n": {"a" * 10_000: 1}},
    ],
)
async def test_variables_that_do_not_fit_are_bad_user_input(client, variables):
    response = await client.post(
        "/graphql",
        json={"query": "query($n: Int!, $list: [Int!]) {small(number: $n, numbers: $list)}", "variables": variables},
        headers={"accept": "application/graphql-response+json"},
    )
    assert response.status_code == 400
    answer = response.json()
    assert set(answer) == {"errors"}
    assert len(answer["errors"]) <= 5
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    assert all(len(error["message"]) <= 200 for error in answer["errors"])


async def test_a_body_without_a_length_is_cut_off_at_the_limit(client):
    async def flood():
        for _ in range(64):
            yield b" " * 8192

    response = await client.post("/graphql", content=flood(), headers=JSON)
    assert response.status_code == 413


async def test_a_body_that_never_comes_is_given_up(monkeypatch):
    monkeypatch.setattr(reading, "BODY_DEADLINE", 0.05)
    async with serve(GraphQLEndpoint(schema, open_no_context)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
        )
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_leaves_within_its_body_disturbs_nothing(caplog):
    async with serve(GraphQLEndpoint(schema, open_no_context)) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert caplog.records == []
