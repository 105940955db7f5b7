"""The real app over the demo catalogue, served on loopback, and clients that sign in as anybody.

`demo` is shared by the session; a test that writes does so as an account of its own (`Demo.make_viewer`).
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from asyncpg.connection import LoggedQuery

from bff.app import build_app, open_services
from bff.auth.tokens import mint_access_token
from bff.domain.accounts import Account, AccountStatus, PlanCode, imply_device
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, derive_id
from bff.domain.titles import MaturityRating
from bff.services import Services
from bff.stores.new_accounts import NewAccount, NewMembership, NewProfile, add_accounts
from bff.stores.new_sign_ins import NewSignIn, add_sign_in
from bff.stores.sessions import Family
from tests.engines import Engines
from tests.http_server import serve

OPERATIONS = {
    path.stem: path.read_text() for path in (Path(__file__).parent / "contract" / "operations").glob("*.graphql")
}
_numbers = count(1)


@dataclass
class Clock:
    """The time that the app goes by: the real one, moved by `shift`."""

    shift: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift


@dataclass(frozen=True)
class Answer:
    """One answer of the graph."""

    response: httpx.Response

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.response.json()
        return body

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert "errors" not in self.body, json.dumps(self.body["errors"])[:2000]
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


@dataclass(frozen=True)
class Client:
    """Sends operations with headers of its own: a visitor's, or somebody's with a token."""

    http: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)
    profile_id: str | None = None
    account_id: str | None = None

    def with_headers(self, **headers: str) -> "Client":
        """`X_Device_Class="TV"` names the header X-Device-Class."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})

    async def run(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Answer:
        body = {"query": query, "variables": variables or {}, "operationName": operation}
        return Answer(await self.http.post("/graphql", json=body, headers=self.headers))

    async def fetch(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must bring no error."""
        return (await self.run(query, variables)).data


@dataclass(frozen=True)
class Demo:
    """`statements` grows with every SQL statement that the app sends."""

    url: str
    services: Services
    clock: Clock
    statements: list[str]
    visitor: Client

    async def sign_in(self, email: str, **options: Any) -> Client:
        """A demo account by its password."""
        answer = await self.visitor.run(
            OPERATIONS["account"], {"input": {"email": email, "password": "demo-password", **options}}, "SignIn"
        )
        session = answer.data["login"]
        assert session["__typename"] == "Session", session
        return replace(
            self.visitor,
            headers={"Authorization": f"Bearer {session['accessToken']}"},
            profile_id=session["viewer"]["profile"] and session["viewer"]["profile"]["id"],
            account_id=session["viewer"]["account"]["id"],
        )

    async def make_viewer(
        self,
        *,
        region: str = "US",
        ceiling: MaturityRating = MaturityRating.AGE_18,
        is_kids: bool = False,
        language: str = "en",
        plan: PlanCode = PlanCode.PREMIUM,
    ) -> Client:
        """A new account with one profile, signed in by a token without a password (hashing one takes long)."""
        name = f"viewer-{next(_numbers)}"
        now = self.services.now()
        profile = NewProfile(
            id=derive_id(IdKind.PROFILE, name),
            name="Viewer",
            avatar="fox",
            is_kids=is_kids,
            language=language,
            maturity_ceiling=ceiling,
        )
        account = NewAccount(
            account=Account(
                id=derive_id(IdKind.ACCOUNT, name),
                email=f"{name}@example.com",
                email_verified=True,
                country=region,
                status=AccountStatus.ACTIVE,
                permissions=(),
                created_at=now,
            ),
            password_hash="none",
            profiles=(profile,),
            membership=NewMembership(plan, now, now + timedelta(days=30)),
        )
        await add_accounts(self.services.pool, [account])
        device_id = derive_id(IdKind.DEVICE, name)
        async with self.services.pool.acquire() as connection, connection.transaction():
            family = Family(
                id=derive_id(IdKind.REFRESH_FAMILY, name), account_id=account.account.id, device_id=device_id
            )
            await add_sign_in(
                connection,
                NewSignIn(
                    family=family,
                    implicit=imply_device(device_id, account.account.id, DeviceClass.WEB, now),
                    profile_id=profile.id,
                    token_hash=name.encode(),
                    now=now,
                    expires_at=now + timedelta(days=60),
                ),
            )
        token, _ = mint_access_token(
            self.services.authority.keys,
            account_id=account.account.id,
            profile_id=profile.id,
            family_id=family.id,
            device_id=device_id,
            plan=plan,
            region=region,
            permissions=(),
            now=now,
            age=900,
        )
        return replace(
            self.visitor,
            headers={"Authorization": f"Bearer {token}"},
            profile_id=profile.id,
            account_id=account.account.id,
        )


@asynccontextmanager
async def open_demo(engines: Engines) -> AsyncIterator[Demo]:
    """The app over whatever stands in these engines."""
    clock = Clock()
    statements: list[str] = []

    def note(query: LoggedQuery) -> None:
        statements.append(query.query)

    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(engines.settings, now=clock, on_query=note))
        url = await stack.enter_async_context(serve(build_app(services)))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False))
        yield Demo(url=url, services=services, clock=clock, statements=statements, visitor=Client(http))


@pytest.fixture(scope="session")
async def demo(catalogue_database: Engines) -> AsyncIterator[Demo]:
    async with open_demo(catalogue_database) as opened:
        yield opened


@pytest.fixture(scope="session")
def live_app(demo: Demo) -> str:
    """The base URL of the real app with the demo catalogue."""
    return demo.url
