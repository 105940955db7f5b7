"""Where money is taken: a gateway that is asked for charges. It knows cards; we know its tokens and nothing else."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from bff.domain.accounts import Money


class GatewayAway(Exception):
    """The gateway did not answer, so that nobody knows whether it charged: ask again with the same key."""


class ChargeState(StrEnum):
    SUCCEEDED = "SUCCEEDED"
    DECLINED = "DECLINED"
    ACTION_REQUIRED = "ACTION_REQUIRED"


class Charge(Struct, frozen=True, kw_only=True):
    """`key` names the charge for good: what is asked for twice under one key is charged once.

    A `total` of nothing asks whether the token can be charged. `is_holder_present`: the card holder can be sent to the
    bank.
    """

    key: str
    total: Money
    token: str
    is_holder_present: bool

    def __repr__(self) -> str:
        return f"Charge({self.key!r}, {self.total!r}, …)"


class ChargeResult(Struct, frozen=True):
    """`url` is where the bank asks the card holder; set with ACTION_REQUIRED alone."""

    state: ChargeState
    url: str | None = None

    def __repr__(self) -> str:
        return f"ChargeResult({self.state!r}, …)"


class PaymentGateway(Protocol):
    """Both answer with the state of the charge now, however often they are called."""

    async def charge(self, charge: Charge) -> ChargeResult:
        """Charge, or say what became of the charge of that key. Raises GatewayAway."""
        ...

    async def withdraw(self, charge: Charge) -> ChargeResult:
        """See to it that what is not charged yet never is; SUCCEEDED where it was too late. Raises GatewayAway."""
        ...


class NoGateway:
    """Takes no money: for a server that was not told of a gateway."""

    async def charge(self, charge: Charge) -> ChargeResult:
        raise GatewayAway(f"{charge.key} cannot be charged: this server has no payment gateway")

    async def withdraw(self, charge: Charge) -> ChargeResult:
        del charge
        return ChargeResult(ChargeState.DECLINED)
