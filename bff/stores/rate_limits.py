"""How much a caller may ask for: token buckets in this process, shared with the other processes through Redis.

A request takes from the bucket of its process and waits for nothing. A few times a second what was taken is told to
Redis, which answers what is left over all processes; while Redis is away each process goes by its own buckets.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from msgspec import Struct

from bff.errors import RateLimited
from bff.stores.redis import DocumentCache, RedisAway

SHARE_EVERY = 0.25
"""Seconds between two exchanges with Redis: what a process may take too much of in between is bounded by this."""
_MOST_BUCKETS = 50_000
_AT_ONCE = 500

_SHARE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local left = {}
for i, key in ipairs(KEYS) do
  local rate, burst, taken = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local held = redis.call('HMGET', key, 'tokens', 'at')
  local tokens, at = tonumber(held[1]) or burst, tonumber(held[2]) or now
  tokens = math.max(-burst, math.min(burst, tokens + math.max(0, now - at) * rate) - taken)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', tostring(now))
  redis.call('PEXPIRE', key, math.ceil((burst - tokens) / rate * 1000) + 1000)
  left[i] = math.floor(tokens)
end
return left
"""

log = logging.getLogger(__name__)


class Rate(Struct, frozen=True):
    """A bucket holds `burst` and fills by `rate` a second."""

    rate: float
    burst: float


class _Bucket:
    """`taken` is what Redis was not told of yet."""

    __slots__ = ("at", "rate", "taken", "tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self.tokens = rate.burst
        self.at = now
        self.taken = 0.0

    def fill(self, now: float) -> None:
        self.tokens = min(self.rate.burst, self.tokens + (now - self.at) * self.rate.rate)
        self.at = now


class RateLimits:
    """The buckets of one process, by Redis key; those that were used longest ago are forgotten first."""

    def __init__(self, cache: DocumentCache, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._untold: dict[str, _Bucket] = {}

    def take(self, key: str, amount: float, rate: Rate) -> None:
        """Raises RateLimited, with the seconds after which the same is served, and takes nothing then."""
        now = self._clock()
        bucket = self._find(key, rate, now)
        bucket.fill(now)
        needed = min(amount, rate.burst)
        if bucket.tokens < needed:
            wait = (needed - bucket.tokens) / rate.rate
            raise RateLimited(
                "You ask for more than is served in this time; wait as long as `retryAfter` says.",
                retryAfter=max(1, round(wait)),
            )
        bucket.tokens -= amount
        bucket.taken += amount
        self._untold[key] = bucket

    async def share(self) -> None:
        """Tell Redis what was taken, and take over what is left over all processes. Raises RedisAway."""
        while self._untold:
            keys = list(self._untold)[:_AT_ONCE]
            buckets = [self._untold.pop(key) for key in keys]
            told = [bucket.taken for bucket in buckets]
            arguments = [
                str(number) for bucket in buckets for number in (bucket.rate.rate, bucket.rate.burst, bucket.taken)
            ]
            for bucket in buckets:
                bucket.taken = 0.0
            try:
                left = await self._cache.run_script(_SHARE, keys, arguments)
            except RedisAway:
                for key, bucket, taken in zip(keys, buckets, told, strict=True):
                    bucket.taken += taken
                    self._untold[key] = bucket
                raise
            now = self._clock()
            for bucket, tokens in zip(buckets, left, strict=True):
                bucket.tokens, bucket.at = min(bucket.rate.burst, int(tokens) - bucket.taken), now

    @asynccontextmanager
    async def sharing(self) -> AsyncIterator["RateLimits"]:
        """Shares in the background until the block ends."""
        task = asyncio.create_task(self._keep_sharing(), name="rate limits")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_sharing(self) -> None:
        while True:
            await asyncio.sleep(SHARE_EVERY)
            try:
                await self.share()
            except RedisAway:
                continue  # the buckets of this process stand in
            except Exception:
                log.exception("rate limits could not be shared")

    def _find(self, key: str, rate: Rate, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(rate, now)
            if len(self._buckets) > _MOST_BUCKETS:
                forgotten, _ = self._buckets.popitem(last=False)
                self._untold.pop(forgotten, None)
        else:
            self._buckets.move_to_end(key)
        return bucket
