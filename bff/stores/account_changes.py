"""Changes of one account: its address, its password, its country. All take a connection with an open transaction."""

from asyncpg.pool import PoolConnectionProxy

from bff.domain.accounts import AccountStatus
from bff.domain.ids import kind_of


async def is_address_taken(connection: PoolConnectionProxy, email: str) -> bool:
    """Whether an account has this (normalised) address; one that registers at the same time is not seen."""
    return bool(await connection.fetchval("SELECT true FROM account WHERE email = $1", email))


async def set_password(connection: PoolConnectionProxy, account_id: str, password_hash: str) -> None:
    """Of an account that the caller holds and found to be active."""
    await connection.execute("UPDATE account SET password_hash = $2 WHERE id = $1", account_id, password_hash)


async def set_country(connection: PoolConnectionProxy, account_id: str, country: str) -> None:
    await connection.execute("UPDATE account SET country = $2 WHERE id = $1", account_id, country)


async def verify_address(connection: PoolConnectionProxy, account_id: str, address: str) -> str | None:
    """Make an address that of an account which is locked with its own, verified; answers the one before.

    None for an account that is gone. Raises asyncpg.UniqueViolationError where another account has the address.
    """
    before: str | None = await connection.fetchval(
        """UPDATE account SET email = $2, email_verified = true
        FROM (SELECT email FROM account WHERE id = $1) AS held
        WHERE id = $1 AND status <> 'CANCELLED' RETURNING held.email""",
        account_id,
        address,
    )
    return before


async def find_account(connection: PoolConnectionProxy, account_id: str | None, email: str | None) -> str | None:
    """The id of an account that is not gone, by its id or its normalised address."""
    if account_id is not None and kind_of(account_id) is None:
        return None
    found: str | None = await connection.fetchval(
        "SELECT id FROM account WHERE (id = $1 OR email = $2) AND status <> 'CANCELLED'", account_id, email
    )
    return found


async def write_status(connection: PoolConnectionProxy, account_id: str, status: AccountStatus) -> bool:
    """Whether the account is there to have it."""
    written: bool | None = await connection.fetchval(
        "UPDATE account SET status = $2 WHERE id = $1 AND status <> 'CANCELLED' RETURNING true", account_id, status
    )
    return written is not None
