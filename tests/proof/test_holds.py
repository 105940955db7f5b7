"""What one operation holds the loop for, by the CPU of each of its callbacks: nobody waits longer for another's."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import orjson
import pytest
from starlette.types import ASGIApp, Message

from bff.app import build_app
from bff.heap import keeping_collections_short, set_heap_aside
from bff.settings import Environment
from tests.api.test_limits_attacks import COSTS_OF, SHAPES
from tests.api.test_limits_attacks import TEXTS as HOSTILE
from tests.live import Client, Demo
from tests.proof.dear_operations import FOR_VIEWERS, FOR_VISITORS, IN_DEVELOPMENT, TEXTS, Dear

pytestmark = pytest.mark.proof

MOST = 0.1
"""Seconds."""
TIMES = 4
"""The first by itself, the second compiled, the others with what was kept."""


@dataclass
class Holds:
    """Seconds of CPU of the callback that took longest."""

    longest: float = 0.0


@contextmanager
def watching() -> Iterator[Holds]:
    holds = Holds()
    run = asyncio.Handle._run

    def run_watched(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        holds.longest = max(holds.longest, time.thread_time() - began)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", run_watched)
        yield holds


async def ask(app: ASGIApp, dear: Dear, headers: dict[str, str]) -> tuple[int, int]:
    """The status and how many bytes came; nothing between the app and this, whose time would count, too."""
    query, variables = dear
    body = orjson.dumps({"query": query, "variables": variables})
    sent: list[Message] = []
    asked = False
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "root_path": "", "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1), "state": {},
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"host": "x", "content-type": "application/json", **headers}.items()
        ],
    }  # fmt: skip

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], len(sent[1]["body"])


@pytest.fixture(scope="module")
async def app(demo: Demo) -> AsyncIterator[ASGIApp]:
    """In development, where introspection is served, too; else limits are those of production."""
    settings = msgspec.structs.replace(
        demo.services.settings, env=Environment.DEVELOPMENT, account_rate=0, address_rate=0
    )
    built = build_app(replace(demo.services, settings=settings))
    set_heap_aside()
    with keeping_collections_short():
        yield built


@pytest.fixture(scope="module")
async def viewer(demo: Demo) -> Client:
    return await demo.make_viewer()


ATTACKS: dict[str, Any] = COSTS_OF
CASES: dict[str, tuple[Dear, str]] = {
    **{name: (dear, "visitor") for name, dear in (FOR_VISITORS | IN_DEVELOPMENT | TEXTS).items()},
    **{name: (dear, "viewer") for name, dear in FOR_VIEWERS.items()},
    **{name: ((text, {}), "visitor") for name, text in (SHAPES | HOSTILE).items()},
    **{name: (dear, "visitor") for name, dear in ATTACKS.items()},
}


@pytest.mark.parametrize("name", CASES)
async def test_no_operation_holds_others_up(app: ASGIApp, viewer: Client, name: str) -> None:
    dear, who = CASES[name]
    headers = {"accept-encoding": "gzip"} | (dict(viewer.headers) if who == "viewer" else {})
    holds, spent = [], []
    set_heap_aside()  # or a collection over what all those before have left would be counted as this one's
    for number in range(TIMES):
        with watching() as watched:
            began = time.thread_time()
            status, size = await asyncio.create_task(ask(app, vary(dear, number), headers))
            spent.append(time.thread_time() - began)
        holds.append(watched.longest)
    told = " ".join(f"{hold * 1000:.0f}/{whole * 1000:.0f}" for hold, whole in zip(holds, spent, strict=True))
    print(f"{name}: {status}, {size / 1000:.0f} kB, holds/CPU in ms: {told}")
    assert max(holds) < MOST


def vary(dear: Dear, number: int) -> Dear:
    """Another set of values for the conditions of an operation that has some."""
    query, variables = dear
    return query, {
        name: bool(number >> place & 1) if value is True else value
        for place, (name, value) in enumerate(variables.items())
    }
