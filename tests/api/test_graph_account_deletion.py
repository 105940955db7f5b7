"""A deleted account is gone at once for whoever used it, and soon from every table and from Redis."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from bff.domain.ids import IdKind, random_id
from bff.domain.uploads import Upload, UploadState
from bff.settings import Secret
from bff.stores import keys
from bff.stores.account_removal import GRACE, remove_closed_accounts
from bff.stores.mail import remove_old_mails
from bff.stores.redis import DocumentCache, RedisAway, open_redis
from bff.stores.uploads import add_upload
from tests.api.account_holder import (
    ASK,
    DELETE,
    LOGIN,
    ME,
    PASSWORD,
    REFRESH,
    Holder,
    carry,
    deliver,
    new_address,
    register,
    try_to_register,
)
from tests.live import Client, Demo
from tests.profile_rows import add_progress, add_sitting

HOME = "{ home { id rows(first: 3) { edges { node { id items(first: 3) { edges { node { title { id } } } } } } } } }"
FILL = """mutation ($id: ID!, $token: String!) {
    startMembership(input: {plan: BASIC, paymentToken: $token, idempotencyKey: "first"}) { __typename }
    addToMyList(titleId: $id) { title { id } }
    rateTitle(titleId: $id, thumb: UP) { id }
    arrangeHome(hidden: []) { id }
    registerDevice(input: {class: TV, name: "Den"}) { id } }"""
ABOUT_NOBODY = {
    *("alembic_version", "document", "document_release", "plan", "plan_price", "signing_key"),
    *("catalogue_source", "credit", "episode", "genre", "licence_window", "movie_rating", "person", "season"),
    *("skip_marker", "title", "title_card", "title_edit", "title_genre", "trailer"),
    *("content_key", "ingest_job", "ingest_task", "video"),
    "ended_playback",  # ids that nothing else has any more
    "ended_sign_in",
    "feedback",  # without who wrote it
    "local_charge",  # somebody else's house, as the gateway is
}
"""Tables in which no row tells of an account: one that is added belongs here, or into `live_a_little`."""


pytestmark = pytest.mark.usefixtures("nobody_failed")


async def live_a_little(holder: Holder) -> tuple[Client, list[str]]:
    """Profiles, a list, ratings, history, homes, devices, failures, mails; answers all ids that name the account."""
    pool = holder.demo.services.pool
    profile_ids = [random_id(IdKind.PROFILE) for _ in range(2)]
    for position, profile_id in enumerate(profile_ids):
        await pool.execute(
            """INSERT INTO profile
                (id, account_id, position, name, avatar, is_kids, language, maturity_ceiling)
            VALUES ($1, $2, $3, 'Ada', 'fox', $4, 'en', 18)""",
            profile_id,
            holder.account_id,
            position,
            position == 1,
        )
    television = holder.demo.visitor.with_headers(X_Device_Class="TV")
    given = {"email": holder.email, "password": PASSWORD}
    client = carry(holder.demo, (await television.fetch(LOGIN, input=given))["login"])
    title_id = (await client.fetch("{ browse(first: 1) { edges { node { id } } } }"))["browse"]["edges"][0]["node"][
        "id"
    ]
    await client.fetch(FILL, id=title_id, token=f"token of {holder.account_id}")
    await client.fetch(HOME)
    for profile_id in profile_ids:
        await pool.execute("INSERT INTO outbox (topic, key, payload) VALUES ('profile', $1, '{}')", profile_id)
        await add_progress(pool, profile_id, title_id, title_id, holder.demo.clock())
        await add_sitting(pool, profile_id, title_id, title_id, holder.demo.clock())
    await work_a_little(holder, profile_ids[0])
    await client.fetch('mutation { submitFeedback(text: "Nice.") }')
    await holder.login("wrong")
    await holder.demo.visitor.fetch(ASK, email=holder.email)
    assert await holder.read_mail()
    devices = await pool.fetch("SELECT id FROM device WHERE account_id = $1", holder.account_id)
    assert len(devices) == 2
    return client, [holder.account_id, *profile_ids, *(row["id"] for row in devices)]


async def work_a_little(holder: Holder, profile_id: str) -> None:
    """What takes a film that plays, or to be an operator."""
    pool, now = holder.demo.services.pool, holder.demo.clock()
    await pool.execute(
        """INSERT INTO playback_session (id, account_id, profile_id, device_id, family_id, playable_id, title_id,
            region, document, position, started_at, expires_at)
        VALUES ($2, $1, $3, 'dev', 'fam', 'tit', 'tit', 'US', '{}', 0, $4, $4::timestamptz + interval '1 hour')""",
        holder.account_id,
        random_id(IdKind.PLAYBACK_SESSION),
        profile_id,
        now,
    )
    await pool.execute(
        """INSERT INTO operator_action (operator_id, action, subject, details)
        VALUES ($1, 'setAccountStatus', $1, '{"status": "ACTIVE"}')""",
        holder.account_id,
    )
    upload = Upload(
        id=random_id(IdKind.UPLOAD),
        file_name="film.mp4",
        size=1,
        sha256="0" * 64,
        part_size=1,
        state=UploadState.OPEN,
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    await add_upload(pool, upload, holder.account_id)


async def find_leftovers(demo: Demo, words: list[str]) -> list[str]:
    """Tables and Redis keys that have one of the words anywhere."""
    pool = demo.services.pool
    found = []
    for table in await list_tables(demo):
        rows = await pool.fetchval(
            f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE ANY($1::text[])',  # noqa: S608 - from pg_tables
            [f"%{word}%" for word in words],
        )
        found += [table] if rows else []
    redis = demo.services.cache.redis
    async for key in redis.scan_iter(count=1000):
        held = repr((key, await read_value(redis, key)))
        if any(word in held for word in words):
            found.append(key.decode())
    return found


async def list_tables(demo: Demo) -> list[str]:
    rows = await demo.services.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row["tablename"] for row in rows]


async def read_value(redis: Redis, key: bytes) -> Any:
    match await redis.type(key):
        case b"string" | b"none":  # one that ran out since its name was read
            return await redis.get(key)
        case b"hash":
            return await redis.hgetall(key)
        case b"zset":
            return await redis.zrange(key, 0, -1)
        case b"set":
            return await redis.smembers(key)
        case b"list":
            return await redis.lrange(key, 0, -1)
        case b"stream":
            return await redis.xrange(key)
        case kind:
            raise AssertionError(kind)


@pytest.fixture
async def nowhere(demo: Demo) -> AsyncIterator[DocumentCache]:
    """A Redis that is away."""
    settings = replace(demo.services.settings, redis_url=Secret("redis://127.0.0.1:1"))
    cache = DocumentCache(open_redis(settings))
    yield cache
    await cache.close()


async def delete(client: Client, password: str = PASSWORD) -> dict[str, Any]:
    return dict((await client.fetch(DELETE, password=password))["deleteAccount"])


async def test_nothing_is_left_of_a_deleted_account(demo: Demo, nowhere: DocumentCache) -> None:
    holder = await register(demo)
    client, ids = await live_a_little(holder)
    await demo.services.rates.share()
    hashed = hashlib.sha256(holder.email.encode()).hexdigest()[:32]
    words = [*ids, holder.email, hashed]
    before = await find_leftovers(demo, words)
    tables = set(await list_tables(demo))
    assert tables >= ABOUT_NOBODY
    assert tables & set(before) == tables - ABOUT_NOBODY - {"account_removal"}
    assert {keys.profile_state(ids[1]), keys.login_failures_of_account(holder.email)} <= set(before)
    assert (await delete(client))["__typename"] == "AccountDeleted"
    await demo.services.rates.share()
    pool, cache, now = demo.services.pool, demo.services.cache, demo.services.now()
    with pytest.raises(RedisAway):
        await remove_closed_accounts(pool, nowhere, now)
    assert await remove_closed_accounts(pool, cache, now) == 0
    assert await find_leftovers(demo, words) == ["account_removal"]
    assert await remove_closed_accounts(pool, cache, now + GRACE) == 1
    assert await find_leftovers(demo, words) == []
    assert await remove_closed_accounts(pool, cache, now + GRACE) == 0


async def test_what_was_written_to_redis_late_goes_too(demo: Demo) -> None:
    holder = await register(demo)
    client, ids = await live_a_little(holder)
    await delete(client)
    pool, cache, now = demo.services.pool, demo.services.cache, demo.services.now()
    await remove_closed_accounts(pool, cache, now)
    await cache.put(keys.profile_state(ids[1]), b"late", age=1000)
    await cache.put(keys.device(ids[-1]), b"late", age=1000)
    await remove_closed_accounts(pool, cache, now + GRACE)
    assert await cache.get_many([keys.profile_state(ids[1]), keys.device(ids[-1])]) == [None, None]


async def test_an_address_gets_three_mails_an_hour_however_many_accounts_it_has_had(demo: Demo) -> None:
    email, came = new_address(), 0
    for _ in range(5):
        session = (await try_to_register(demo, email)).data["registerAccount"]
        came += sum(mail["To"] == email for mail in await deliver(demo))
        await delete(carry(demo, session))
        await remove_closed_accounts(demo.services.pool, demo.services.cache, demo.services.now() + GRACE)
    assert came == 3
    assert await find_leftovers(demo, [email]) == []
    await remove_old_mails(demo.services.pool, demo.services.now() + timedelta(minutes=61))
    nobodys = "SELECT count(*) FROM mail WHERE account_id IS NULL AND due_at IS NULL"
    assert await demo.services.pool.fetchval(nobodys) == 0


async def test_sign_ins_end_at_once_and_the_address_is_free(demo: Demo) -> None:
    holder = await register(demo)
    other, session = await holder.sign_in(), await holder.login()
    reset = await holder.ask_for_reset()
    assert (await delete(holder.client, "wrong"))["__typename"] == "InvalidCredentials"
    assert await holder.is_signed_in(holder.client)
    answer = await delete(holder.client)
    assert answer["__typename"] == "AccountDeleted"
    assert answer["deletedAt"]
    for client in (holder.client, other):
        assert (await client.run(ME)).codes == ["UNAUTHENTICATED"]
    refreshed = (await demo.visitor.fetch(REFRESH, token=session["refreshToken"]))["refreshToken"]
    assert refreshed["__typename"] == "InvalidCredentials"
    assert (await holder.login())["__typename"] == "InvalidCredentials"
    text = 'mutation ($token: String!) { resetPassword(token: $token, password: "a new one") { __typename } }'
    assert (await demo.visitor.fetch(text, token=reset))["resetPassword"] == {"__typename": "InvalidCredentials"}
    again = (await try_to_register(demo, holder.email)).data["registerAccount"]
    assert again["__typename"] == "Session"
    assert again["viewer"]["account"]["id"] != holder.account_id
    await remove_closed_accounts(demo.services.pool, demo.services.cache, demo.services.now() + timedelta(minutes=1))
    assert (await holder.login())["__typename"] == "Session"
