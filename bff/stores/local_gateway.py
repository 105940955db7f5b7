"""A payment gateway on the machine itself, for development: it decides by the token, and takes nobody's money.

It stands for somebody else's house: what it remembers is written outside of our transactions.
"""

import secrets
from collections.abc import Callable

import asyncpg
from msgspec import Struct

from bff.domain.accounts import Money
from bff.settings import Settings
from bff.stores.gateway import Charge, ChargeResult, ChargeState, GatewayAway, NoGateway, PaymentGateway
from bff.stores.postgres import is_away

BANK_PATH = "/bank"

Decide = Callable[[Charge], ChargeState]


class Challenge(Struct, frozen=True):
    """What the bank asks the card holder, while `state` is ACTION_REQUIRED."""

    total: Money
    state: ChargeState


def open_gateway(settings: Settings, pool: asyncpg.Pool) -> PaymentGateway:
    """The local one in development; else none, and nobody can pay."""
    if settings.is_development:
        return LocalGateway(pool, bank_url=settings.public_url.rstrip("/") + BANK_PATH)
    return NoGateway()


def decide_by_token(charge: Charge) -> ChargeState:
    """`decline` is declined, `challenge` asks the card holder, `decline-later` can be stored but never charged.

    Any other token is good.
    """
    match charge.token:
        case "decline":
            return ChargeState.DECLINED
        case "decline-later" if charge.total.amount:
            return ChargeState.DECLINED
        case "challenge" if charge.is_holder_present:
            return ChargeState.ACTION_REQUIRED
    return ChargeState.SUCCEEDED


class LocalGateway:
    """Implements `PaymentGateway`; its bank asks at `bank_url/<challenge>`."""

    def __init__(self, pool: asyncpg.Pool, *, bank_url: str = BANK_PATH, decide: Decide = decide_by_token) -> None:
        self._pool = pool
        self._bank_url = bank_url
        self._decide = decide

    async def charge(self, charge: Charge) -> ChargeResult:
        """Raises ValueError for another sum under a key that was used."""
        return await self._note(
            charge,
            self._decide(charge),
            """INSERT INTO local_charge (key, amount, currency, state, challenge) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (key) DO UPDATE SET key = excluded.key
            RETURNING amount, currency, state, challenge""",
        )

    async def withdraw(self, charge: Charge) -> ChargeResult:
        """Raises ValueError for another sum under a key that was used."""
        return await self._note(
            charge,
            ChargeState.DECLINED,
            """INSERT INTO local_charge (key, amount, currency, state, challenge) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (key) DO UPDATE SET state = CASE local_charge.state
                WHEN 'ACTION_REQUIRED' THEN excluded.state ELSE local_charge.state END
            RETURNING amount, currency, state, challenge""",
        )

    async def find_challenge(self, challenge: str) -> Challenge | None:
        row = await self._pool.fetchrow(
            "SELECT amount, currency, state FROM local_charge WHERE challenge = $1", challenge
        )
        return Challenge(Money(row["amount"], row["currency"]), ChargeState(row["state"])) if row else None

    async def answer_challenge(self, challenge: str, *, is_approved: bool) -> None:
        """The card holder's word; the first one counts."""
        await self._pool.execute(
            "UPDATE local_charge SET state = $2 WHERE challenge = $1 AND state = 'ACTION_REQUIRED'",
            challenge,
            ChargeState.SUCCEEDED if is_approved else ChargeState.DECLINED,
        )

    async def _note(self, charge: Charge, state: ChargeState, statement: str) -> ChargeResult:
        total = charge.total
        try:
            row = await self._pool.fetchrow(
                statement, charge.key, total.amount, total.currency, state.value, secrets.token_urlsafe(18)
            )
        except Exception as error:
            if is_away(error):
                raise GatewayAway(f"{charge.key}: {type(error).__name__}") from error
            raise
        if row is None or (row["amount"], row["currency"]) != (total.amount, total.currency):
            raise ValueError(f"{charge.key} was used for another sum")
        held = ChargeState(row["state"])
        is_asked = held is ChargeState.ACTION_REQUIRED
        return ChargeResult(held, f"{self._bank_url}/{row['challenge']}" if is_asked else None)
