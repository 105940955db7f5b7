"""Adding accounts whole: the account, its profiles and its membership in one transaction."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.domain.accounts import Account, MembershipStatus, PlanCode
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating


class NewProfile(Struct, frozen=True, kw_only=True):
    """A profile in its place among those of the account."""

    id: str
    name: str
    avatar: str
    is_kids: bool
    language: str
    maturity_ceiling: MaturityRating
    pin_hash: str | None = None

    def __repr__(self) -> str:
        return f"NewProfile({self.id!r}, …)"


class NewMembership(Struct, frozen=True):
    """A membership that is paid for until `renews_at`.

    With `period_start`, the beginning of the present period, there were others before, counted from `started_at`.
    """

    plan: PlanCode
    started_at: datetime
    renews_at: datetime
    period_start: datetime | None = None


class NewAccount(Struct, frozen=True, kw_only=True):
    account: Account
    password_hash: str
    profiles: tuple[NewProfile, ...]
    membership: NewMembership | None

    def __repr__(self) -> str:
        return f"NewAccount({self.account!r}, …)"


async def find_accounts(pool: asyncpg.Pool, account_ids: Sequence[str]) -> frozenset[str]:
    """Those of the ids that are accounts."""
    rows = await pool.fetch("SELECT id FROM account WHERE id = ANY($1::text[])", list(account_ids))
    return frozenset(row["id"] for row in rows)


async def add_accounts(pool: asyncpg.Pool, accounts: Sequence[NewAccount]) -> frozenset[str]:
    """Add the accounts, all or none, but for those whose id or address is taken; answers the ids of the new ones."""
    added = set()
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        for new in accounts:
            if await add_account(connection, new):
                added.add(new.account.id)
    return frozenset(added)


async def add_account(connection: PoolConnectionProxy, new: NewAccount) -> bool:
    """Within an open transaction; False, and nothing is changed, where its id or address is taken."""
    account = new.account
    is_new = await connection.fetchval(
        """INSERT INTO account
            (id, email, email_verified, password_hash, country, status, permissions, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true""",
        account.id,
        account.email,
        account.email_verified,
        new.password_hash,
        account.country,
        account.status.value,
        list(account.permissions),
        account.created_at,
    )
    if not is_new:
        return False
    await insert_profiles(connection, account.id, new.profiles, 1)
    if new.membership is not None:
        await connection.execute(
            """INSERT INTO membership (id, account_id, plan, status, started_at, renews_at, period_start,
                anchor_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
            derive_id(IdKind.MEMBERSHIP, account.id),
            account.id,
            new.membership.plan.value,
            MembershipStatus.ACTIVE.value,
            new.membership.started_at,
            new.membership.renews_at,
            new.membership.period_start,
            new.membership.started_at if new.membership.period_start is not None else None,
        )
    return True


async def insert_profiles(
    connection: PoolConnectionProxy, account_id: str, profiles: Sequence[NewProfile], first_position: int
) -> None:
    """Within an open transaction; how many an account may have is the caller's concern."""
    await connection.executemany(
        """INSERT INTO profile (id, account_id, position, name, avatar, is_kids, language, maturity_ceiling, pin_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        [
            (
                profile.id,
                account_id,
                position,
                profile.name,
                profile.avatar,
                profile.is_kids,
                profile.language,
                profile.maturity_ceiling.value,
                profile.pin_hash,
            )
            for position, profile in enumerate(profiles, first_position)
        ],
    )
