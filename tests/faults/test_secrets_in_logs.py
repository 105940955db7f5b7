"""A whole life of an account against `bff serve` and `bff worker` as in production: neither logs nor tables have a
secret of it in clear, not even where something goes wrong inside; nor have logs the tokens that stand in addresses."""

import asyncio
import json
import sys
from asyncio.subprocess import Process
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from bff.auth.media_tokens import MediaTokens, media_claims
from bff.auth.upload_tokens import UploadTokens
from bff.domain.video import Quality
from bff.settings import Settings
from bff.stores.postgres import open_pool
from bff.stores.title_cards import rebuild_cards
from tests.api.account_holder import (
    ASK,
    CHANGE,
    DELETE,
    LOGIN,
    LOGIN_SESSION,
    REFRESH,
    REGISTER,
    RESET,
    UPDATE,
    VERIFY,
)
from tests.engines import Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, started
from tests.media.workshop import add_film
from tests.workers.smtp import Mailbox, read_token, serving_mail

COMMAND = (sys.executable, "-m", "bff.cli")
FIRST, SECOND, THIRD, WRONG = "first of passwords", "second of passwords", "third of passwords", "wrong of passwords"
PIN, WRONG_PIN, CARD = "97531864", "86421357", "card of secrets"
SET_PIN = """mutation ($id: ID!, $password: String!, $pin: String) {
    setPin(profileId: $id, password: $password, pin: $pin) { __typename } }"""
SWITCH = f"mutation ($id: ID!, $pin: String) {{ switchProfile(profileId: $id, pin: $pin) {{ {LOGIN_SESSION} }} }}"
START = """mutation ($card: String!) {
    startMembership(input: {plan: BASIC, paymentToken: $card}) { __typename } }"""
LOGOUT = "mutation { logout }"
EMAIL, NEXT_EMAIL = "ada@example.com", "kit@example.com"
CONFIRM = "Confirm your e-mail address"


class Life:
    """Sends operations, and remembers every secret that went to and fro."""

    def __init__(self, http: httpx.AsyncClient, mailbox: Mailbox) -> None:
        self._http = http
        self._mailbox = mailbox
        self._token = ""
        self._profile_id = ""
        self.secrets = {FIRST, SECOND, THIRD, WRONG, PIN, WRONG_PIN, CARD}

    async def send(self, text: str, **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        response = await self._http.post("/graphql", json={"query": text, "variables": variables}, headers=headers)
        return dict(response.json())

    async def enter(self, text: str, **variables: Any) -> str:
        """Go on with the session that an operation brings; answers its refresh token."""
        [session] = (await self.send(text, **variables))["data"].values()
        assert session["__typename"] == "Session", session
        self._token, self._profile_id = session["accessToken"], session["viewer"]["profile"]["id"]
        self.secrets |= {session["accessToken"], session["refreshToken"]}
        return str(session["refreshToken"])

    def leave(self) -> None:
        self._token = ""

    async def read_mail(self, to: str, subject: str) -> str:
        """The token of a mail, which another process sends."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for mail in self._mailbox.mails:
                    if (mail["To"], mail["Subject"]) == (to, subject):
                        token = read_token(mail)
                        self.secrets.add(token)
                        return token
                await asyncio.sleep(0.05)

    async def live(self, pool: asyncpg.Pool) -> None:
        """Registers, changes everything, fails at everything, and is deleted."""
        new = {"email": EMAIL, "password": FIRST, "country": "US", "name": "Ada"}
        await pool.execute("ALTER TABLE mail RENAME TO away")
        assert (await self.send(REGISTER, input=new))["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        await pool.execute("ALTER TABLE away RENAME TO mail")
        refresh_token = await self.enter(REGISTER, input=new)
        await self.send(REGISTER, input=new)
        await self.send(VERIFY, token=await self.read_mail(EMAIL, CONFIRM))
        await self.send(DELETE, password=WRONG)
        await self.send(CHANGE, current=WRONG, new=SECOND)
        await self.enter(CHANGE, current=FIRST, new=SECOND)
        await self.lock_the_profile()
        self.leave()
        await self.send(REFRESH, token=refresh_token)
        await self.enter(REFRESH, token=await self.enter(LOGIN, input={"email": EMAIL, "password": SECOND}))
        await self.send(UPDATE, input={"email": NEXT_EMAIL, "password": SECOND})
        await self.send(VERIFY, token=await self.read_mail(NEXT_EMAIL, CONFIRM))
        self.leave()
        await self.send(LOGIN, input={"email": NEXT_EMAIL, "password": WRONG})
        await self.send(ASK, email=NEXT_EMAIL)
        token = await self.read_mail(NEXT_EMAIL, "Choose a new password")
        await self.send(RESET, token=token, password="short")
        await self.enter(RESET, token=token, password=THIRD)
        await self.send(LOGOUT)
        self.leave()
        await self.send(RESET, token=token, password=THIRD)
        await self.enter(LOGIN, input={"email": NEXT_EMAIL, "password": THIRD})
        await self.send('mutation { login(input: {email: "x", password: "wrong of passwords"}) { nothing } }')

    async def lock_the_profile(self) -> None:
        """And fail to open it and to pay, as far as that goes; then it is open again."""
        given = {"id": self._profile_id, "password": SECOND}
        assert (await self.send(SET_PIN, **given, pin=PIN))["data"]["setPin"]["__typename"] == "Profile"
        assert await self.count_failures(SWITCH, id=self._profile_id, pin=WRONG_PIN) == 0
        await self.enter(SWITCH, id=self._profile_id, pin=PIN)
        assert await self.count_failures(START, card=CARD) == 1
        assert await self.count_failures(SET_PIN, **given, pin=CARD) == 0
        await self.send(SET_PIN, **given, pin=None)

    async def count_failures(self, text: str, **variables: Any) -> int:
        return len((await self.send(text, **variables)).get("errors", ()))

    async def walk_addresses(self, pool: asyncpg.Pool, settings: Settings, title_id: str) -> list[int]:
        """Ask for what tokens in paths let in, while the tables behind it are away; answers the statuses."""
        now = datetime.now(UTC)
        claims = media_claims(
            session_id="ses_none",
            account_id="acc_none",
            family_id="fam_none",
            title_id=title_id,
            asset_id="ast_none",
            region="US",
            max_quality=Quality.P1080,
            now=now,
            age=timedelta(hours=1),
        )
        media = MediaTokens(settings.key_encryption_key).mint(claims)
        upload = UploadTokens(settings.key_encryption_key).mint("upl_none", now + timedelta(hours=1))
        self.secrets |= {media, upload}
        await pool.execute("ALTER TABLE playback_session RENAME TO sessions_away")
        await pool.execute("ALTER TABLE upload RENAME TO uploads_away")
        once = {"Connection": "close"}  # what fails inside ends the connection, too
        answers = [
            await self._http.get(f"/media/{media}/manifest.mpd", headers=once),
            await self._http.get(f"/media/{media}x/manifest.mpd", headers=once),
            await self._http.post(f"/drm/clearkey/{media}", content=b"no challenge", headers=once),
            await self._http.put(f"/uploads/{upload}/1", content=b"part", headers=once),
        ]
        await pool.execute("ALTER TABLE sessions_away RENAME TO playback_session")
        await pool.execute("ALTER TABLE uploads_away RENAME TO upload")
        return [answer.status_code for answer in answers]


async def add_open_film(pool: asyncpg.Pool) -> str:
    title_id = await add_film(pool, "film")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO licence_window (title_id, region, opens) VALUES ($1, 'US', now() - interval '1 day')", title_id
        )
        await rebuild_cards(connection, [title_id])
    return title_id


async def find_secrets(pool: asyncpg.Pool, secrets: set[str]) -> list[str]:
    """Tables that have a secret anywhere."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [
        row["tablename"]
        for row in tables
        if await pool.fetchval(
            f'SELECT count(*) FROM "{row["tablename"]}" AS t, unnest($1::text[]) AS secret '  # noqa: S608
            "WHERE strpos(t::text, secret) > 0",
            sorted(secrets),
        )
    ]


async def find_url(process: Process) -> tuple[str, bytes]:
    """Where the API listens, and what it said up to then."""
    said = b""
    async with asyncio.timeout(DEADLINE):
        while b"running on" not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line
    message = json.loads(said.splitlines()[-1])["message"]
    return next(word for word in message.split() if word.startswith("http://")), said


async def end(process: Process) -> bytes:
    process.terminate()
    output, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    return output + errors


async def test_a_whole_life_leaves_no_secret_in_logs_or_tables(database: Engines) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(database.settings))
        film = await add_open_film(pool)
        mailbox = await stack.enter_async_context(serving_mail())
        environment = {
            **clean_environment(),
            **database.environment,
            "BFF_ENV": "production",
            "BFF_PUBLIC_URL": "https://m.test",
            "BFF_SMTP_URL": mailbox.url,
        }
        api = await stack.enter_async_context(started(*COMMAND, "serve", "--port", "0", environment=environment))
        worker = await stack.enter_async_context(started(*COMMAND, "worker", environment=environment))
        url, said = await find_url(api)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30, trust_env=False))
        life = Life(http, mailbox)
        await life.live(pool)
        statuses = await life.walk_addresses(pool, database.settings, film)
        assert len(life.secrets) > 20
        assert await find_secrets(pool, life.secrets) == []
        assert await find_secrets(pool, {NEXT_EMAIL}) == ["account", "mail"]
        await life.send(DELETE, password=THIRD)
        said += await end(api) + await end(worker)
    assert statuses == [500, 403, 400, 500]
    assert said.count(b"UndefinedTableError") > 2
    assert [secret for secret in life.secrets if secret.encode() in said] == []
    # Nor cut in two by a line's end, or quoted.
    assert b"of passwords" not in said
    assert b"of secrets" not in said
