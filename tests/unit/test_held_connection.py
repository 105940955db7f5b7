"""Reads and scripts that share one connection: each gets its own answer, whatever becomes of the others."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from bff.stores.redis import DocumentCache, RedisAway
from tests.engines import Engines, flush_redis, redis_numbered

NAME = "reads-under-test"


@pytest.fixture
async def url(engines: Engines) -> str:
    url = redis_numbered(engines.redis_url, 1)
    await flush_redis(url)
    return url


@asynccontextmanager
async def opened(url: str, *, deadline: float = 30) -> AsyncIterator[DocumentCache]:
    cache = DocumentCache(Redis.from_url(f"{url}&client_name={NAME}"), deadline=deadline, rest=60)
    try:
        yield cache
    finally:
        await cache.close()


@pytest.fixture
async def cache(url: str) -> AsyncIterator[DocumentCache]:
    async with opened(url) as cache:
        yield cache


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    """By redis-py, for what a test puts there and looks up."""
    async with Redis.from_url(url) as client:
        yield client


async def count_connections(redis: Redis) -> int:
    return sum(client["name"] == NAME for client in await redis.client_list())


async def test_all_who_ask_in_the_same_turn_share_a_round_trip(cache: DocumentCache, redis: Redis) -> None:
    await redis.mset({"a": b"1", "b": b"2", "c": b""})
    asked = [cache.ask(["a"]), cache.ask(["nothing", "b"]), cache.ask(["c", "a", "a"])]
    assert await asyncio.gather(*asked) == [[b"1"], [None, b"2"], [b"", b"1", b"1"]]
    assert cache.round_trips == 1


async def test_from_so_many_keys_on_another_round_trip_begins(cache: DocumentCache) -> None:
    await asyncio.gather(*(cache.ask([f"{number}"]) for number in range(128)))
    assert cache.round_trips == 1
    await asyncio.gather(*(cache.ask([f"{number}"]) for number in range(129)))
    assert cache.round_trips == 3


async def test_many_are_under_way_on_one_connection_and_none_gets_anothers(cache: DocumentCache, redis: Redis) -> None:
    await redis.mset({f"{number}": b"%d" % number for number in range(0, 300, 2)})
    asked = []
    for number in range(300):
        asked.append(cache.ask([f"{number}"]))
        await asyncio.sleep(0)
    found = await asyncio.gather(*asked)
    assert found == [[b"%d" % number if number % 2 == 0 else None] for number in range(300)]
    assert await count_connections(redis) == 1


async def test_answers_may_be_larger_than_what_arrives_at_once(cache: DocumentCache, redis: Redis) -> None:
    documents = {f"{number}": bytes([number]) * 300_000 for number in range(20)}
    await redis.mset(documents)
    assert await cache.get_many(list(documents)) == list(documents.values())


async def test_who_goes_away_disturbs_nobody(cache: DocumentCache, redis: Redis) -> None:
    await redis.mset({"a": b"1", "b": b"2"})
    for turns in (0, 1):  # before it is sent, and while it is under way
        first, left, last = cache.ask(["a"]), cache.ask(["b", "a"]), cache.ask(["b"])
        for _ in range(turns):
            await asyncio.sleep(0)
        left.cancel()
        assert await first == [b"1"]
        assert await last == [b"2"]
        assert left.cancelled()


async def test_a_key_that_redis_cannot_take_is_the_askers_own_fault(cache: DocumentCache) -> None:
    for others in (0, 1):
        asked = [cache.ask(["a"]) for _ in range(others)]
        with pytest.raises(UnicodeEncodeError):
            cache.ask(["a", "\ud800"])
        await asyncio.sleep(0)
        assert await asyncio.gather(*asked, cache.ask(["a"])) == [[None]] * (others + 1)


async def test_what_redis_refuses_to_answer_counts_as_away(cache: DocumentCache, redis: Redis, url: str) -> None:
    await redis.set("a", b"1")
    await redis.acl_setuser("reader", enabled=True, passwords=["+word"], keys=["*"], commands=["+select", "+client"])
    try:
        as_reader = re.sub("//.*@", "//reader:word@", url)
        async with opened(as_reader) as refused:
            asked = [refused.ask(["a"]), refused.ask(["b"])]
            for documents in asked:
                with pytest.raises(RedisAway, match="Redis does not answer: NOPERM"):
                    await documents
            with pytest.raises(RedisAway, match="a moment ago"):
                await refused.get_many(["a"])
            await redis.acl_setuser("reader", enabled=True, commands=["+mget", "+ping"])
            await refused.ping()
            assert await refused.get_many(["a"]) == [b"1"]
    finally:
        await redis.acl_deluser("reader")


async def test_who_still_waits_at_the_end_is_told(url: str, redis: Redis) -> None:
    for turns in range(4):  # before it is sent, while the connection is opened, and later
        async with opened(url) as cache:
            asked = cache.ask(["a"])
            for _ in range(turns):
                await asyncio.sleep(0)
        with pytest.raises(RedisAway):
            await asked
        assert await count_connections(redis) == 0


async def test_the_connection_closes_with_its_client_and_opens_again(cache: DocumentCache, redis: Redis) -> None:
    await cache.get_many(["a"])
    await cache.redis.aclose()
    assert await count_connections(redis) == 0
    assert await cache.get_many(["a"]) == [None]
    assert await count_connections(redis) == 1


async def test_a_process_that_is_late_itself_does_not_blame_redis(url: str) -> None:
    async with opened(url, deadline=1) as cache:
        await cache.get_many(["a"])
        asked = cache.ask(["a"])
        await asyncio.sleep(0)  # it is sent
        time.sleep(1.2)  # noqa: ASYNC251 -- the loop stands still, as one that is busy does
        assert await asked == [None]


async def test_scripts_and_reads_get_their_own_answers(cache: DocumentCache, redis: Redis) -> None:
    await redis.set("a", b"1")
    say = "return {KEYS[1], ARGV[1], #KEYS, #ARGV, false}"
    asked = [
        call
        for number in range(100)
        for call in (cache.run_script(say, [f"{number}"], [b"\xff", "é"]), cache.get_many(["a", "nothing"]))
    ]
    answers = await asyncio.gather(*asked)
    assert answers[::2] == [[b"%d" % number, b"\xff", 1, 2, None] for number in range(100)]
    assert answers[1::2] == [[b"1", None]] * 100
    assert await count_connections(redis) == 1


async def test_more_scripts_than_may_be_under_way_wait_for_their_turn(cache: DocumentCache) -> None:
    """Else a flood of sign-ins would be taken for Redis's failure, and counted by each process for itself."""
    runs = [cache.run_script("return redis.call('INCR', KEYS[1])", ["runs"], []) for _ in range(3000)]
    assert sorted(await asyncio.gather(*runs)) == list(range(1, 3001))


async def test_a_script_that_fails_counts_as_away(cache: DocumentCache) -> None:
    with pytest.raises(RedisAway, match="Redis does not answer"):
        await cache.run_script("return redis.call('GET')", [], [])
    with pytest.raises(RedisAway, match="a moment ago"):
        await cache.run_script("return 1", [], [])
    await cache.ping()
    assert await cache.run_script("return 1", [], []) == 1


async def test_a_script_does_not_run_twice_where_the_connection_is_lost_over_it(
    cache: DocumentCache, redis: Redis
) -> None:
    count = "redis.call('INCR', KEYS[1]) return redis.call('GET', KEYS[1])"
    assert await cache.run_script(count, ["runs"], []) == b"1"
    await redis.execute_command("CLIENT PAUSE", 60_000, "WRITE")
    try:
        run, read = cache.run_script(count, ["runs"], []), cache.ask(["runs"])
        running = asyncio.ensure_future(run)
        await asyncio.sleep(0.05)  # it is sent, and stands in Redis
        assert cache._held._wire is not None
        cache._held._wire.abort()
        with pytest.raises(RedisAway, match="ConnectionError"):
            await running
    finally:
        await redis.execute_command("CLIENT UNPAUSE")
    assert await read == [b"1"]
    assert await cache.run_script(count, ["runs"], []) in (b"2", b"3")  # Redis may have heard of the loss in time
