"""What stands beside the graph: CORS, health, security headers, the SDL."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from bff.http import health
from bff.http.cors import cors_middleware
from bff.http.finishing import Finishing
from bff.http.graphql import GraphQLEndpoint
from bff.http.health import health_routes
from bff.http.sdl import sdl_route
from tests.api.http_schema import open_no_context, schema, wait_for_ever
from tests.http_server import serve_to_client

ORIGIN = "https://tv.example.com"


def build_app(origins=(), checks=None):
    return Starlette(
        routes=[
            *health_routes(checks or {}),
            sdl_route(schema),
            Route("/graphql", GraphQLEndpoint(schema, open_no_context)),
        ],
        middleware=[Middleware(Finishing), *cors_middleware(origins)],
    )


async def answer():
    return True


async def fail():
    raise ConnectionRefusedError("postgresql://user:hunter2@host")


async def test_an_allowed_origin_is_told_for_a_day_what_it_may_send():
    preflight = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-device-id,x-request-deadline-ms",
    }
    async with serve_to_client(build_app([ORIGIN])) as client:
        response = await client.options("/graphql", headers=preflight)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert response.headers["access-control-max-age"] == "86400"
        assert "access-control-allow-credentials" not in response.headers
        response = await client.post("/graphql", json={"query": "{hello}"}, headers={"origin": ORIGIN})
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert set(response.headers["vary"].split(", ")) == {"Accept", "Accept-Encoding", "Origin"}


@pytest.mark.parametrize("origins", [(), (ORIGIN,)])
async def test_another_origin_is_told_nothing(origins):
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    async with serve_to_client(build_app(origins)) as client:
        response = await client.options("/graphql", headers=preflight)
        assert response.status_code in {400, 405}
        assert "access-control-allow-origin" not in response.headers


async def test_the_process_is_alive_whatever_its_engines_do():
    async with serve_to_client(build_app(checks={"postgres": fail})) as client:
        response = await client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_when_every_engine_answers():
    async with serve_to_client(build_app(checks={"postgres": answer, "redis": answer})) as client:
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "engines": {"postgres": "ok", "redis": "ok"}}


@pytest.mark.parametrize("check", [fail, wait_for_ever])
async def test_not_ready_while_an_engine_fails_or_hangs(monkeypatch, caplog, check):
    monkeypatch.setattr(health, "CHECK_DEADLINE", 0.05)
    async with serve_to_client(build_app(checks={"postgres": check, "redis": answer})) as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "away", "engines": {"postgres": "away", "redis": "ok"}}
    assert "postgres is not ready" in caplog.text


async def test_every_answer_carries_the_security_headers():
    async with serve_to_client(build_app()) as client:
        responses = await asyncio.gather(client.get("/healthz"), client.get("/nothing"), client.get("/graphql"))
    for response in responses:
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"


async def test_the_sdl_is_the_schemas_text():
    async with serve_to_client(build_app()) as client:
        response = await client.get("/graphql/schema.graphql")
    assert response.text == schema.as_str()
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
