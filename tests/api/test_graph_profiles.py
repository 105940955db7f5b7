"""Profiles made, changed and taken away; the account's password and PINs; and what a change reaches."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from bff.artwork.portraits import AVATARS
from bff.auth.sessions import begin_session
from bff.domain.accounts import FREE_PIN_TRIES, MAX_PROFILES
from bff.domain.devices import DeviceClass
from bff.domain.titles import MaturityRating
from bff.stores import keys
from bff.stores.accounts import read_account
from bff.stores.outbox import deliver_outbox
from tests.api.account_holder import register
from tests.demo_titles import open_cards
from tests.live import Answer, Client, Demo
from tests.profile_rows import fill_profile

PASSWORD = "correct horse battery"
PROFILE = """__typename ... on Profile { id name isKids language maturityCeiling hasPin avatar { url alt }
    preferences { autoplayNext audioLanguage subtitleLanguage playbackSpeed keepHistory } }
    ... on Problem { message } ... on InvalidInput { fields { path message } }
    ... on ProfileLimitReached { limit }"""
CREATE = f"mutation ($input: ProfileInput!) {{ createProfile(input: $input) {{ {PROFILE} }} }}"
UPDATE = f"""mutation ($id: ID!, $input: ProfilePatch!) {{ updateProfile(profileId: $id, input: $input) {{
    {PROFILE} }} }}"""
DELETE = """mutation ($id: ID!, $password: String!) { deleteProfile(profileId: $id, password: $password) {
    __typename ... on Account { profiles { id } } ... on Problem { message }
    ... on InvalidInput { fields { path } } } }"""
SET_PIN = f"""mutation ($id: ID!, $password: String!, $pin: String) {{
    setPin(profileId: $id, password: $password, pin: $pin) {{ {PROFILE} }} }}"""
CLEAR = f"mutation ($id: ID!) {{ clearHistory(profileId: $id) {{ {PROFILE} }} }}"
SWITCH = """mutation ($id: ID!, $pin: String) { switchProfile(profileId: $id, pin: $pin) { __typename
    ... on Session { accessToken refreshToken } ... on PinRequired { wasWrong retryAfter } } }"""
REFRESH = """mutation ($token: String!) { refreshToken(refreshToken: $token) { __typename
    ... on Session { viewer { profile { id } } } } }"""
MINE = "{ viewer { profile { id } account { profiles { id name } } } }"


@pytest.fixture(scope="module")
async def password_hash(demo: Demo) -> str:
    return await demo.services.authority.passwords.hash(PASSWORD)


@pytest.fixture
async def adult(demo: Demo, password_hash: str) -> Client:
    return await make_adult(demo, password_hash)


async def make_adult(demo: Demo, password_hash: str, **options: Any) -> Client:
    """A viewer whose account has a password, and whose sign-in can switch profiles."""
    client = await demo.make_viewer(**options)
    services = demo.services
    await services.pool.execute("UPDATE account SET password_hash = $2 WHERE id = $1", client.account_id, password_hash)
    record = await read_account(services.pool, str(client.account_id))
    assert record is not None
    session = await begin_session(
        services.authority,
        record=record,
        profile=record.profiles[0],
        device_id=None,
        device_class=DeviceClass.WEB,
        request_country=None,
        now=services.now(),
    )
    return client.with_headers(Authorization=f"Bearer {session.access_token}")


async def create(client: Client, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.fetch(CREATE, input={"name": "Somebody", **given}))["createProfile"]
    return answer


async def update(client: Client, profile_id: str | None, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.fetch(UPDATE, id=profile_id, input=given))["updateProfile"]
    return answer


async def set_pin(client: Client, profile_id: str | None, pin: str | None, password: str = PASSWORD) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.fetch(SET_PIN, id=profile_id, password=password, pin=pin))["setPin"]
    return answer


async def switch(client: Client, profile_id: str | None, pin: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.fetch(SWITCH, id=profile_id, pin=pin))["switchProfile"]
    return answer


async def open_profile(client: Client, profile_id: str) -> Client:
    """The same sign-in as another profile."""
    session = await switch(client, profile_id)
    return client.with_headers(Authorization=f"Bearer {session['accessToken']}")


def list_paths(problem: Mapping[str, Any]) -> list[str]:
    assert problem["__typename"] == "InvalidInput"
    assert problem["message"]
    return [field["path"] for field in problem["fields"]]


async def test_a_profile_begins_with_what_the_asking_one_has(demo: Demo, adult: Client) -> None:
    await update(adult, adult.profile_id, language="pt-br")
    made = await create(adult, name="  Grace\u00a0 Hopper ")
    assert made | {"id": "", "avatar": {}} == {
        "__typename": "Profile",
        "id": "",
        "name": "Grace Hopper",
        "isKids": False,
        "language": "pt-BR",
        "maturityCeiling": "AGE_18",
        "hasPin": False,
        "avatar": {},
        "preferences": {
            "autoplayNext": True,
            "audioLanguage": None,
            "subtitleLanguage": None,
            "playbackSpeed": 1.0,
            "keepHistory": True,
        },
    }
    kid = await create(adult, name="Kit", isKids=True)
    assert (kid["isKids"], kid["maturityCeiling"]) == (True, "AGE_7")
    pictures = [made["avatar"]["url"], kid["avatar"]["url"]]
    assert len(set(pictures)) == 2
    for url in pictures:
        assert (await demo.visitor.http.get(url)).status_code == 200
    listed = (await adult.fetch(MINE))["viewer"]["account"]["profiles"]
    assert [profile["name"] for profile in listed] == ["Viewer", "Grace Hopper", "Kit"]


async def test_avatars_are_listed_and_chosen_from(adult: Client) -> None:
    avatars = (await adult.fetch("{ avatars { key image { url } } }"))["avatars"]
    assert [avatar["key"] for avatar in avatars] == list(AVATARS)
    made = await create(adult, avatar=avatars[5]["key"])
    assert made["avatar"] == {"url": avatars[5]["image"]["url"], "alt": "Somebody"}
    changed = await update(adult, made["id"], avatar=avatars[6]["key"])
    assert changed["avatar"]["url"] == avatars[6]["image"]["url"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": ""}, "input.name"),
        ({"name": " \t"}, "input.name"),
        ({"name": "x" * 51}, "input.name"),
        ({"name": "a\x07b"}, "input.name"),
        ({"name": "a\u202eb"}, "input.name"),
        ({"name": "\u200d"}, "input.name"),
        ({"name": "\u0301"}, "input.name"),
        ({"language": "english please"}, "input.language"),
        ({"language": ""}, "input.language"),
        ({"language": "x" * 200}, "input.language"),
        ({"avatar": "../../etc/passwd"}, "input.avatar"),
        ({"avatar": ""}, "input.avatar"),
    ],
)
async def test_what_a_profile_cannot_have_is_refused_by_its_path(
    adult: Client, given: dict[str, Any], path: str
) -> None:
    if given != {"language": ""}:
        assert list_paths(await create(adult, **given)) == [path]
    assert list_paths(await update(adult, adult.profile_id, **given)) == [path]


@pytest.mark.parametrize(
    ("preferences", "field"),
    [
        ({"playbackSpeed": 0}, "playbackSpeed"),
        ({"playbackSpeed": 4.1}, "playbackSpeed"),
        ({"playbackSpeed": -1}, "playbackSpeed"),
        ({"audioLanguage": "??"}, "audioLanguage"),
        ({"subtitleLanguage": ""}, "subtitleLanguage"),
    ],
)
async def test_a_preference_that_cannot_be_is_refused(adult: Client, preferences: dict[str, Any], field: str) -> None:
    refused = await update(adult, adult.profile_id, name="Changed", preferences=preferences)
    assert list_paths(refused) == [f"input.preferences.{field}"]
    assert (await adult.fetch(MINE))["viewer"]["account"]["profiles"][0]["name"] == "Viewer"


async def test_a_patch_changes_what_it_names_and_null_puts_back(adult: Client) -> None:
    profile_id = adult.profile_id
    first = await update(
        adult, profile_id, preferences={"playbackSpeed": 1.5, "audioLanguage": "DE", "autoplayNext": False}
    )
    assert first["preferences"] | {"keepHistory": None} == {
        "autoplayNext": False,
        "audioLanguage": "de",
        "subtitleLanguage": None,
        "playbackSpeed": 1.5,
        "keepHistory": None,
    }
    second = await update(adult, profile_id, name="Ada", preferences={"audioLanguage": None, "keepHistory": False})
    assert second["name"] == "Ada"
    assert second["preferences"] == first["preferences"] | {"audioLanguage": None, "keepHistory": False}
    third = await update(adult, profile_id, language="de", preferences=None)
    assert third["language"] == "de"
    assert third["preferences"]["playbackSpeed"] == 1.0
    assert third["preferences"]["keepHistory"] is True
    assert (await update(adult, profile_id, language=None))["language"] == "en"
    assert (await update(adult, profile_id))["name"] == "Ada"
    assert list_paths(await update(adult, profile_id, name=None)) == ["input.name"]


async def test_patches_at_the_same_time_lose_nothing_of_each_other(adult: Client) -> None:
    wanted = {"autoplayNext": False, "keepHistory": False, "audioLanguage": "fr", "playbackSpeed": 2.0}
    await asyncio.gather(
        *(update(adult, adult.profile_id, preferences={name: value}) for name, value in wanted.items())
    )
    assert (await update(adult, adult.profile_id))["preferences"] == wanted | {"subtitleLanguage": None}


async def test_an_account_has_five_profiles_however_many_ask_at_once(demo: Demo, password_hash: str) -> None:
    adult = await make_adult(demo, password_hash)
    async with httpx.AsyncClient(base_url=demo.url, timeout=30, trust_env=False) as http:
        clients = [adult, Client(http, adult.headers)]
        made = await asyncio.gather(*(create(clients[place % 2], name=f"P{place}") for place in range(16)))
    kinds = [answer["__typename"] for answer in made]
    assert kinds.count("Profile") == MAX_PROFILES - 1
    assert kinds.count("ProfileLimitReached") == 16 - MAX_PROFILES + 1
    assert {answer.get("limit") for answer in made} == {None, MAX_PROFILES}
    assert len((await adult.fetch(MINE))["viewer"]["account"]["profiles"]) == MAX_PROFILES


async def test_a_ceiling_over_ones_own_asks_for_the_password(demo: Demo, password_hash: str) -> None:
    adult = await make_adult(demo, password_hash, ceiling=MaturityRating.AGE_13)
    assert (await create(adult))["maturityCeiling"] == "AGE_13"
    for given in ({}, {"password": ""}, {"password": "wrong"}):
        for attempt in (
            await create(adult, maturityCeiling="AGE_16", **given),
            await update(adult, adult.profile_id, maturityCeiling="AGE_18", **given),
            await update(adult, adult.profile_id, name="Changed", maturityCeiling="AGE_16", **given),
        ):
            assert attempt["__typename"] == "InvalidCredentials"
    account = (await adult.fetch(MINE))["viewer"]["account"]
    assert [profile["name"] for profile in account["profiles"]] == ["Viewer", "Somebody"]
    assert (await update(adult, adult.profile_id, maturityCeiling="AGE_7"))["maturityCeiling"] == "AGE_7"
    assert (await update(adult, adult.profile_id, maturityCeiling="AGE_13"))["__typename"] == "InvalidCredentials"
    raised = await update(adult, adult.profile_id, maturityCeiling="AGE_16", password=PASSWORD)
    assert raised["maturityCeiling"] == "AGE_16"
    assert (await create(adult, maturityCeiling="AGE_18", password=PASSWORD))["maturityCeiling"] == "AGE_18"


async def test_who_has_chosen_no_profile_yet_has_the_ceiling_of_those_there_are(demo: Demo) -> None:
    holder = await register(demo)
    assert (await create(holder.client, maturityCeiling="AGE_13"))["maturityCeiling"] == "AGE_13"
    assert (await create(holder.client))["maturityCeiling"] == "AGE_13"
    assert (await create(holder.client, maturityCeiling="AGE_16"))["__typename"] == "InvalidCredentials"
    vouched = await create(holder.client, maturityCeiling="AGE_16", password=holder.password)
    assert vouched["maturityCeiling"] == "AGE_16"


async def test_a_ceiling_is_raised_without_password_by_no_race(demo: Demo, password_hash: str) -> None:
    """Down and up again at the same time: up is a raise in whatever order they come."""
    adult = await make_adult(demo, password_hash, ceiling=MaturityRating.AGE_16)
    for _ in range(5):
        answers = await asyncio.gather(
            *(
                update(adult, adult.profile_id, maturityCeiling=ceiling)
                for ceiling in ("AGE_13", "AGE_7", "AGE_13", "ALL", "AGE_13", "AGE_7")
            )
        )
        assert {answer["__typename"] for answer in answers} <= {"Profile", "InvalidCredentials"}
        assert (await update(adult, adult.profile_id))["maturityCeiling"] == "ALL"
        await update(adult, adult.profile_id, maturityCeiling="AGE_16", password=PASSWORD)


async def test_guesses_of_the_password_are_limited_as_sign_ins_are(adult: Client) -> None:
    answers = await asyncio.gather(
        *(
            adult.run(SET_PIN, {"id": adult.profile_id, "password": f"guess {place}", "pin": "1234"})
            for place in range(14)
        )
    )
    limited = [answer for answer in answers if answer.codes == ["RATE_LIMITED"]]
    assert len(limited) >= 4
    assert all(answer.body["errors"][0]["extensions"]["retryAfter"] > 0 for answer in limited)
    right = await adult.run(SET_PIN, {"id": adult.profile_id, "password": PASSWORD, "pin": "1234"})
    assert right.codes == ["RATE_LIMITED"]


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "١٢٣٤", "-123", "12.4", " 1234"])
async def test_a_pin_that_is_none_is_refused(adult: Client, pin: str) -> None:
    assert list_paths(await set_pin(adult, adult.profile_id, pin)) == ["pin"]


async def test_a_pin_is_asked_for_hashed_changed_and_taken_away(demo: Demo, adult: Client) -> None:
    profile_id = adult.profile_id
    assert (await set_pin(adult, profile_id, "2468", password="wrong"))["__typename"] == "InvalidCredentials"
    assert (await switch(adult, profile_id))["__typename"] == "Session"
    assert (await set_pin(adult, profile_id, "2468"))["hasPin"] is True
    stored = await demo.services.pool.fetchval("SELECT pin_hash FROM profile WHERE id = $1", profile_id)
    assert stored.startswith("$argon2id$")
    assert "2468" not in stored
    assert await switch(adult, profile_id) == {"__typename": "PinRequired", "wasWrong": False, "retryAfter": None}
    assert await switch(adult, profile_id, "8642") == {
        "__typename": "PinRequired",
        "wasWrong": True,
        "retryAfter": None,
    }
    assert (await switch(adult, profile_id, "2468"))["__typename"] == "Session"
    await set_pin(adult, profile_id, "13579")
    assert (await switch(adult, profile_id, "2468"))["wasWrong"] is True
    assert (await set_pin(adult, profile_id, None))["hasPin"] is False
    assert (await switch(adult, profile_id))["__typename"] == "Session"


async def test_guesses_of_a_pin_wait_longer_and_longer_and_parallel_ones_gain_nothing(
    demo: Demo, adult: Client
) -> None:
    await set_pin(adult, adult.profile_id, "2468")
    guesses = await asyncio.gather(*(switch(adult, adult.profile_id, f"{place:04}") for place in range(20)))
    assert sum(guess["wasWrong"] for guess in guesses) == FREE_PIN_TRIES
    locked = await switch(adult, adult.profile_id, "2468")
    assert (locked["__typename"], locked["wasWrong"]) == ("PinRequired", False)
    assert 0 < locked["retryAfter"] <= 30
    changed = await set_pin(adult, adult.profile_id, "8642")
    assert changed["hasPin"] is True
    assert (await switch(adult, adult.profile_id, "8642"))["__typename"] == "Session"


async def test_a_profile_goes_with_all_that_it_did(demo: Demo, adult: Client) -> None:
    pool, redis = demo.services.pool, demo.services.cache.redis
    other = await create(adult, name="Gone")
    films = [card.id for card in open_cards(demo)][:4]
    await fill_profile(pool, other["id"], films, demo.services.now())
    session = await open_profile(adult, other["id"])
    await session.fetch("{ home { id } myList { totalCount } }")
    await session.fetch("mutation { arrangeHome(hidden: []) { id } }")
    assert len([key async for key in redis.scan_iter(f"*{other['id']}*")]) >= 3
    back = await open_profile(session, str(adult.profile_id))
    for wrong in ("", "wrong"):
        answer = await back.fetch(DELETE, id=other["id"], password=wrong)
        assert answer["deleteProfile"]["__typename"] == "InvalidCredentials"
    answer = await back.fetch(DELETE, id=other["id"], password=PASSWORD)
    assert answer["deleteProfile"] == {"__typename": "Account", "profiles": [{"id": adult.profile_id}]}
    for query in ("{ myList { totalCount } }", "{ home { id } }", "{ viewer { profile { id } } }"):
        assert (await session.run(query)).codes == ["UNAUTHENTICATED"]
    assert (await back.run(DELETE, {"id": other["id"], "password": PASSWORD})).codes == ["NOT_FOUND"]
    while await deliver_outbox(pool, demo.services.cache):
        pass
    assert [key.decode() async for key in redis.scan_iter(f"*{other['id']}*")] == [keys.profile_state(other["id"])]
    assert 0 < await redis.ttl(keys.profile_state(other["id"])) <= 60
    tables = await pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('text', 'character varying')"
    )
    for table, column in tables:
        left = await pool.fetchval(f'SELECT count(*) FROM "{table}" WHERE "{column}" = $1', other["id"])  # noqa: S608
        assert (table, column, left) == (table, column, 0)


async def test_sign_ins_that_use_a_profile_end_with_it(demo: Demo) -> None:
    """A device of a kid must not wake up as an adult."""
    ada = await demo.sign_in("basic@example.com")
    made = await create(ada, name="Short-lived", isKids=True)
    elsewhere = await demo.sign_in("basic@example.com")
    kid = (await elsewhere.fetch(SWITCH, id=made["id"]))["switchProfile"]
    as_kid = elsewhere.with_headers(Authorization=f"Bearer {kid['accessToken']}")
    assert (await as_kid.fetch(MINE))["viewer"]["profile"]["id"] == made["id"]
    gone = await ada.fetch(DELETE, id=made["id"], password="demo-password")
    assert gone["deleteProfile"]["__typename"] == "Account"
    assert (await as_kid.run(MINE)).response.status_code == 401
    refreshed = await demo.visitor.fetch(REFRESH, token=kid["refreshToken"])
    assert refreshed["refreshToken"] == {"__typename": "InvalidCredentials"}
    assert (await ada.fetch(MINE))["viewer"]["profile"]["id"] == ada.profile_id


async def test_the_asking_sign_in_outlives_its_own_profile(demo: Demo) -> None:
    ada = await demo.sign_in("basic@example.com")
    made = await create(ada, name="Own")
    session = (await ada.fetch(SWITCH, id=made["id"]))["switchProfile"]
    own = ada.with_headers(Authorization=f"Bearer {session['accessToken']}")
    assert (await own.fetch(DELETE, id=made["id"], password="demo-password"))["deleteProfile"][
        "__typename"
    ] == "Account"
    assert (await own.run("{ home { id } }")).codes == ["UNAUTHENTICATED"]
    refreshed = await demo.visitor.fetch(REFRESH, token=session["refreshToken"])
    assert refreshed["refreshToken"]["viewer"]["profile"]["id"] == ada.profile_id


async def test_the_last_adult_profile_stays_even_when_two_go_at_once(demo: Demo, adult: Client) -> None:
    refused = (await adult.fetch(DELETE, id=adult.profile_id, password=PASSWORD))["deleteProfile"]
    assert (refused["__typename"], refused["fields"]) == ("InvalidInput", [{"path": "profileId"}])
    other = await create(adult, name="Other")
    await create(adult, name="Kit", isKids=True)
    answers: list[Answer] = await asyncio.gather(
        *(adult.run(DELETE, {"id": held, "password": PASSWORD}) for held in (adult.profile_id, other["id"]))
    )
    left = await demo.services.pool.fetchval(
        "SELECT count(*) FROM profile WHERE account_id = $1 AND NOT is_kids", adult.account_id
    )
    assert left == 1
    assert any(answer.body["data"]["deleteProfile"] is not None for answer in answers)


async def test_what_is_cleared_is_history_and_nothing_else(demo: Demo, adult: Client) -> None:
    films = [card.id for card in open_cards(demo)][:4]
    await fill_profile(demo.services.pool, str(adult.profile_id), films, demo.services.now())
    kept = "{ myList { totalCount } viewer { profile { ratings { edges { node { id } } } } } }"
    watched = "{ continueWatching { edges { node { id } } } viewer { profile { history { edges { cursor } } } } }"
    before = await adult.fetch(kept)
    assert (await adult.fetch(watched))["continueWatching"]["edges"]
    assert (await adult.fetch(CLEAR, id=adult.profile_id))["clearHistory"]["id"] == adult.profile_id
    after = await adult.fetch(watched)
    assert after == {"continueWatching": {"edges": []}, "viewer": {"profile": {"history": {"edges": []}}}}
    assert await adult.fetch(kept) == before


async def test_history_is_cleared_by_who_may_see_it(demo: Demo, adult: Client) -> None:
    other, kit = await create(adult, name="Other"), await create(adult, name="Kit", isKids=True)
    assert (await adult.fetch(CLEAR, id=kit["id"]))["clearHistory"]["id"] == kit["id"]
    assert (await adult.run(CLEAR, {"id": other["id"]})).codes == ["FORBIDDEN"]


@pytest.mark.parametrize("mutation", [UPDATE, DELETE, SET_PIN, CLEAR, SWITCH])
async def test_profiles_of_others_are_like_none(demo: Demo, adult: Client, mutation: str) -> None:
    stranger = await demo.make_viewer()
    bodies = []
    for identifier in (stranger.profile_id, "pro_aaaaaaaaaaaaaaaa", stranger.account_id, "", "☃", "x" * 5000):
        answer = await adult.run(mutation, {"id": identifier, "input": {"name": "x"}, "password": PASSWORD})
        assert answer.codes == ["NOT_FOUND"]
        bodies.append(answer.body)
    assert all(body == bodies[0] for body in bodies)
    assert (await stranger.fetch(MINE))["viewer"]["account"]["profiles"] == [
        {"id": stranger.profile_id, "name": "Viewer"}
    ]


async def test_a_change_reaches_home_with_the_next_request(demo: Demo, adult: Client) -> None:
    kit = await create(adult, name="Kit", isKids=True, maturityCeiling="AGE_18")
    child = await open_profile(adult, kit["id"])
    query = """{ viewer { locale } home { rows(first: 40) { edges { node {
        items(first: 75) { edges { node { title { maturityRating } } } } } } } } }"""

    async def read_home() -> tuple[str, set[str]]:
        answer = await child.fetch(query)
        rows = [edge["node"]["items"]["edges"] for edge in answer["home"]["rows"]["edges"]]
        shown = {item["node"]["title"]["maturityRating"] for row in rows for item in row}
        return answer["viewer"]["locale"], shown

    assert (await read_home())[1] > {"ALL", "AGE_7", "AGE_13"}
    await update(adult, kit["id"], maturityCeiling="AGE_7", language="fr")
    locale, shown = await read_home()
    assert locale == "fr"
    assert shown <= {"ALL", "AGE_7"}
