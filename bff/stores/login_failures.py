"""How often a secret may be guessed: failed tries by account and by address, counted over all processes."""

import time
from collections.abc import Callable

from bff.domain.addresses import name_network
from bff.stores import keys
from bff.stores.redis import Copy, DocumentCache
from bff.stores.tries import Tries

PERIOD = 60
"""Seconds that a failure counts."""
MOST_OF_ACCOUNT = 10
MOST_OF_ADDRESS = 30


class LoginFailures:
    """Every try counts as failed until it is taken back."""

    def __init__(self, cache: DocumentCache, *, clock: Callable[[], float] = time.monotonic) -> None:
        refusal = "Too many tries have failed; wait as long as `retryAfter` says."
        self._tries = Tries(cache, period=PERIOD, refusal=refusal, clock=clock)

    async def begin_try(self, email: str, address: str) -> None:
        """`email` is normalised; it need not be anybody's.

        Raises RateLimited, with the seconds to wait.
        """
        of_account, of_address = _name(email, address)
        await self._tries.begin({of_account: MOST_OF_ACCOUNT, of_address: MOST_OF_ADDRESS})

    async def take_back(self, email: str, address: str, *, put: Copy | None = None) -> bool:
        """The try was no failure. What is `put` goes with it in one round trip; False where Redis is away for that."""
        return await self._tries.take_back(*_name(email, address), put=put)

    async def begin_address_try(self, address: str) -> None:
        """A try that may tell whether there is an account, and guesses nobody's password.

        Raises RateLimited, with the seconds to wait.
        """
        await self._tries.begin({_name_address(address): MOST_OF_ADDRESS})

    async def take_back_address(self, address: str) -> None:
        """The try told nothing."""
        await self._tries.take_back(_name_address(address))


def _name(email: str, address: str) -> tuple[str, str]:
    return keys.login_failures_of_account(email), _name_address(address)


def _name_address(address: str) -> str:
    return keys.login_failures_of_address(name_network(address))
