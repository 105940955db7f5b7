"""How often a wrong password may be tried: failed sign-ins by account and by address, counted over all processes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from bff.errors import RateLimited
from bff.stores import keys
from bff.stores.redis import DocumentCache, RedisAway

PERIOD = 60
"""Seconds from the first failure until the count begins anew."""
MOST_OF_ACCOUNT = 10
MOST_OF_ADDRESS = 30
_LIMITS = (MOST_OF_ACCOUNT, MOST_OF_ADDRESS)
_MOST_LOCAL = 20_000

_BEGIN = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[i]) then
    return math.max(1, redis.call('TTL', key))
  end
end
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[#ARGV]) end
end
return 0
"""
_TAKE_BACK = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) > 0 then redis.call('DECR', key) end
end
return 0
"""


class LoginFailures:
    """Every try counts as failed until it is taken back, so that tries at the same time count, too.

    While Redis is away each process counts for itself.
    """

    def __init__(self, cache: DocumentCache, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._clock = clock
        self._local: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def begin_try(self, email: str, address: str) -> None:
        """`email` is normalised; it need not be anybody's.

        Raises RateLimited, with the seconds to wait.
        """
        names = _name(email, address)
        try:
            wait = int(await self._cache.run_script(_BEGIN, names, [*map(str, _LIMITS), str(PERIOD)]))
        except RedisAway:
            wait = self._begin_locally(names)
        if wait:
            raise RateLimited("Too many sign-ins have failed; wait as long as `retryAfter` says.", retryAfter=wait)

    async def take_back(self, email: str, address: str) -> None:
        """The try was no failure."""
        names = _name(email, address)
        try:
            await self._cache.run_script(_TAKE_BACK, names, [])
        except RedisAway:
            for name in names:
                count, ends = self._local.get(name, (0, 0.0))
                if count:
                    self._local[name] = (count - 1, ends)

    def _begin_locally(self, names: Sequence[str]) -> int:
        now = self._clock()
        held = [self._read_locally(name, now) for name in names]
        for (count, ends), limit in zip(held, _LIMITS, strict=True):
            if count >= limit:
                return max(1, round(ends - now))
        for name, (count, ends) in zip(names, held, strict=True):
            self._local[name] = (count + 1, ends)
            self._local.move_to_end(name)
        while len(self._local) > _MOST_LOCAL:
            self._local.popitem(last=False)
        return 0

    def _read_locally(self, name: str, now: float) -> tuple[int, float]:
        count, ends = self._local.get(name, (0, 0.0))
        return (count, ends) if ends > now else (0, now + PERIOD)


def _name(email: str, address: str) -> list[str]:
    return [keys.login_failures_of_account(email), keys.login_failures_of_address(address)]
