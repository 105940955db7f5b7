"""Methods, media types, statuses, errors and headers of the GraphQL endpoint, over a real server."""

import pytest
import pytest_asyncio
from starlette.responses import HTMLResponse

from bff.errors import NotFound, RateLimited, Unauthenticated, Unavailable
from bff.http.graphql import GraphQLEndpoint
from bff.http.limits import Limits
from tests.api.http_schema import open_no_context, schema
from tests.http_server import serve_to_client

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
MODERN = {"accept": RESPONSE}
PREFLIGHT = {"apollo-require-preflight": "true"}


@pytest_asyncio.fixture(scope="module")
async def client():
    async with serve_to_client(GraphQLEndpoint(schema, open_no_context)) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def unlimited_client():
    """Takes operations of a shape that would be refused, to see what execution makes of them."""
    limits = Limits(aliases=1000, root_fields=1000)
    async with serve_to_client(GraphQLEndpoint(schema, open_no_context, limits=limits)) as client:
        yield client


async def ask(client, query, *, headers=MODERN, **more):
    return await client.post("/graphql", json={"query": query, **more}, headers=headers)


def code_of(response):
    (error,) = response.json()["errors"]
    return error["extensions"]["code"]


# ---- methods and media types


async def test_post_runs_queries_and_mutations(client):
    response = await ask(
        client, "mutation Shout($t: String!) {shout(text: $t)}", variables={"t": "a"}, operationName="Shout"
    )
    assert response.status_code == 200
    assert response.json() == {"data": {"shout": "A"}}
    assert response.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept"


async def test_get_runs_queries(client):
    response = await client.get(
        "/graphql",
        params={"query": "query($n: String) {hello(name: $n)}", "variables": '{"n": "é🏊"}'},
        headers=MODERN | PREFLIGHT,
    )
    assert response.json() == {"data": {"hello": "hello é🏊"}}
    assert response.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_get_never_runs_a_mutation(client, accept):
    response = await client.get(
        "/graphql",
        params={"query": 'mutation {shout(text: "a")}'},
        headers=PREFLIGHT | {"accept": accept},
    )
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_get_that_another_site_could_send_is_refused(client):
    for headers in ({}, {"content-type": "text/plain"}):
        response = await client.get("/graphql", params={"query": "{hello}"}, headers=headers)
        assert response.status_code == 400
        assert "Apollo-Require-Preflight" in response.text
    response = await client.get("/graphql", params={"query": "{hello}"}, headers={"content-type": JSON})
    assert response.status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_is_an_unsupported_media_type(client, content_type):
    response = await client.post("/graphql", content=b'{"query":"{hello}"}', headers={"content-type": content_type})
    assert response.status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(client, method):
    response = await client.request(method, "/graphql", json={"query": "{hello}"})
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("accept", ["text/plain", "multipart/mixed", "image/png", "application/json;q=0"])
async def test_an_answer_nobody_accepts_is_406(client, accept):
    response = await ask(client, "{hello}", headers={"accept": accept})
    assert response.status_code == 406
    assert response.headers["content-type"].startswith(JSON)


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_a_subscription_by_post_is_refused(client, accept):
    response = await ask(client, "subscription {count}", headers={"accept": accept})
    assert response.status_code == 400
    assert "graphql-transport-ws" in response.text


async def test_a_browser_gets_the_page_and_scripts_get_answers():
    async def respond(request):
        return HTMLResponse(f"page of {request.url.path}")

    endpoint = GraphQLEndpoint(schema, open_no_context, graphiql=respond, development=True)
    async with serve_to_client(endpoint) as client:
        browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        assert (await client.get("/graphql", headers=browser)).text == "page of /graphql"
        assert (await client.get("/graphql")).status_code == 400
        assert (await ask(client, "{hello}", headers=browser)).json() == {"data": {"hello": "hello world"}}


async def test_without_the_page_a_browser_gets_json(client):
    response = await client.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 400
    assert response.headers["content-type"].startswith(JSON)


# ---- errors before execution


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{nope}", "GRAPHQL_VALIDATION_FAILED"),
        ('{__type(name: "Query") {name}}', "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) {small(number: $n)}", "BAD_USER_INPUT"),
        ("query a {hello} query b {hello}", "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_cannot_start_has_its_code_and_no_data(client, query, code):
    modern = await ask(client, query)
    assert (modern.status_code, code_of(modern), "data" in modern.json()) == (400, code, False)
    plain = await ask(client, query, headers={"accept": JSON})
    assert (plain.status_code, code_of(plain), "data" in plain.json()) == (200, code, False)


async def test_an_unknown_operation_name_is_named(client):
    response = await ask(client, "query a {hello}", operationName="b")
    assert response.status_code == 400
    assert "'b'" in response.text


async def test_suggestions_and_introspection_are_for_development(client):
    async with serve_to_client(GraphQLEndpoint(schema, open_no_context, development=True)) as developers:
        assert "Did you mean 'hello'" in (await ask(developers, "{helo}")).text
        assert (await ask(developers, "{__schema {queryType {name}}}")).status_code == 200
    assert "Did you mean" not in (await ask(client, "{helo}")).text
    assert "Did you mean" not in (await ask(client, '{hello(nam: "a")}')).text


async def test_persisted_queries_and_documents_are_refused_in_their_own_words(client):
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    response = await client.post("/graphql", json={"extensions": persisted}, headers=MODERN)
    assert (response.status_code, code_of(response)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert code_of(await ask(client, "{hello}", extensions=persisted)) == "BAD_USER_INPUT"
    response = await client.get("/graphql", params={"documentId": "sha256:0"}, headers=MODERN)
    assert (response.status_code, code_of(response)) == (400, "UNTRUSTED_DOCUMENT")


REFUSALS = [
    (Unauthenticated("The token is not ours; sign in."), 401, 401, {"www-authenticate": "Bearer"}),
    (RateLimited("Too many requests.", retryAfter=2.5), 429, 429, {"retry-after": "3"}),
    (Unavailable("An engine is away.", retry_after=7), 503, 503, {"retry-after": "7"}),
    (NotFound("There is no such device."), 400, 200, {}),
]


@pytest.mark.parametrize(("error", "modern", "plain", "headers"), REFUSALS, ids=lambda value: type(value).__name__)
async def test_a_context_that_refuses_decides_the_status(error, modern, plain, headers):
    def refuse(_):
        raise error

    async with serve_to_client(GraphQLEndpoint(schema, refuse)) as client:
        for accept, status in ((RESPONSE, modern), (JSON, plain)):
            response = await ask(client, "{hello}", headers={"accept": accept})
            assert response.status_code == status
            assert response.json() == {"errors": [{"message": error.message, "extensions": dict(error.extensions)}]}
            assert headers.items() <= response.headers.items()


async def test_a_bad_token_is_called_so():
    def refuse(_):
        raise Unauthenticated("The token has run out; refresh it.")

    async with serve_to_client(GraphQLEndpoint(schema, refuse)) as client:
        response = await ask(client, "{hello}", headers={"authorization": "Bearer x"})
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_context_that_breaks_is_masked_with_a_trace_id(caplog):
    def fail(_):
        raise RuntimeError("password=hunter2")

    async with serve_to_client(GraphQLEndpoint(schema, fail)) as client:
        response = await ask(client, "{hello}")
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert "hunter2" not in response.text
    trace_id = response.json()["errors"][0]["extensions"]["traceId"]
    (record,) = caplog.records
    assert record.name == "bff.http"
    assert trace_id in record.getMessage()
    assert "hunter2" in record.exc_text


# ---- errors during execution


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_an_error_at_a_field_leaves_the_rest_standing(client, accept):
    response = await ask(client, "{hello forbidden away later}", headers={"accept": accept})
    assert response.status_code == 200
    answer = response.json()
    assert answer["data"] == {"hello": "hello world", "forbidden": None, "away": None, "later": "later"}
    forbidden, away = answer["errors"]
    assert forbidden == {
        "message": "This is for operators; ask one.",
        "locations": [{"line": 1, "column": 8}],
        "path": ["forbidden"],
        "extensions": {"code": "FORBIDDEN"},
    }
    assert away["extensions"] == {"code": "UNAVAILABLE", "retryAfter": 7}


@pytest.mark.parametrize("field", ["broken", "overflowing"])
async def test_what_breaks_inside_is_masked_and_logged(client, caplog, field):
    response = await ask(client, f"{{{field}}}")
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["path"] == [field]
    assert "hunter2" not in response.text
    assert "1099511627776" not in response.text
    (record,) = caplog.records
    assert error["extensions"]["traceId"] in record.getMessage()


async def test_data_is_null_when_the_error_reaches_the_top(client, caplog):
    response = await ask(client, "{brokenForCertain}")
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert code_of(response) == "INTERNAL_SERVER_ERROR"


async def test_a_variable_that_is_missing_at_an_argument_is_the_callers(client):
    response = await ask(client, "query($n: Int = 1) {small(number: $n)}", variables={"n": None})
    assert code_of(response) == "BAD_USER_INPUT"


async def test_field_errors_are_capped_and_their_messages_cut(unlimited_client):
    fields = " ".join(f'a{number}: missing(key: "{"x" * 300}")' for number in range(110))
    response = await ask(unlimited_client, f"{{{fields}}}")
    errors = response.json()["errors"]
    assert len(errors) == 100
    assert {len(error["message"]) for error in errors} == {200}


async def test_a_flood_of_inner_errors_is_logged_under_one_trace_id_and_a_few_times(unlimited_client, caplog):
    response = await ask(unlimited_client, "{" + " ".join(f"a{number}: broken" for number in range(50)) + "}")
    errors = response.json()["errors"]
    assert len(errors) == 50
    assert len({error["extensions"]["traceId"] for error in errors}) == 1
    assert len(caplog.records) == 5


# ---- what the context adds


class Context:
    locale = "de-AT"
    degraded = frozenset({"search", "redis"})


async def test_the_contexts_locale_and_degraded_engines_are_told():
    def open_context(_):
        return Context()

    async with serve_to_client(GraphQLEndpoint(schema, open_context)) as client:
        response = await ask(client, "{hello}")
    assert response.headers["content-language"] == "de-AT"
    assert response.json()["extensions"] == {"degraded": ["redis", "search"]}
