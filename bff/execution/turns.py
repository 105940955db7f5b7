"""Shares the event loop: a run that has had its share of time goes on in turns, one run at a time, so that whoever asks
for little is answered in between.
"""

import asyncio
import math
from time import perf_counter
from weakref import WeakKeyDictionary

SHARE = 0.02
"""Seconds that a run may hold the loop before all others who are ready are served."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class Share:
    """What one run has left of its share: counted from `begin` to `end`, renewed with every turn. Who takes no turns
    has a share without end.

    `is_over` is never true at the beginning, so that every turn gets something done; `is_waning` once half of it is.
    """

    __slots__ = ("_until", "_whole", "is_over", "is_waning", "left")

    def __init__(self, *, takes_turns: bool) -> None:
        self.left = self._whole = SHARE if takes_turns else math.inf
        self.is_over = self.is_waning = False
        self._until = 0.0

    def begin(self) -> None:
        self.is_over = self.is_waning = False
        self._until = perf_counter() + self.left

    def look(self) -> bool:
        """Whether the share is over by the clock; so it stays until the next beginning."""
        left = self._until - perf_counter()
        self.is_waning = left < self._whole / 2
        if left < 0:
            self.is_over = True
        return self.is_over

    def end(self) -> None:
        self.left = self._until - perf_counter()

    async def renew(self) -> asyncio.Lock:
        """Wait for the next turn; the lock is to be released when that is over."""
        turn = await _take_turn()
        self.left = self._whole
        return turn


async def _take_turn() -> asyncio.Lock:
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    await turns.acquire()
    try:
        await asyncio.sleep(0)
    except BaseException:
        turns.release()
        raise
    return turns
