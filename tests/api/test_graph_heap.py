"""What an operation read goes with it, and waits for no collection: these would hold up everybody."""

import asyncio
import gc

import httpx
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bff.context import OperationContext
from tests.live import OPERATIONS, Demo
from tests.ws.sockets import open_socket

SIGN_IN = 'mutation { login(input: {email: "basic@example.com", password: "wrong"}) { __typename } }'


async def count_left(demo: Demo) -> int:
    """The contexts that outlive their operations by more than a moment."""
    viewer = await demo.make_viewer()
    gc.collect()
    gc.disable()
    try:
        for text in (OPERATIONS["home"], SIGN_IN, "{ viewer { account { profiles { name } } } }"):
            await viewer.run(text)
        async with open_socket(demo.url) as socket:
            await socket.greet(authorization=viewer.headers["Authorization"])
            await socket.run("{ viewer { profile { name } } }")
        await asyncio.sleep(0.01)
        return sum(isinstance(value, OperationContext) for value in gc.get_objects(generation=0))
    finally:
        gc.enable()


async def count_requests(demo: Demo) -> int:
    """Those of one connection that are held after some were answered; the connection itself holds the last."""
    gc.collect()
    gc.disable()
    try:
        async with httpx.AsyncClient(base_url=demo.url, timeout=20, trust_env=False) as client:
            for _ in range(5):
                assert (await client.post("/graphql", json={"query": "{ __typename }"})).is_success
                assert (await client.get("/healthz")).is_success
            return sum(isinstance(value, RequestResponseCycle) for value in gc.get_objects(generation=0))
    finally:
        gc.enable()


async def test_requests_leave_nothing_to_be_collected(demo: Demo) -> None:
    assert await count_requests(demo) == 1


async def test_operations_leave_nothing_to_be_collected(demo: Demo) -> None:
    assert await count_left(demo) == 0
