"""The clients that people use, from npm, against the real app."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from tests.ws.sockets import Live

RUNNER = Path(__file__).with_name("clients.mjs")
SERVED = {"event": "event", "query": "US", "mutation": "arranged"}
REFUSED = {"wrong": "GRAPHQL_VALIDATION_FAILED"}
EXPECTED = {
    "graphql-ws": {**SERVED, **REFUSED, "after": "US", "pongs": True},
    "graphql-ws many": 100,
    "graphql-ws forbidden": 4403,
    "graphql-ws reconnects": {"event": "event", "connections": 2},
    "apollo": {"socket": SERVED, "multipart": SERVED},
    "apollo persisted": ["GET false", "POST true", "US", "GET false", "US"],
    "urql socket": {**SERVED, **REFUSED},
    "urql stream": {**SERVED, **REFUSED},
    "graphql-sse": {**SERVED, **REFUSED},
}


async def run_clients(url: str, authorization: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node", str(RUNNER), f"{url}/graphql", authorization, stdout=PIPE, stderr=PIPE
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    results: dict[str, Any] = json.loads(output)
    return results


async def test_every_client_follows_asks_and_is_refused(live: Live):
    viewer = await live.make_viewer()
    assert await run_clients(live.url, viewer.headers["Authorization"]) == EXPECTED
