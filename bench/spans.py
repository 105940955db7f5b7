"""What spans cost a request: the app with and without an exporter in one process, in turns too short for the machine's
noise to fall on one of them."""

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from statistics import median
from typing import Any

import msgspec
import uvloop
from starlette.types import ASGIApp, Message

from bench.report import Table, write_results
from bench.stage import HOME, Stage
from bff.app import build_app, open_services
from bff.heap import set_heap_aside
from bff.otlp import SpanExport
from bff.settings import read_settings
from bff.telemetry import exporting

TURNS = 100
REQUESTS = 40
"""A turn."""
TENTH = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}


async def bench_spans(stage: Stage) -> None:
    """Half a minute, in a process of its own."""
    output = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bench.spans"],
        check=True,
        stdout=subprocess.PIPE,
        input=msgspec.json.encode(stage.tokens),
        env={**os.environ, **stage.environment},
    )
    _report(msgspec.json.decode(output.stdout, type=dict[str, list[float]]))


async def measure(tokens: list[str]) -> dict[str, list[float]]:
    """CPU milliseconds a request, of all threads, by turns."""
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(read_settings()))
        endpoint = await stack.enter_async_context(_receiving())
        apps: dict[str, tuple[ASGIApp, SpanExport | None]] = {}
        for name, environment in (("no exporter", None), ("every trace", {}), ("one trace in ten", TENTH)):
            os.environ.update(environment or {})
            address = endpoint if environment is not None else ""
            spans = await stack.enter_async_context(exporting(address))
            assert spans is None or isinstance(spans, SpanExport)
            apps[name] = (build_app(replace(services, spans=spans)), spans)
        send = [_prepare(token) for token in tokens]
        for app, _ in apps.values():
            for request in send[:REQUESTS]:
                await request(app)
        set_heap_aside()
        found: dict[str, list[float]] = defaultdict(list)
        for turn in range(TURNS):
            for name, (app, spans) in apps.items():
                started = time.process_time()
                for number in range(REQUESTS):
                    await send[(turn * REQUESTS + number) % len(send)](app)
                if spans is not None:
                    spans.flush()  # or others would pay for it in their turns
                found[name].append((time.process_time() - started) / REQUESTS * 1000)
        return found


def _prepare(token: str) -> Callable[[ASGIApp], Awaitable[None]]:
    """A request for the contract's Home, straight into an app."""
    body = msgspec.json.encode({"query": HOME})
    headers = [
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
        (b"authorization", f"Bearer {token}".encode()),
    ]

    async def ask(app: ASGIApp) -> None:
        scope: MutableMapping[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "http_version": "1.1",
            "state": {},
        }
        messages = [{"type": "http.request", "body": body}]

        async def receive() -> Message:
            return messages.pop() if messages else await asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            assert message.get("status", 200) == 200, message

        await app(scope, receive, send)

    return ask


@asynccontextmanager
async def _receiving() -> AsyncIterator[str]:
    """Takes whatever comes, in a process of its own, whose CPU time is not counted."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _RECEIVER, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}/v1/traces"
    finally:
        process.kill()
        await process.wait()


_RECEIVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port)
server.serve_forever()
"""


def _report(found: dict[str, list[float]]) -> None:
    base = median(found["no exporter"])
    rows = [
        (name, median(values), median(value / other for value, other in zip(values, found["no exporter"], strict=True)))
        for name, values in found.items()
    ]
    write_results(
        "spans",
        f"The contract's `Home` from kept fragments ({base:.3g} ms), three spans a request, {TURNS} turns of "
        f"{REQUESTS} requests each; CPU time of the process with the exporter's thread, ratios of neighbouring turns, "
        "medians.",
        Table(("", "CPU ms a request", "times none"), rows),
    )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = runner.run(measure(msgspec.json.decode(sys.stdin.buffer.read(), type=list[str])))
    sys.stdout.buffer.write(msgspec.json.encode(measured))
