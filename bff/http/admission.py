"""Lets requests in by what they cost, which signed-in callers have of their account and visitors of their address."""

from collections.abc import Callable

from starlette.requests import HTTPConnection

from bff.context import Caller, OperationContext
from bff.domain.addresses import name_network
from bff.errors import Unauthenticated
from bff.http.cost import check_cost
from bff.stores import keys
from bff.stores.rate_limits import Rate, RateLimits

LEAST_COST = 100
"""What a request costs at least: reading it is work, too, whatever becomes of it."""
BURST = 30
"""Seconds of its rate that a caller may use up at once."""


class Admission:
    """`account_rate` and `address_rate` in cost a second; 0 lets everything in. `visitor_cost` is the most that one
    operation of a visitor may cost: they have no home, whose size is what others' limit is made for.

    `find_caller` raises Unauthenticated for a connection whose token is no good.
    """

    def __init__(
        self,
        limits: RateLimits,
        find_caller: Callable[[HTTPConnection], Caller],
        *,
        account_rate: int,
        address_rate: int,
        visitor_cost: int,
    ) -> None:
        self._limits = limits
        self._find_caller = find_caller
        self._visitor_cost = visitor_cost
        self._account = Rate(account_rate, account_rate * BURST)
        self._address = Rate(address_rate, address_rate * BURST)

    def charge_reading(self, connection: HTTPConnection) -> None:
        """To be called before an operation is looked for. Raises RateLimited, and what `find_caller` raises."""
        try:
            caller = self._find_caller(connection)
        except Unauthenticated:
            self._take_of_address(connection.client.host if connection.client is not None else "", LEAST_COST)
            raise
        self._take(caller, LEAST_COST)

    def __call__(self, context: OperationContext, cost: int) -> None:
        """Raises RateLimited, and TooExpensive for a visitor. What reading it cost is not counted again."""
        if context.caller.token is None:
            check_cost(cost, self._visitor_cost)
        if cost > LEAST_COST:
            self._take(context.caller, cost - LEAST_COST)

    def _take(self, caller: Caller, cost: int) -> None:
        if caller.token is None:
            self._take_of_address(caller.address, cost)
        elif self._account.rate:
            self._limits.take(keys.rate_of_account(caller.token.account_id), cost, self._account)

    def _take_of_address(self, address: str, cost: int) -> None:
        if self._address.rate:
            self._limits.take(keys.rate_of_address(name_network(address)), cost, self._address)
