"""An account that nobody can sign in to, sign-ins of it that began, ended and expired when a test says so, and
playback sessions."""

from datetime import UTC, datetime, timedelta

import asyncpg

from bff.domain.accounts import Account, AccountStatus, imply_device
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, random_id
from bff.stores import new_sign_ins
from bff.stores.ended_sign_ins import end_sign_ins
from bff.stores.new_accounts import NewAccount, add_accounts
from bff.stores.new_sign_ins import NewSignIn
from bff.stores.sessions import Family


async def add_account(pool: asyncpg.Pool, now: datetime) -> str:
    """An account without profile and membership; answers its id."""
    account_id = random_id(IdKind.ACCOUNT)
    account = Account(
        id=account_id,
        email=f"{account_id}@example.com",
        email_verified=True,
        country="US",
        status=AccountStatus.ACTIVE,
        permissions=(),
        created_at=now,
    )
    await add_accounts(pool, [NewAccount(account=account, password_hash="none", profiles=(), membership=None)])
    return account_id


async def add_sign_in(
    pool: asyncpg.Pool, account_id: str, *, expires_at: datetime, revoked_at: datetime | None = None
) -> str:
    """A sign-in of 60 days, with one token, on a device of its own; answers the family's id."""
    family = Family(id=random_id(IdKind.REFRESH_FAMILY), account_id=account_id, device_id=random_id(IdKind.DEVICE))
    began_at = expires_at - timedelta(days=60)
    async with pool.acquire() as connection, connection.transaction():
        await new_sign_ins.add_sign_in(
            connection,
            NewSignIn(
                family=family,
                implicit=imply_device(family.device_id, account_id, DeviceClass.WEB, began_at),
                profile_id=None,
                token_hash=family.id.encode(),
                now=began_at,
                expires_at=expires_at,
            ),
        )
        if revoked_at is not None:
            await end_sign_ins(connection, account_id, revoked_at, family_id=family.id)
    return family.id


BEGIN = """INSERT INTO playback_session (
        id, account_id, profile_id, device_id, family_id, playable_id, title_id, region, document, position,
        started_at, expires_at)
    SELECT 'ses_' || number, $1, $2, 'dev', 'fam', 'tit', 'tit', 'US', '{}', 0, $3, $4
    FROM generate_series(1, $5::int) AS number"""


async def begin_many(pool: asyncpg.Pool, count: int, expires_at: datetime) -> None:
    """Playback sessions of a sign-in that is gone."""
    account_id, profile_id = await add_account(pool, datetime.now(UTC)), random_id(IdKind.PROFILE)
    await pool.execute(
        """INSERT INTO profile (id, account_id, name, avatar, is_kids, language, maturity_ceiling, position)
        VALUES ($1, $2, 'Viewer', 'fox', false, 'en', 18, 0)""",
        profile_id,
        account_id,
    )
    await pool.execute(BEGIN, account_id, profile_id, expires_at - timedelta(hours=1), expires_at, count)
