"""What ends a playback in one process takes its media and its licences away in another, by itself."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest

from bff.auth.demo import seed_plans
from bff.domain.ids import IdKind, derive_id
from bff.domain.playback import GRACE
from bff.domain.title_changes import LONGEST_FILM
from bff.domain.titles import MaturityRating, MovieCard
from bff.domain.video import KeyLabel, Quality
from bff.stores.account_removal import close_account
from bff.stores.accounts import read_credentials
from bff.stores.content_keys import make_content_keys
from bff.stores.ended_playback import KEPT, EndedSessions
from bff.stores.endings import INTERVAL
from bff.stores.new_accounts import NewProfile
from bff.stores.objects import open_objects
from bff.stores.profiles import add_profile, remove_profile
from bff.stores.title_cards import rebuild_cards
from tests.engines import KEY_ENCRYPTION_KEY, Engines
from tests.faults.dev_process import clean_environment
from tests.faults.processes import DEADLINE, started
from tests.live import Client, Demo, open_demo
from tests.media.screening import add_screened_films, make_video, start
from tests.ws.test_ws_processes import serving
from workers.playback import SWEEP_EVERY

ASSET = "ast_shared"
SEGMENT = "h264-240/00001.m4s"
PROMISED = 5.0
"""Seconds."""
_QUEUE_IS_READ_EVERY = 0.5
End = Callable[[Demo, Client, str], Awaitable[object]]


def test_looks_are_frequent_enough_for_what_is_promised() -> None:
    assert SWEEP_EVERY + _QUEUE_IS_READ_EVERY + INTERVAL < PROMISED


def test_an_ending_is_remembered_for_longer_than_the_token_of_the_longest_film() -> None:
    assert timedelta(seconds=LONGEST_FILM) + GRACE < timedelta(seconds=KEPT)


async def stop(demo: Demo, client: Client, session_id: str) -> None:
    await client.fetch("mutation ($id: ID!) { stopPlayback(sessionId: $id) { __typename } }", id=session_id)


async def sign_out(demo: Demo, client: Client, session_id: str) -> None:
    await client.fetch("mutation { logout }")


async def lower_ceiling(demo: Demo, client: Client, session_id: str) -> None:
    lower = "mutation ($id: ID!) { updateProfile(profileId: $id, input: {maturityCeiling: AGE_7}) { __typename } }"
    await client.fetch(lower, id=client.profile_id)


async def remove_device(demo: Demo, client: Client, session_id: str) -> None:
    """One that plays, and that no sign-in is bound to any more."""
    here = "mutation { registerDevice(input: {class: TV}) { id } }"
    await client.fetch(here)
    device_id = await demo.services.pool.fetchval("SELECT device_id FROM playback_session WHERE id = $1", session_id)
    await client.fetch("mutation ($id: ID!) { removeDevice(deviceId: $id) { __typename } }", id=device_id)


async def remove_viewers_profile(demo: Demo, client: Client, session_id: str) -> None:
    """By another sign-in, which leaves that of the session as it is."""
    other = NewProfile(
        id=derive_id(IdKind.PROFILE, session_id), name="Other", avatar="fox", is_kids=False, language="en",
        maturity_ceiling=MaturityRating.AGE_18,
    )  # fmt: skip
    pool, now = demo.services.pool, demo.services.now()
    await add_profile(pool, str(client.account_id), other)
    confirmed = await read_credentials(pool, str(client.account_id))
    assert confirmed is not None
    await remove_profile(pool, confirmed, str(client.profile_id), "fam_other", now)
    assert await pool.fetchval("SELECT count(*) FROM playback_session WHERE id = $1", session_id) == 0


async def close(demo: Demo, client: Client, session_id: str) -> None:
    async with demo.services.pool.acquire() as connection, connection.transaction():
        await close_account(connection, str(client.account_id), demo.services.now())


def change(statement: str) -> End:
    """As another process or an operator does; $1 is the account."""

    async def end(demo: Demo, client: Client, session_id: str) -> None:
        await demo.services.pool.execute(statement, client.account_id)

    return end


ENDINGS: dict[str, End] = {
    "stopped": stop,
    "signed out": sign_out,
    "sign-in over": change("UPDATE session_family SET expires_at = now() WHERE account_id = $1"),
    "device removed": remove_device,
    "membership ended": change("UPDATE membership SET status = 'ENDED' WHERE account_id = $1"),
    "payment failed": change("UPDATE membership SET status = 'PAST_DUE' WHERE account_id = $1"),
    "membership run out": change("UPDATE membership SET ends_at = now() WHERE account_id = $1"),
    "suspended": change("UPDATE account SET status = 'SUSPENDED' WHERE id = $1"),
    "ceiling lowered": lower_ceiling,
    "profile removed": remove_viewers_profile,
    "account closed": close,
}
ON_TITLES = {
    "withdrawn": "UPDATE title SET is_hidden = true WHERE id = $1",
    "window closed": "UPDATE licence_window SET closes = now() WHERE title_id = $1",
    "another rating": "UPDATE title SET maturity = 18 WHERE id = $1",
}


@pytest.fixture
async def films(database: Engines) -> AsyncIterator[tuple[Demo, dict[str, MovieCard]]]:
    """The first process, and a film that lasts for each way to end one."""
    async with open_demo(database) as demo:
        pool = demo.services.pool
        await seed_plans(pool)
        video = make_video(ASSET, Quality.P240, is_encrypted=True)
        cards = await add_screened_films(demo, ["stays", *ON_TITLES], video)
        async with pool.acquire() as connection, connection.transaction():
            await make_content_keys(connection, KEY_ENCRYPTION_KEY, ASSET, [KeyLabel.SD, KeyLabel.AUDIO])
        await open_objects(demo.services.settings).write(f"media/{ASSET}/{SEGMENT}", b"a segment")
        yield demo, cards


async def test_what_ends_a_playback_is_heard_of_in_another_process(
    database: Engines, films: tuple[Demo, dict[str, MovieCard]]
) -> None:
    demo, cards = films
    environment = {**clean_environment(), **database.environment}
    async with AsyncExitStack() as stack:
        worker = (sys.executable, "-m", "bff.cli", "worker")
        await stack.enter_async_context(started(*worker, environment=environment))
        other = await stack.enter_async_context(serving(database))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=other.url, timeout=20, trust_env=False))

        async def answer(session: dict) -> tuple[int, int]:
            """Of a segment, and of a licence that asks for no key there is."""
            base = session["dashUrl"].removesuffix("/manifest.mpd")
            segment = await http.get(f"{base}/{SEGMENT}")
            licence = await http.post(session["drm"][0]["licenseUrl"], content=b"no challenge")
            return segment.status_code, licence.status_code

        viewers, sessions = {}, {}
        for name in ("goes on", *ENDINGS, *ON_TITLES):
            viewers[name] = await demo.make_viewer(ceiling=MaturityRating.AGE_16)
            sessions[name] = await start(viewers[name], cards.get(name, cards["stays"]))
            assert await answer(sessions[name]) == (200, 400), name

        for name, end in ENDINGS.items():
            await end(demo, viewers[name], sessions[name]["id"])
        for name, statement in ON_TITLES.items():
            async with demo.services.pool.acquire() as connection, connection.transaction():
                await connection.execute(statement, cards[name].id)
                await rebuild_cards(connection, [cards[name].id])
        waiting = {*sessions} - {"goes on"}
        async with asyncio.timeout(DEADLINE):
            while waiting:
                waiting = {name for name in waiting if await answer(sessions[name]) != (403, 403)}
                await asyncio.sleep(0.05)
        assert await answer(sessions["goes on"]) == (200, 400)
    late = EndedSessions()
    await late.catch_up(demo.services.pool, seconds=KEPT)
    assert sessions["profile removed"]["id"] in late, "one that starts only now hears of it, too"
