"""How often something may be tried in a time: counted by key, over all processes. Knows nothing of what is tried."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from bff.errors import RateLimited
from bff.stores.redis import Copy, DocumentCache, RedisAway

_MOST_LOCAL = 20_000

_BEGIN = """
local time = redis.call('TIME')
local now, period = time[1] + time[2] / 1000000, tonumber(ARGV[#ARGV])
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - period)
  local limit = tonumber(ARGV[i])
  if redis.call('ZCARD', key) >= limit then
    local oldest = redis.call('ZRANGE', key, -limit, -limit, 'WITHSCORES')
    return math.max(1, math.ceil(oldest[2] + period - now))
  end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, time[1] .. '.' .. time[2] .. '.' .. redis.call('ZCARD', key))
  redis.call('EXPIRE', key, period)
end
return 0
"""
_TAKE_BACK = """
for _, key in ipairs(KEYS) do redis.call('ZPOPMAX', key) end
return 0
"""
_TAKE_BACK_AND_PUT = (
    """
redis.call('SET', table.remove(KEYS), ARGV[1], 'EX', ARGV[2])
"""
    + _TAKE_BACK
)


class Tries:
    """Every try counts until it is taken back, so that tries at the same time count, too.

    A try counts for `period` seconds; `refusal` is what who tries too often is told. While Redis is away each process
    counts for itself.
    """

    def __init__(
        self, cache: DocumentCache, *, period: int, refusal: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cache = cache
        self._period = period
        self._refusal = refusal
        self._clock = clock
        self._local: OrderedDict[str, list[float]] = OrderedDict()

    async def begin(self, limits: Mapping[str, int]) -> None:
        """Count a try under each key, unless one of them has had as many as it may.

        Raises RateLimited, with the seconds to wait.
        """
        arguments = [*map(str, limits.values()), str(self._period)]
        try:
            wait = int(await self._cache.run_script(_BEGIN, list(limits), arguments))
        except RedisAway:
            wait = self._begin_locally(limits)
        if wait:
            raise RateLimited(self._refusal, retryAfter=wait)

    async def take_back(self, *keys: str, put: Copy | None = None) -> bool:
        """The try does not count. What is `put` goes with it in one round trip; False where Redis is away for that."""
        try:
            if put is None:
                await self._cache.run_script(_TAKE_BACK, keys, [])
            else:
                await self._cache.run_script(_TAKE_BACK_AND_PUT, [*keys, put.key], [put.document, str(put.age)])
        except RedisAway:
            for key in keys:
                self._local.get(key, [])[-1:] = []
            return False
        return True

    def _begin_locally(self, limits: Mapping[str, int]) -> int:
        now = self._clock()
        held = {key: [at for at in self._local.get(key, ()) if at > now - self._period] for key in limits}
        for key, times in held.items():
            if len(times) >= limits[key]:
                return max(1, math.ceil(times[-limits[key]] + self._period - now))
        for key, times in held.items():
            self._local[key] = [*times, now]
            self._local.move_to_end(key)
        while len(self._local) > _MOST_LOCAL:
            self._local.popitem(last=False)
        return 0
