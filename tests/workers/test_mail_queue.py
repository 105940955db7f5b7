"""The queue of mail: what waits for its turn, what is taken by whom, and what is removed."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from bff.domain.mail import MailKind
from bff.stores.mail import (
    LEASE,
    close_mail,
    find_mail_wait,
    put_off_mail,
    queue_mail,
    remove_old_mails,
    take_due_mails,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIGN_IN = {"device": "a TV", "country": "India", "at": "21 November 2026, 12:00 UTC"}
ASKED_FOR, NOTICE = MailKind.RESET_PASSWORD, MailKind.NEW_SIGN_IN


async def queue(
    pool: asyncpg.Pool, kind: MailKind = ASKED_FOR, recipient: str = "ada@example.com", *, now: datetime = NOON
) -> bool:
    details = SIGN_IN if kind is NOTICE else {}
    async with pool.acquire() as connection, connection.transaction():
        return await queue_mail(connection, kind, recipient, now=now, account_id=None, details=details)


async def read_waits(pool: asyncpg.Pool) -> list[int]:
    """Minutes from noon to the first try of each mail, in the order in which they were queued."""
    rows = await pool.fetch("SELECT slot_at FROM mail ORDER BY queued_at, slot_at")
    return [int((row["slot_at"] - NOON).total_seconds() / 60) for row in rows]


async def test_the_fourth_mail_within_an_hour_waits_for_the_hour_to_end(pool: asyncpg.Pool) -> None:
    for minute in (0, 10, 20, 30, 40):
        assert await queue(pool, now=NOON + timedelta(minutes=minute))
    assert await read_waits(pool) == [0, 10, 20, 60, 70]
    assert await queue(pool, recipient="kit@example.com", now=NOON + timedelta(minutes=50))
    assert (await read_waits(pool))[-1] == 50


async def test_notices_leave_room_for_what_was_asked_for(pool: asyncpg.Pool) -> None:
    for minute in (0, 1, 2):
        await queue(pool, NOTICE, now=NOON + timedelta(minutes=minute))
    assert await read_waits(pool) == [0, 1, 60]
    await pool.execute("DELETE FROM mail WHERE slot_at > $1", NOON + timedelta(minutes=30))
    await queue(pool, now=NOON + timedelta(minutes=3))
    assert await read_waits(pool) == [0, 1, 3]


async def test_at_once_is_no_way_round(pool: asyncpg.Pool) -> None:
    await asyncio.gather(*(queue(pool) for _ in range(8)))
    assert await read_waits(pool) == [0, 0, 0, 60, 60, 60, 120, 120]


async def test_what_would_wait_for_more_than_a_day_is_dropped(pool: asyncpg.Pool) -> None:
    queued = [await queue(pool) for _ in range(80)]
    assert queued == [True] * 75 + [False] * 5
    async with pool.acquire() as connection, connection.transaction():
        assert await find_mail_wait(connection, ASKED_FOR, "ada@example.com", NOON) == timedelta(hours=25)


async def test_a_mail_goes_with_the_transaction_that_queued_it(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await queue_mail(connection, ASKED_FOR, "ada@example.com", now=NOON, account_id=None)
        await transaction.rollback()
    assert await read_waits(pool) == []


async def test_a_missing_detail_is_noticed_where_it_is_missing(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(KeyError):
            await queue_mail(connection, NOTICE, "ada@example.com", now=NOON, account_id=None)


async def test_one_worker_takes_a_mail_and_another_where_that_one_died(pool: asyncpg.Pool) -> None:
    await queue(pool, NOTICE)
    assert await take_due_mails(pool, NOON - timedelta(seconds=1), most=5) == []
    taken = await asyncio.gather(*(take_due_mails(pool, NOON, most=5) for _ in range(4)))
    [mail] = [mail for mails in taken for mail in mails]
    assert (mail.kind, mail.recipient, mail.details, mail.tries) == (NOTICE, "ada@example.com", SIGN_IN, 1)
    assert await take_due_mails(pool, NOON + LEASE - timedelta(seconds=1), most=5) == []
    [again] = await take_due_mails(pool, NOON + LEASE, most=5)
    assert (again.id, again.tries) == (mail.id, 2)
    await put_off_mail(pool, mail.id, NOON + timedelta(hours=1))
    assert await take_due_mails(pool, NOON + timedelta(minutes=59), most=5) == []
    await close_mail(pool, mail.id)
    await put_off_mail(pool, mail.id, NOON)
    assert await take_due_mails(pool, NOON + timedelta(days=1), most=5) == []


async def test_a_kind_of_tomorrow_waits_for_a_worker_that_knows_it(pool: asyncpg.Pool) -> None:
    await queue(pool)
    await pool.execute("UPDATE mail SET kind = 'OF_TOMORROW'")
    assert await take_due_mails(pool, NOON, most=5) == []
    assert await queue(pool)


async def test_what_was_sent_stays_while_it_counts_or_its_link_lives(pool: asyncpg.Pool) -> None:
    await queue(pool)
    assert await remove_old_mails(pool, NOON + timedelta(days=4)) == 0
    await pool.execute("UPDATE mail SET due_at = NULL, link_expires_at = $1", NOON + timedelta(hours=2))
    assert await remove_old_mails(pool, NOON + timedelta(minutes=119)) == 0
    assert await remove_old_mails(pool, NOON + timedelta(minutes=121)) == 1


async def test_what_nobody_sends_does_not_pile_up(pool: asyncpg.Pool) -> None:
    await queue(pool)
    assert await remove_old_mails(pool, NOON + timedelta(days=4, minutes=1)) == 1
