"""What is measured: the real API over its own engines and the demo catalogue, with many signed-in profiles."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from bff.auth.authority import open_authority
from bff.auth.demo import seed_demo_accounts
from bff.auth.keys import KeyRing
from bff.auth.tokens import mint_access_token
from bff.catalog.importer import DEMO_FILES, import_catalogue
from bff.domain.accounts import Account, AccountStatus, PlanCode, imply_device
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating
from bff.embedded import EmbeddedEngines
from bff.settings import Environment, Secret, Settings
from bff.stores.migrate import migrate
from bff.stores.new_accounts import NewAccount, NewMembership, NewProfile, add_accounts
from bff.stores.new_sign_ins import NewSignIn, add_sign_in
from bff.stores.postgres import open_pool
from bff.stores.sessions import Family

_CONTRACT = Path(__file__).parents[1] / "tests" / "contract" / "operations"
OPERATIONS = tuple(path.read_text() for path in sorted(_CONTRACT.glob("*.graphql")))
HOME = (_CONTRACT / "home.graphql").read_text()
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TICKS = os.sysconf("SC_CLK_TCK")
PROFILES = 1000
VARIANTS = {"graphql-core": {"BFF_COMPILE": "0"}, "compiled": {"BFF_FRAGMENTS": "0"}, "compiled, fragments": {}}
"""What the API is measured as, and the settings that make it so."""


class Stage(Struct, frozen=True):
    """`environment` is what a server needs to find the engines; `tokens` belong to a profile each; `folder` is for
    what a benchmark puts down."""

    folder: Path
    environment: Mapping[str, str]
    tokens: tuple[str, ...]
    redis_url: str
    profile_ids: tuple[str, ...]


class Server(Struct, frozen=True):
    """A process under load, with those that it started."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """What they have used so far, in user and system mode."""
        return sum(map(_read_cpu_seconds, _find_family(self.pid)))

    def resident_bytes(self) -> int:
        """What they hold in memory; pages that they share count for each."""
        return sum(map(_read_resident_bytes, _find_family(self.pid)))


def _find_family(pid: int) -> list[int]:
    children = [
        child for listed in Path(f"/proc/{pid}/task").glob("*/children") for child in listed.read_text().split()
    ]
    return [pid, *(member for child in children for member in _find_family(int(child)))]


def _read_cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _read_resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def set_stage(folder: Path) -> AsyncIterator[Stage]:
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
            accounts = [_make_account(number, now) for number in range(PROFILES)]
            await add_accounts(pool, accounts)
            authority = await open_authority(pool, settings, now)
            async with pool.acquire() as connection:
                tokens = tuple([await _sign_in(connection, authority.keys, account, now) for account in accounts])
            authority.passwords.close()
        yield Stage(
            folder=folder,
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


async def _sign_in(connection: PoolConnectionProxy, keys: KeyRing, new: NewAccount, now: datetime) -> str:
    """Without a password; answers a token for an hour."""
    account_id, profile_id = new.account.id, new.profiles[0].id
    family = Family(
        id=derive_id(IdKind.REFRESH_FAMILY, account_id),
        account_id=account_id,
        device_id=derive_id(IdKind.DEVICE, account_id),
    )
    await add_sign_in(
        connection,
        NewSignIn(
            family=family,
            implicit=imply_device(family.device_id, account_id, DeviceClass.WEB, now),
            profile_id=profile_id,
            token_hash=family.id.encode(),
            now=now,
            expires_at=now + timedelta(days=60),
        ),
    )
    token, _ = mint_access_token(
        keys,
        account_id=account_id,
        profile_id=profile_id,
        family_id=family.id,
        device_id=family.device_id,
        plan=PlanCode.PREMIUM,
        region="US",
        permissions=(),
        now=now,
        age=3600,
    )
    return token


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
        membership=NewMembership(PlanCode.PREMIUM, now, now + timedelta(days=30)),
    )


@contextmanager
def run_api(environment: Mapping[str, str], *, processes: int = 1) -> Iterator[Server]:
    """The product as an operator starts it, on a free port, until it answers; ended with the block."""
    with _run("bff.cli", "serve", "--processes", str(processes), environment=environment) as server:
        yield server


@contextmanager
def run_app(factory: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Any other ASGI app in one process with the API's own protocols."""
    options = ["--http", "bff.http.protocols:HttpProtocol", "--loop", "uvloop", "--no-access-log"]
    with _run("uvicorn", factory, "--factory", *options, environment=environment) as server:
        yield server


@contextmanager
def _run(module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[Server]:
    port = find_free_port()
    command = [sys.executable, "-m", module, *arguments, "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            await_answer(f"{url}/healthz", process)
            yield Server(url=url, pid=process.pid)
        except BaseException:
            log.seek(0)
            sys.stderr.buffer.write(log.read()[-20_000:])
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until what the process serves is no error of its own. Raises RuntimeError where it never comes to that."""
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
