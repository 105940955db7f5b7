"""What runs beside the homes of `bench.tokens`, in a process of its own so that it holds up nobody who measures.

`python -m bench.beside sign-in SECONDS URL [RATE]`, `… wait SECONDS URL` and `… burn SECONDS RATE` print `ready` when
they begin, and what they did as JSON when they end.
"""

import asyncio
import json
import sys
import time
from itertools import count

import msgspec
from argon2 import PasswordHasher
from msgspec import Struct

from bench.pace import read_length
from bff.auth.demo import DEMO_ACCOUNTS, DEMO_PASSWORD
from bff.auth.hashing import LANES, MEMORY_KIB, PASSES
from bff.auth.stepping_back import step_back

AT_ONCE = 8
LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { __typename } }"
SIGNED_IN = b'{"data":{"login":{"__typename":"Session"}}}'


class Deed(Struct, frozen=True, array_like=True):
    """When it was due, in seconds of the machine's monotonic clock, and milliseconds from then until it was done."""

    due: float
    took: float


async def sign_in(url: str, seconds: float, rate: float | None = None) -> list[Deed]:
    """AT_ONCE clients: each one time after the other, or together so often a second, whatever sign-ins take.

    Raises RuntimeError where one failed.
    """
    connections = await _connect(url)
    _say_ready()
    done: list[Deed] = []
    numbers = count()
    begun = time.perf_counter()

    async def keep_signing_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while time.perf_counter() < begun + seconds:
            number = next(numbers)
            started = time.perf_counter() if rate is None else begun + number / rate
            if started > begun + seconds:
                return
            await asyncio.sleep(max(0.0, started - time.perf_counter()))
            email = DEMO_ACCOUNTS[number % len(DEMO_ACCOUNTS)].email
            writer.write(_write_request(email))
            body = await reader.readexactly(read_length(await reader.readuntil(b"\r\n\r\n")))
            if body != SIGNED_IN:
                raise RuntimeError(body.decode())
            done.append(Deed(started, (time.perf_counter() - started) * 1000))

    await asyncio.gather(*(keep_signing_in(*connection) for connection in connections))
    return done


async def wait(url: str, seconds: float) -> list[Deed]:
    """As many clients, who are connected and ask for nothing."""
    connections = await _connect(url)
    _say_ready()
    await asyncio.sleep(seconds)
    for _, writer in connections:
        writer.close()
    return []


def burn(seconds: float, rate: float) -> list[Deed]:
    """Hash as the API does and as often, without having to do with it."""
    step_back()
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    _say_ready()
    done: list[Deed] = []
    started = time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        time.sleep(max(0.0, len(done) / rate - passed))
        begun = time.perf_counter()
        hasher.hash(DEMO_PASSWORD)
        done.append(Deed(begun, (time.perf_counter() - begun) * 1000))
    return done


async def _connect(url: str) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = url.removeprefix("http://").partition(":")
    return [await asyncio.open_connection(host, int(port)) for _ in range(AT_ONCE)]


def _say_ready() -> None:
    print("ready", flush=True)


def _write_request(email: str) -> bytes:
    body = json.dumps({"query": LOGIN, "variables": {"input": {"email": email, "password": DEMO_PASSWORD}}}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def main() -> None:
    kind, seconds, target, *rate = sys.argv[1:]
    if kind == "burn":
        done = burn(float(seconds), float(target))
    elif kind == "wait":
        done = asyncio.run(wait(target, float(seconds)))
    else:
        done = asyncio.run(sign_in(target, float(seconds), *map(float, rate)))
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
