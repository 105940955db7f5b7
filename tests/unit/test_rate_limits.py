"""Shares of callers and failed sign-ins, over a real Redis, as seen by two processes; and without Redis."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.domain.addresses import name_network
from bff.errors import RateLimited
from bff.settings import Secret
from bff.stores import keys
from bff.stores.login_failures import MOST_OF_ACCOUNT, MOST_OF_ADDRESS, PERIOD, LoginFailures
from bff.stores.rate_limits import Rate, RateLimits
from bff.stores.redis import Copy, DocumentCache, RedisAway, open_redis
from tests.engines import Engines

SLOW = Rate(rate=0.001, burst=100)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def cache(database: Engines) -> AsyncIterator[DocumentCache]:
    client = open_redis(database.settings)
    yield DocumentCache(client)
    await client.aclose()


@pytest.fixture
async def nowhere(database: Engines) -> AsyncIterator[DocumentCache]:
    """A Redis that is away."""
    client = open_redis(replace(database.settings, redis_url=Secret("redis://127.0.0.1:1")))
    yield DocumentCache(client)
    await client.aclose()


def take(limits: RateLimits, amount: float, rate: Rate = SLOW, key: str = "a") -> bool:
    try:
        limits.take(key, amount, rate)
    except RateLimited:
        return False
    return True


async def test_a_share_is_one_over_all_processes(cache: DocumentCache) -> None:
    first, second = RateLimits(cache), RateLimits(cache)
    assert take(first, 60)
    await first.share()
    assert take(second, 30)
    await second.share()
    assert not take(second, 20)
    assert take(second, 5)
    await second.share()
    assert take(first, 1)
    await first.share()
    assert not take(first, 10)


async def test_taking_asks_nothing_of_redis(cache: DocumentCache) -> None:
    limits = RateLimits(cache)
    for number in range(1200):
        take(limits, 1, key=f"key{number}")
    assert cache.round_trips == 0
    await limits.share()
    assert cache.round_trips == 3
    await limits.share()
    assert cache.round_trips == 3


async def test_what_was_taken_while_it_was_shared_is_not_lost(cache: DocumentCache) -> None:
    limits, other = RateLimits(cache), RateLimits(cache)
    assert take(limits, 50)
    sharing = asyncio.create_task(limits.share())
    await asyncio.sleep(0)
    assert take(limits, 40)
    await sharing
    assert not take(limits, 20)
    await limits.share()
    assert take(other, 1)
    await other.share()
    assert not take(other, 15)


async def test_without_redis_a_process_goes_by_its_own_buckets(nowhere: DocumentCache) -> None:
    clock = Clock()
    limits = RateLimits(nowhere, clock=clock)
    assert take(limits, 100, Rate(10, 100))
    assert not take(limits, 1, Rate(10, 100))
    with pytest.raises(RedisAway):
        await limits.share()
    clock.now += 5
    assert take(limits, 50, Rate(10, 100))
    assert not take(limits, 50, Rate(10, 100))


async def test_what_redis_was_not_told_is_told_when_it_is_back(nowhere: DocumentCache, cache: DocumentCache) -> None:
    limits, other = RateLimits(nowhere), RateLimits(cache)
    take(limits, 90)
    with pytest.raises(RedisAway):
        await limits.share()
    limits._cache = cache
    await limits.share()
    take(other, 1)
    await other.share()
    assert not take(other, 20)


def test_a_refusal_says_when_the_same_will_be_served() -> None:
    clock = Clock()
    limits = RateLimits(None, clock=clock)  # type: ignore[arg-type]
    rate = Rate(rate=10, burst=100)
    limits.take("a", 100, rate)
    with pytest.raises(RateLimited) as refusal:
        limits.take("a", 50, rate)
    assert refusal.value.extensions == {"code": "RATE_LIMITED", "retryAfter": 5}
    clock.now += 5
    limits.take("a", 50, rate)


def test_what_is_larger_than_the_bucket_is_served_from_a_full_one() -> None:
    clock = Clock()
    limits = RateLimits(None, clock=clock)  # type: ignore[arg-type]
    assert take(limits, 500, Rate(10, 100))
    clock.now += 39
    assert not take(limits, 1, Rate(10, 100))
    clock.now += 2
    assert take(limits, 1, Rate(10, 100))


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 50)), max_size=40))
def test_a_bucket_never_gives_more_than_its_burst_and_its_rate(steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    limits = RateLimits(None, clock=clock)  # type: ignore[arg-type]
    rate, given_out = Rate(rate=2, burst=100), 0.0
    for wait, amount in steps:
        clock.now += wait
        given_out += amount if take(limits, amount, rate) else 0
    assert given_out <= rate.burst + (clock.now - 1000) * rate.rate + 1e-6


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("", ""),
    ],
)
def test_an_address_stands_for_a_household(address: str, network: str) -> None:
    assert name_network(address) == network


# ---- failed sign-ins


async def fail(failures: LoginFailures, email: str, address: str) -> bool:
    try:
        await failures.begin_try(email, address)
    except RateLimited:
        return False
    return True


async def test_an_account_has_so_many_failures_a_minute_from_wherever(cache: DocumentCache) -> None:
    processes = [LoginFailures(cache), LoginFailures(cache)]
    tries = [await fail(processes[number % 2], "a@example.com", f"192.0.2.{number}") for number in range(15)]
    assert tries == [True] * MOST_OF_ACCOUNT + [False] * 5
    assert await fail(processes[0], "b@example.com", "192.0.2.1")
    with pytest.raises(RateLimited) as refusal:
        await processes[0].begin_try("a@example.com", "192.0.2.1")
    assert 0 < refusal.value.extensions["retryAfter"] <= PERIOD
    assert 0 < await cache.redis.ttl(keys.login_failures_of_account("a@example.com")) <= PERIOD


async def test_an_address_has_so_many_failures_a_minute_with_whomever(cache: DocumentCache) -> None:
    failures = LoginFailures(cache)
    tries = [await fail(failures, f"{number}@example.com", "192.0.2.1") for number in range(40)]
    assert tries == [True] * MOST_OF_ADDRESS + [False] * 10
    assert await fail(failures, "0@example.com", "192.0.2.2")


async def test_tries_at_the_same_time_count_each(cache: DocumentCache) -> None:
    failures = LoginFailures(cache)
    tries = await asyncio.gather(*(fail(failures, "a@example.com", "192.0.2.1") for _ in range(25)))
    assert sum(tries) == MOST_OF_ACCOUNT


async def test_a_sign_in_that_succeeds_is_no_failure(cache: DocumentCache) -> None:
    failures = LoginFailures(cache)
    for _ in range(3 * MOST_OF_ADDRESS):
        await failures.begin_try("a@example.com", "192.0.2.1")
        await failures.take_back("a@example.com", "192.0.2.1")


async def test_what_a_sign_in_leaves_goes_with_its_try(cache: DocumentCache, nowhere: DocumentCache) -> None:
    copy = Copy("device:dev_a", b"\x00 a document", 60)
    for number in range(3 * MOST_OF_ADDRESS):
        failures = LoginFailures(cache)
        await failures.begin_try(f"{number}@example.com", "192.0.2.1")
        sent = cache.round_trips
        assert await failures.take_back(f"{number}@example.com", "192.0.2.1", put=copy)
        assert cache.round_trips == sent + 1
    assert await cache.get_many([copy.key]) == [copy.document]
    assert 0 < await cache.redis.ttl(copy.key) <= copy.age
    await LoginFailures(nowhere).begin_try("a@example.com", "192.0.2.1")
    assert not await LoginFailures(nowhere).take_back("a@example.com", "192.0.2.1", put=copy)


async def test_without_redis_a_process_counts_for_itself(nowhere: DocumentCache) -> None:
    clock = Clock()
    failures = LoginFailures(nowhere, clock=clock)
    tries = [await fail(failures, "a@example.com", "192.0.2.1") for _ in range(12)]
    assert tries == [True] * MOST_OF_ACCOUNT + [False] * 2
    await failures.take_back("a@example.com", "192.0.2.1")
    assert await fail(failures, "a@example.com", "192.0.2.1")
    clock.now += PERIOD + 1
    assert await fail(failures, "a@example.com", "192.0.2.1")


async def test_any_minute_has_so_many_failures_and_none_more(nowhere: DocumentCache, cache: DocumentCache) -> None:
    clock = Clock()
    failures = LoginFailures(nowhere, clock=clock)
    tries = []
    for _ in range(4 * MOST_OF_ACCOUNT):
        tries.append(await fail(failures, "a@example.com", "192.0.2.1"))
        clock.now += PERIOD / (2 * MOST_OF_ACCOUNT)
    assert tries == ([True] * MOST_OF_ACCOUNT + [False] * MOST_OF_ACCOUNT) * 2
    key = keys.login_failures_of_account("a@example.com")
    over = LoginFailures(cache)
    for _ in range(MOST_OF_ACCOUNT):
        await over.begin_try("a@example.com", "192.0.2.1")
    [(oldest, at), *_] = await cache.redis.zrange(key, 0, 0, withscores=True)
    await cache.redis.zadd(key, {oldest: at - PERIOD})
    assert await fail(over, "a@example.com", "192.0.2.1")
    assert not await fail(over, "a@example.com", "192.0.2.1")
