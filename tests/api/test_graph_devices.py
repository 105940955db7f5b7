"""Devices of an account: bound to sign-ins, taken away with them, and known by when they were last in use."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bff.domain.devices import MOST_DEVICES
from bff.domain.titles import MaturityRating
from bff.stores import keys
from tests.live import Client, Demo

LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { ... on Session { accessToken refreshToken } } }"
REFRESH = "mutation ($token: String!) { refreshToken(refreshToken: $token) { __typename } }"
REGISTER = "mutation ($input: DeviceInput!) { registerDevice(input: $input) { id } }"
REMOVE = """mutation ($id: ID!) { removeDevice(deviceId: $id) {
    __typename ... on Account { devices { id } } } }"""
DEVICES = "{ viewer { device { id lastActiveAt } account { devices { id name class lastActiveAt } } } }"


async def sign_in(demo: Demo, email: str, **options: Any) -> tuple[Client, str]:
    """A signed-in client of a demo account, and its refresh token."""
    given = {"email": email, "password": "demo-password", **options}
    session = (await demo.visitor.fetch(LOGIN, input=given))["login"]
    return demo.visitor.with_headers(Authorization=f"Bearer {session['accessToken']}"), session["refreshToken"]


async def test_removing_a_device_ends_the_sign_ins_on_it_and_no_others(demo: Demo) -> None:
    phone, _ = await sign_in(demo, "standard@example.com")
    device_id = (await phone.fetch(REGISTER, input={"class": "MOBILE", "name": "Phone"}))["registerDevice"]["id"]
    again, again_refreshes = await sign_in(demo, "standard@example.com", deviceId=device_id)
    television, _ = await sign_in(demo, "standard@example.com")
    assert (await again.fetch(DEVICES))["viewer"]["device"]["id"] == device_id
    account = (await television.fetch(REMOVE, id=device_id))["removeDevice"]
    assert device_id not in [device["id"] for device in account["devices"]]
    for ended in (phone, again):
        answer = await ended.run(DEVICES)
        assert (answer.response.status_code, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert (await demo.visitor.fetch(REFRESH, token=again_refreshes))["refreshToken"] == {
        "__typename": "InvalidCredentials"
    }
    assert (await television.fetch(DEVICES))["viewer"]["device"]
    assert (await television.with_headers(X_Device_Id=device_id).run(DEVICES)).codes == ["NOT_FOUND"]
    assert (await television.run(REMOVE, {"id": device_id})).codes == ["NOT_FOUND"]


async def test_a_token_goes_on_with_the_device_that_its_sign_in_was_bound_to(demo: Demo) -> None:
    television, _ = await sign_in(demo, "standard@example.com")
    device_id = (await television.fetch(REGISTER, input={"class": "TV", "name": "TV"}))["registerDevice"]["id"]
    again, _ = await sign_in(demo, "standard@example.com")
    await again.fetch(DEVICES)
    assert (await again.fetch(REGISTER, input={"class": "TV", "id": device_id}))["registerDevice"]["id"] == device_id
    for _ in range(2):  # from PostgreSQL, and from the copy that this leaves in Redis
        assert (await again.fetch(DEVICES))["viewer"]["device"]["id"] == device_id
    other = (await again.fetch(REGISTER, input={"class": "WEB"}))["registerDevice"]["id"]
    assert other != device_id
    assert (await again.fetch(DEVICES))["viewer"]["device"]["id"] == other
    assert (await television.fetch(DEVICES))["viewer"]["device"]["id"] == device_id


async def test_of_more_devices_than_an_account_may_have_the_longest_unused_goes(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    pool, account_id = demo.services.pool, str(viewer.account_id)
    await pool.execute(
        """INSERT INTO device (id, account_id, device_class, capabilities, implicit, last_active_at)
        SELECT 'dev_' || n || $1, $1, device_class, capabilities, false, now() - make_interval(hours => n)
        FROM device, generate_series(1, $2) AS n WHERE account_id = $1""",
        account_id,
        MOST_DEVICES,
    )
    await pool.execute(
        """INSERT INTO session_family (id, account_id, device_id, created_at, expires_at)
        SELECT 'fam_' || id, account_id, id, now(), now() + interval '1 day' FROM device WHERE id = $1""",
        f"dev_{MOST_DEVICES}{account_id}",
    )
    own = (await viewer.fetch("{ viewer { device { id } } }"))["viewer"]["device"]["id"]
    assert (await viewer.fetch(REGISTER, input={"class": "WEB"}))["registerDevice"]["id"] == own  # is one more
    added = (await viewer.fetch(REGISTER, input={"class": "TV"}))["registerDevice"]["id"]
    left = {row["id"] for row in await pool.fetch("SELECT id FROM device WHERE account_id = $1", account_id)}
    gone = {f"dev_{n}{account_id}" for n in range(1, MOST_DEVICES + 1)} - left
    assert gone == {f"dev_{MOST_DEVICES - 1}{account_id}", f"dev_{MOST_DEVICES - 2}{account_id}"}
    assert {own, added, f"dev_{MOST_DEVICES}{account_id}"} <= left  # somebody is signed in on the oldest
    await pool.execute(
        """INSERT INTO session_family (id, account_id, device_id, created_at, expires_at)
        SELECT 'all_' || id, account_id, id, now(), now() + interval '1 day' FROM device WHERE account_id = $1""",
        account_id,
    )
    refused = await viewer.run(REGISTER, {"input": {"class": "TV"}})
    assert (refused.codes, "removeDevice" in refused.body["errors"][0]["message"]) == (["CONFLICT"], True)


async def test_a_text_that_can_be_kept_nowhere_is_bad_input(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    answer = await viewer.run(r'mutation { removeDevice(deviceId: "\u{0}") { __typename } }')
    assert (answer.codes, "U+0000" in answer.body["errors"][0]["message"]) == (["BAD_USER_INPUT"], True)


@pytest.mark.parametrize("name", ["", " ", "TV\u202eX", "x" * 101])
async def test_a_device_has_a_name_that_can_be_seen(demo: Demo, name: str) -> None:
    viewer = await demo.make_viewer()
    assert (await viewer.run(REGISTER, {"input": {"class": "TV", "name": name}})).codes == ["BAD_USER_INPUT"]


async def test_the_name_of_a_device_is_kept_as_it_is_shown(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    await viewer.fetch(REGISTER, input={"class": "TV", "name": " Living\n room "})
    (device,) = (await viewer.fetch(DEVICES))["viewer"]["account"]["devices"]
    assert device["name"] == "Living room"


async def test_the_device_in_use_can_be_removed(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    (device,) = (await viewer.fetch(DEVICES))["viewer"]["account"]["devices"]
    assert (await viewer.fetch(REMOVE, id=device["id"]))["removeDevice"] == {"__typename": "Account", "devices": []}
    assert (await viewer.run(DEVICES)).codes == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("identifier", ["dev_aaaaaaaaaaaaaaaa", "", "\u2603", "acc_a"])
async def test_what_is_no_device_of_the_account_is_not_found(demo: Demo, identifier: str) -> None:
    viewer = await demo.make_viewer()
    assert (await viewer.run(REMOVE, {"id": identifier})).codes == ["NOT_FOUND"]


async def test_a_stranger_and_a_kid_remove_nothing(demo: Demo) -> None:
    owner = await demo.make_viewer()
    device_id = (await owner.fetch(DEVICES))["viewer"]["device"]["id"]
    assert (await (await demo.make_viewer()).run(REMOVE, {"id": device_id})).codes == ["NOT_FOUND"]
    kid = await demo.make_viewer(is_kids=True, ceiling=MaturityRating.AGE_7)
    assert (await kid.run(REMOVE, {"id": device_id})).codes == ["FORBIDDEN"]
    assert (await owner.fetch(DEVICES))["viewer"]["device"]["id"] == device_id


async def test_a_removed_device_leaves_redis_even_if_only_the_relay_can_tell_it(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    device_id = (await viewer.fetch(DEVICES))["viewer"]["device"]["id"]
    assert await demo.services.cache.get_many([keys.device(device_id)]) != [None]
    await viewer.fetch(REMOVE, id=device_id)
    assert await demo.services.cache.get_many([keys.device(device_id)]) == [None]
    assert await demo.services.pool.fetchval("SELECT count(*) FROM outbox WHERE key = $1", device_id) == 1


async def test_activity_is_written_for_many_requests_at_once(demo: Demo) -> None:
    viewers = [await demo.make_viewer() for _ in range(3)]
    for viewer in viewers:
        await viewer.fetch(DEVICES)
    await demo.services.activity.write()
    demo.clock.shift = timedelta(minutes=5)
    try:
        before = len(demo.statements)
        for viewer in viewers * 4:
            await viewer.fetch("{ viewer { region } }")
        assert demo.statements[before:] == []
        await demo.services.activity.write()
        for viewer in viewers:
            found = (await viewer.fetch(DEVICES))["viewer"]
            (listed,) = found["account"]["devices"]
            for at in (listed["lastActiveAt"], found["device"]["lastActiveAt"]):
                assert abs(datetime.fromisoformat(at) - demo.clock()) < timedelta(seconds=30)
    finally:
        demo.clock.shift = timedelta(0)


async def test_activity_that_cannot_be_written_is_written_later(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    await viewer.fetch(DEVICES)
    demo.clock.shift = timedelta(minutes=5)
    try:
        await viewer.fetch(DEVICES)
        await demo.services.pool.execute("ALTER TABLE device RENAME TO device_away")
        try:
            with pytest.raises(Exception, match="device"):
                await demo.services.activity.write()
        finally:
            await demo.services.pool.execute("ALTER TABLE device_away RENAME TO device")
        await demo.services.activity.write()
        (listed,) = (await viewer.fetch(DEVICES))["viewer"]["account"]["devices"]
        assert abs(datetime.fromisoformat(listed["lastActiveAt"]) - demo.clock()) < timedelta(seconds=30)
    finally:
        demo.clock.shift = timedelta(0)
