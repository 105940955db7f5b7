"""Mail survives what happens to the worker and to the SMTP server: each mail goes at least once, and says so by its id.

A worker that dies between the server's taking a mail and writing that down has it sent again: the recipient gets the
same mail twice, with the same Message-ID and the same link, which still works once.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from bff.domain.mail import MailKind
from bff.stores.mail import queue_mail
from bff.stores.mail_links import use_link
from bff.stores.postgres import open_pool
from tests.engines import Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, started
from tests.workers.sign_ins import add_account
from tests.workers.smtp import Mailbox, read_token, serving_mail

COMMAND = (sys.executable, "-m", "bff.cli", "worker")


@pytest.fixture
async def pool(database: Engines) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.settings)
    yield pool
    await pool.close()


def name_environment(engines: Engines, smtp_url: str) -> dict[str, str]:
    return {**clean_environment(), **engines.environment, "BFF_SMTP_URL": smtp_url, "BFF_PUBLIC_URL": "https://m.test"}


async def queue_verification(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    account_id = await add_account(pool, now)
    async with pool.acquire() as connection, connection.transaction():
        await queue_mail(connection, MailKind.VERIFY_EMAIL, "ada@example.com", now=now, account_id=account_id)


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the client goes."""
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def wait_for_mail(mailbox: Mailbox, count: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while len(mailbox.mails) < count:  # noqa: ASYNC110 -- another process sends it
            await asyncio.sleep(0.02)


async def test_a_worker_killed_before_it_wrote_down_what_went_has_it_sent_again(
    database: Engines, pool: asyncpg.Pool
) -> None:
    async with serving_mail() as mailbox:
        environment = name_environment(database, mailbox.url)
        async with started(*COMMAND, environment=environment) as worker:
            mailbox.on_taken = worker.kill
            await queue_verification(pool)
            await wait_for_mail(mailbox, 1)
            await worker.wait()
        mailbox.on_taken = None
        assert await pool.fetchval("SELECT count(*) FROM mail WHERE due_at IS NOT NULL") == 1
        await pool.execute("UPDATE mail SET due_at = now()")  # as if the dead worker's lease were over
        async with started(*COMMAND, environment=environment):
            await wait_for_mail(mailbox, 2)
            async with asyncio.timeout(DEADLINE):
                while await pool.fetchval("SELECT count(*) FROM mail WHERE due_at IS NOT NULL"):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    token = read_token(first)
    assert token == read_token(second)
    async with pool.acquire() as connection:
        assert await use_link(connection, MailKind.VERIFY_EMAIL, token, datetime.now(UTC))
        assert await use_link(connection, MailKind.VERIFY_EMAIL, token, datetime.now(UTC)) is None


async def test_mail_waits_for_a_server_that_is_down_and_no_token_is_logged(
    database: Engines, pool: asyncpg.Pool
) -> None:
    async with serving_mail() as gone:
        environment = name_environment(database, gone.url)
    async with started(*COMMAND, environment=environment) as worker:
        await queue_verification(pool)
        said = b""
        async with asyncio.timeout(DEADLINE):
            while b"could not be sent" not in said:
                said += await worker.stderr.readline()
        async with serving_mail(gone.port) as mailbox:
            await pool.execute("UPDATE mail SET due_at = now()")
            await wait_for_mail(mailbox, 1)
        worker.terminate()
        output, errors = await asyncio.wait_for(worker.communicate(), DEADLINE)
    said += output + errors
    assert b"Traceback" not in said
    assert b"ada@example.com" not in said
    assert read_token(mailbox.mails[0]).encode() not in said


async def test_a_server_that_stands_still_holds_nothing_else_up(database: Engines, pool: asyncpg.Pool) -> None:
    """It takes connections and never says a word; meanwhile the outbox is delivered and the worker ends in time."""
    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with started(*COMMAND, environment=name_environment(database, f"smtp://127.0.0.1:{port}")) as worker:
        await queue_verification(pool)
        async with asyncio.timeout(DEADLINE):
            while not await pool.fetchval("SELECT count(*) FROM mail WHERE tries = 1"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await pool.execute("INSERT INTO outbox (topic, key, payload) VALUES ('profile', 'pro_gone', '{}')")
            while await pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 -- another process empties it
                await asyncio.sleep(0.02)
        worker.terminate()
        output, errors = await asyncio.wait_for(worker.communicate(), DEADLINE)
        assert worker.returncode == 0
    assert b"Traceback" not in output + errors
    silent.close()
    await silent.wait_closed()
    assert await pool.fetchval("SELECT count(*) FROM mail WHERE due_at IS NOT NULL") == 1
