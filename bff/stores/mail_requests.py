"""How many mails somebody who need not be signed in may have sent: counted by address, over all processes."""

from bff.domain.addresses import name_network
from bff.stores import keys
from bff.stores.redis import DocumentCache
from bff.stores.tries import Tries

HOUR = 3600


class MailRequests:
    """Each process of the service is told the same `most` an hour."""

    def __init__(self, cache: DocumentCache, *, most: int) -> None:
        self._most = most
        self._tries = Tries(
            cache, period=HOUR, refusal="Too many mails were asked for; wait as long as `retryAfter` says."
        )

    async def count(self, address: str) -> None:
        """Raises RateLimited, with the seconds to wait."""
        await self._tries.begin({keys.mail_requests_of_address(name_network(address)): self._most})
