"""Ada of each demo account: her ratings are a MovieTweetings user's, and her home has the rows that live on them."""

import asyncpg
import pytest

from bff.auth.demo import DEMO_ACCOUNTS, DemoAccount, seed_demo_accounts
from tests.live import OPERATIONS, Demo

VIEWERS = [account for account in DEMO_ACCOUNTS if account.taste_of is not None]

viewers = pytest.mark.parametrize("account", VIEWERS, ids=lambda account: account.email)


async def read_signal(pool: asyncpg.Pool, profile_id: str) -> dict[str, list[asyncpg.Record]]:
    """Every row of the profile, by table."""
    tables = ("my_list_entry", "title_rating", "watch_progress", "viewing_history")
    return {
        table: await pool.fetch(f"SELECT * FROM {table} WHERE profile_id = $1 ORDER BY title_id", profile_id)  # noqa: S608
        for table in tables
    }


@viewers
async def test_history_and_list_are_the_films_that_her_user_rated(demo: Demo, account: DemoAccount) -> None:
    pool = demo.services.pool
    signal = await read_signal(pool, account.profile_id("Ada"))
    rated = {
        row["title_id"]: row["rated_at"]
        for row in await pool.fetch(
            "SELECT title_id, rated_at FROM movie_rating WHERE user_number = $1", account.taste_of
        )
    }
    watched = {row["title_id"]: row["watched_at"] for row in signal["viewing_history"]}
    listed = {row["title_id"]: row["added_at"] for row in signal["my_list_entry"]}
    assert watched | listed == rated
    assert not watched.keys() & listed.keys()
    assert {row["title_id"]: row["updated_at"] for row in signal["watch_progress"]} == watched
    assert {row["title_id"] for row in signal["title_rating"]} <= watched.keys()


@viewers
async def test_home_has_the_rows_that_live_on_it(demo: Demo, account: DemoAccount) -> None:
    ada = await demo.sign_in(account.email, profileId=account.profile_id("Ada"))
    home = (await ada.fetch(OPERATIONS["home"], rows=40))["home"]
    rows = {edge["node"]["kind"]: edge["node"]["items"]["edges"] for edge in home["rows"]["edges"]}
    assert {"CONTINUE_WATCHING", "MY_LIST", "BECAUSE_YOU_WATCHED", "WATCH_AGAIN"} <= rows.keys()
    assert all(rows.values())
    assert all(0 < edge["node"]["progress"]["fraction"] < 1 for edge in rows["CONTINUE_WATCHING"])
    assert all(edge["node"]["title"]["isInMyList"] for edge in rows["MY_LIST"])


@viewers
async def test_kit_starts_with_nothing(demo: Demo, account: DemoAccount) -> None:
    kit = await read_signal(demo.services.pool, account.profile_id("Kit"))
    assert not any(kit.values())


async def test_a_second_seeding_changes_nothing(demo: Demo) -> None:
    services = demo.services
    profiles = [account.profile_id("Ada") for account in VIEWERS]
    before = [await read_signal(services.pool, profile_id) for profile_id in profiles]
    versions = await services.pool.fetch("SELECT id, state_version FROM profile ORDER BY id")
    told: list[str] = []
    await seed_demo_accounts(services.pool, services.settings, today=services.now().date(), report=told.append)
    assert told == []
    assert [await read_signal(services.pool, profile_id) for profile_id in profiles] == before
    assert await services.pool.fetch("SELECT id, state_version FROM profile ORDER BY id") == versions
