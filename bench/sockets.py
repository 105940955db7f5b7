"""A thousand sockets that follow `homeChanged`: how soon all are back after a restart, what an idle one holds, and five
events a second to each, counted."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from bench.follower import Follower
from bench.report import SHARED, Table, find_percentile, write_results
from bench.stage import PROFILES, Server, Stage, run_api
from bff.stores import keys

ROUNDS = 3
EVENTS = 50
"""To each socket in one round."""
RATE = 5.0
"""Events a second to each socket."""
TICK = 0.01
"""Seconds between two bursts of events, so that a second's are spread over it."""
DEADLINE = 30.0
"""Seconds until everything must have come."""
IDLE = 3.0
QUERY = "subscription { homeChanged { changedRowIds } }"


class Return(Struct, frozen=True):
    """All clients back at once: seconds until the last is subscribed, how many failed, CPU ms and kB for each."""

    seconds: float
    failed: int
    cpu: float
    kilobytes: float


class Delivery(Struct, frozen=True):
    """Milliseconds from when an event was due to be sent; `cpu` for each event."""

    sent: int
    delivered: int
    p50: float
    p99: float
    cpu: float


class Inbox:
    """What one follower got: numbers of events in their order, and how late each was."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.numbers: list[int] = []
        self.delays: list[float] = []
        self._clock = clock

    def take(self, data: dict[str, Any]) -> None:
        for said in data["homeChanged"]["changedRowIds"]:
            number, _, due = said.partition("@")
            self.numbers.append(int(number))
            self.delays.append(self._clock() - float(due))


async def bench_sockets(stage: Stage) -> None:
    """About a minute."""
    returns, deliveries = [], []
    async with Redis.from_url(stage.redis_url) as redis:
        for _ in range(ROUNDS):
            with run_api(stage.environment) as server:
                inboxes = [Inbox(time.monotonic) for _ in stage.tokens]
                followers: list[Follower] = []
                returns.append(await _return_at_once(stage, server, redis, inboxes, followers))
                deliveries.append(await _deliver(stage, server, redis, inboxes))
                for follower in followers:
                    follower.leave()
    _report(returns, deliveries)


async def _return_at_once(
    stage: Stage, server: Server, redis: "Redis", inboxes: list[Inbox], followers: list[Follower]
) -> Return:
    """Puts those that came back into `followers`. The server has just started: it knows none of them."""
    loop = asyncio.get_running_loop()
    host, port = server.url.removeprefix("http://").split(":")
    used, held = server.cpu_seconds(), server.resident_bytes()
    started = time.monotonic()

    async def connect(token: str, inbox: Inbox) -> None:
        _, follower = await loop.create_connection(
            lambda: Follower(server.url, token, QUERY, inbox.take), host, int(port)
        )
        followers.append(follower)

    await asyncio.gather(*(connect(token, inbox) for token, inbox in zip(stage.tokens, inboxes, strict=True)))
    channel = keys.home_changes("*")
    while time.monotonic() < started + DEADLINE:
        waiting = sum(not follower.failure for follower in followers) - len(await redis.pubsub_channels(channel))
        if waiting == 0:
            break
        await asyncio.sleep(0.02)
    seconds = time.monotonic() - started
    failures = [follower.failure for follower in followers if follower.failure]
    for failure in sorted(set(failures)):
        print(f"{failures.count(failure)} × {failure}")
    cpu = server.cpu_seconds() - used
    await asyncio.sleep(IDLE)
    return Return(
        seconds=seconds,
        failed=len(failures) + waiting,
        cpu=cpu / len(followers) * 1000,
        kilobytes=(server.resident_bytes() - held) / len(followers) / 1000,
    )


async def _deliver(stage: Stage, server: Server, redis: "Redis", inboxes: list[Inbox]) -> Delivery:
    """Each event is told as another process tells it: on the profile's channel; its row says which it is and when it
    was due."""
    channels = [keys.home_changes(profile_id) for profile_id in stage.profile_ids]
    used = server.cpu_seconds()
    started = time.monotonic() + 0.1
    events = [
        (started + (number + place / len(channels)) / RATE, number, channel)
        for number in range(EVENTS)
        for place, channel in enumerate(channels)
    ]
    sent = 0
    while sent < len(events):
        now = time.monotonic()
        burst = redis.pipeline(transaction=False)
        while sent < len(events) and events[sent][0] <= now:
            due, number, channel = events[sent]
            burst.publish(channel, f'["{number}@{due}"]')
            sent += 1
        await burst.execute()
        await asyncio.sleep(TICK)
    for _ in range(int(DEADLINE / 0.05)):
        if all(len(inbox.numbers) >= EVENTS for inbox in inboxes):
            break
        await asyncio.sleep(0.05)
    delays = [delay for inbox in inboxes for delay in inbox.delays]
    whole = [number for inbox in inboxes if inbox.numbers == list(range(EVENTS)) for number in inbox.numbers]
    return Delivery(
        sent=sent,
        delivered=len(whole),
        p50=find_percentile(delays, 0.5) * 1000,
        p99=find_percentile(delays, 0.99) * 1000,
        cpu=(server.cpu_seconds() - used) / sent * 1000,
    )


def _report(returns: list[Return], deliveries: list[Delivery]) -> None:
    write_results(
        "sockets",
        f"{PROFILES:,} sockets of `graphql-transport-ws`, each of its own profile, follow `homeChanged` in one process "
        f"that has just started. {SHARED}",
        Table(
            ("round", "seconds until all are back", "failed", "CPU ms a subscription", "kB an idle subscription"),
            [(str(number), row.seconds, row.failed, row.cpu, row.kilobytes) for number, row in enumerate(returns, 1)],
        ),
        f"{RATE:g} events a second to each socket; delays from the instant at which an event was due to be sent.",
        Table(
            ("round", "events sent", "delivered whole and in order", "p50 ms", "p99 ms", "CPU ms an event"),
            [
                (str(number), row.sent, row.delivered, row.p50, row.p99, row.cpu)
                for number, row in enumerate(deliveries, 1)
            ],
        ),
    )
