"""The clock is moved over two years of renewals; `make proof` does the same with many more members."""

import logging

import asyncpg
import pytest

from tests.workers.billing_years import live


async def test_two_years_of_memberships_add_up(pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture) -> None:
    await live(pool, members=10, workers=3, seed=1)
    assert [record.message for record in caplog.records if record.levelno > logging.WARNING] == []
    statuses = {
        row["status"]: row["count"] for row in await pool.fetch("SELECT status, count(*) FROM invoice GROUP BY 1")
    }
    assert statuses["PAID"] > 150
    assert statuses["VOID"] > 0
    kinds = {row["kind"] for row in await pool.fetch("SELECT DISTINCT kind FROM invoice WHERE status = 'PAID'")}
    assert kinds == {"START", "RENEWAL", "UPGRADE"}
