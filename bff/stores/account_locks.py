"""Keeps changes of one account from waiting for each other in a ring.

Locks are taken in one order: the account, its sign-ins by id, its profiles and devices, its mail. Whoever changes more
than one row of these has the account first; nobody signs in to it or moves a sign-in while that is held. A single
sign-in may be locked alone by whoever asks for nothing of its account after that, as a refresh does.
"""

from asyncpg.pool import PoolConnectionProxy

from bff.errors import Unauthenticated
from bff.stores.accounts import Credentials

_LOCK = "SELECT true FROM account WHERE id = $1 AND status <> 'CANCELLED' FOR NO KEY UPDATE"
_LOCK_WITH_ADDRESS = "SELECT true FROM account WHERE id = $1 AND status <> 'CANCELLED' FOR UPDATE"


async def lock_account(connection: PoolConnectionProxy, account_id: str, *, with_address: bool = False) -> bool:
    """The account until the transaction ends; False for one that is gone.

    Whoever may change its address says so: that takes a stronger lock, which must not be asked for later on.
    """
    held: bool | None = await connection.fetchval(_LOCK_WITH_ADDRESS if with_address else _LOCK, account_id)
    return held is not None


async def lock_confirmed(
    connection: PoolConnectionProxy, confirmed: Credentials, *, with_address: bool = False
) -> None:
    """The same, for who acts upon a password that was checked: that takes a while, and it may have changed meanwhile.

    Raises Unauthenticated where it has, or the account is not active any more.
    """
    await lock_account(connection, confirmed.account_id, with_address=with_address)
    await check_confirmed(connection, confirmed)


async def check_confirmed(connection: PoolConnectionProxy, confirmed: Credentials) -> None:
    """Like `lock_confirmed`, for a change that may as well have come before that of the password."""
    if not await connection.fetchval(
        "SELECT true FROM account WHERE id = $1 AND password_hash = $2 AND status = 'ACTIVE'",
        confirmed.account_id,
        confirmed.password_hash,
    ):
        raise Unauthenticated("This sign-in has ended meanwhile: sign in again with `login`.")
