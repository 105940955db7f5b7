"""What is measured: the real API over its own engines and the demo catalogue, with many signed-in profiles."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from msgspec import Struct

from bff.auth.demo import seed_demo_accounts
from bff.auth.sessions import open_authority
from bff.auth.tokens import mint_access_token
from bff.catalog.importer import DEMO_FILES, import_catalogue
from bff.domain.accounts import Account, AccountStatus, PlanCode
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating
from bff.embedded import EmbeddedEngines
from bff.settings import Environment, Secret, Settings
from bff.stores.devices import add_implicit_device
from bff.stores.migrate import migrate
from bff.stores.new_accounts import NewAccount, NewProfile, add_accounts
from bff.stores.postgres import open_pool

HOME = (Path(__file__).parents[1] / "tests" / "contract" / "operations" / "home.graphql").read_text()
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TICKS = os.sysconf("SC_CLK_TCK")


class Stage(Struct, frozen=True):
    """`environment` is what a server needs to find the engines; `tokens` belong to a profile each."""

    environment: Mapping[str, str]
    tokens: tuple[str, ...]
    redis_url: str
    profile_ids: tuple[str, ...]


class Server(Struct, frozen=True):
    """A process under load."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """What the process has used so far, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def set_stage(folder: Path, *, profiles: int) -> AsyncIterator[Stage]:
    """Engines, catalogue and accounts; takes some fifteen seconds."""
    async with EmbeddedEngines(folder) as engines:
        settings = Settings(
            env=Environment.DEVELOPMENT,
            database_url=engines.database_url,
            redis_url=engines.redis_url,
            data_dir=folder,
            key_encryption_key=Secret(KEY),
        )
        await migrate(settings.database_url)
        now = datetime.now(UTC)
        async with await open_pool(settings) as pool:
            await import_catalogue(pool, DEMO_FILES, today=now.date(), report=lambda _: None)
            await seed_demo_accounts(pool, settings, today=now.date(), report=lambda _: None)
            accounts = [_make_account(number, now) for number in range(profiles)]
            await add_accounts(pool, accounts)
            async with pool.acquire() as connection:
                devices = [
                    await add_implicit_device(connection, account.account.id, DeviceClass.WEB, now)
                    for account in accounts
                ]
            authority = await open_authority(pool, settings, now)
            tokens = tuple(
                mint_access_token(
                    authority.keys,
                    account_id=account.account.id,
                    profile_id=account.profiles[0].id,
                    family_id=derive_id(IdKind.REFRESH_FAMILY, account.account.id),
                    device_id=device_id,
                    plan=PlanCode.PREMIUM,
                    region="US",
                    permissions=(),
                    now=now,
                    age=3600,
                )[0]
                for account, device_id in zip(accounts, devices, strict=True)
            )
            authority.passwords.close()
        yield Stage(
            environment={
                "BFF_ENV": "production",
                "BFF_DATABASE_URL": settings.database_url,
                "BFF_REDIS_URL": settings.redis_url,
                "BFF_DATA_DIR": str(folder),
                "BFF_KEY_ENCRYPTION_KEY": KEY,
                "BFF_ACCOUNT_RATE": "0",
                "BFF_ADDRESS_RATE": "0",
            },
            tokens=tokens,
            redis_url=settings.redis_url,
            profile_ids=tuple(account.profiles[0].id for account in accounts),
        )


def _make_account(number: int, now: datetime) -> NewAccount:
    name = f"bench-{number}"
    return NewAccount(
        account=Account(
            id=derive_id(IdKind.ACCOUNT, name),
            email=f"{name}@example.com",
            email_verified=True,
            country="US",
            status=AccountStatus.ACTIVE,
            permissions=(),
            created_at=now,
        ),
        password_hash="none",  # noqa: S106 - nobody signs in by it
        profiles=(
            NewProfile(
                id=derive_id(IdKind.PROFILE, name),
                name="Bench",
                avatar="fox",
                is_kids=False,
                language="en",
                maturity_ceiling=MaturityRating.AGE_18,
            ),
        ),
        membership=None,
    )


@contextmanager
def run_server(factory: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """One uvicorn process with the API's own options on a free port, until it answers; ended with the block."""
    port = _find_free_port()
    command = [sys.executable, "-m", "uvicorn", factory, "--factory", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    url = f"http://127.0.0.1:{port}"
    try:
        _await_answer(f"{url}/healthz", process)
        yield Server(url=url, pid=process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=1).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")


async def warm(url: str, tokens: tuple[str, ...]) -> bytes:
    """Ask for every profile's home once, so that all copies are in Redis; answers one home's bytes."""
    content = b""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        for start in range(0, len(tokens), 20):
            answers = await asyncio.gather(
                *(
                    client.post("/graphql", json={"query": HOME}, headers={"Authorization": f"Bearer {token}"})
                    for token in tokens[start : start + 20]
                )
            )
            for answer in answers:
                assert answer.status_code == 200, answer.text[:500]
                assert "errors" not in answer.json(), answer.text[:500]
            content = answers[-1].content
    return content
