"""Lets an operation in by its cost, which signed-in callers have of their account and visitors of their address."""

from bff.context import OperationContext
from bff.domain.addresses import name_network
from bff.http.cost import check_cost
from bff.stores import keys
from bff.stores.rate_limits import Rate, RateLimits

LEAST_COST = 100
"""What an operation costs at least: reading it is work, too."""
BURST = 30
"""Seconds of its rate that a caller may use up at once."""


class Admission:
    """`account_rate` and `address_rate` in cost a second; 0 lets everything in. `visitor_cost` is the most that one
    operation of a visitor may cost: they have no home, whose size is what others' limit is made for."""

    def __init__(self, limits: RateLimits, *, account_rate: int, address_rate: int, visitor_cost: int) -> None:
        self._limits = limits
        self._visitor_cost = visitor_cost
        self._account = Rate(account_rate, account_rate * BURST)
        self._address = Rate(address_rate, address_rate * BURST)

    def __call__(self, context: OperationContext, cost: int) -> None:
        """Raises RateLimited, and TooExpensive for a visitor."""
        caller = context.caller
        if caller.token is not None:
            key, rate = keys.rate_of_account(caller.token.account_id), self._account
        else:
            check_cost(cost, self._visitor_cost)
            key, rate = keys.rate_of_address(name_network(caller.address)), self._address
        if rate.rate:
            self._limits.take(key, max(cost, LEAST_COST), rate)
