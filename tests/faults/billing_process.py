"""A process that dies while the gateway is asked: `start` or `renew`, `before` or `after` it has charged.

Arguments: what it does, when it dies, the account, and the URL of the database.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bff.billing.memberships import start_membership
from bff.billing.payments import Billing
from bff.billing.renewals import renew_memberships
from bff.domain.accounts import PlanCode
from bff.settings import Secret, Settings
from bff.stores.gateway import Charge, ChargeResult
from bff.stores.local_gateway import LocalGateway
from bff.stores.postgres import open_pool


class DeadlyGateway:
    def __init__(self, gateway: LocalGateway, dies: str) -> None:
        self._gateway = gateway
        self._dies = dies

    async def charge(self, charge: Charge) -> ChargeResult:
        if self._dies == "after":
            await self._gateway.charge(charge)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a killed process goes on")

    async def withdraw(self, charge: Charge) -> ChargeResult:
        return await self._gateway.withdraw(charge)


async def main(does: str, dies: str, account_id: str, database_url: str) -> None:
    settings = Settings(
        database_url=Secret(database_url), redis_url=Secret(""), data_dir=Path(), key_encryption_key=Secret("")
    )
    async with await open_pool(settings) as pool:
        billing = Billing(pool, DeadlyGateway(LocalGateway(pool), dies))
        now = datetime.now(UTC)
        if does == "start":
            await start_membership(billing, account_id, plan=PlanCode.BASIC, token="card", key="tap", now=now)
        else:
            await renew_memberships(billing, now)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
