"""Operators suspend accounts, and read what viewers write; of viewers they are told nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bff.errors import Forbidden
from bff.stores import keys
from tests.api.account_holder import LOGIN, PASSWORD, REFRESH, RESET, Holder, forget_tries, register
from tests.api.studio_desk import STATUS
from tests.demo_titles import open_cards
from tests.live import Client, Demo

WRITE = "mutation ($text: String!, $id: ID) { submitFeedback(text: $text, titleId: $id) }"
READ = """query ($first: Int, $after: String, $id: ID) { feedback(first: $first, after: $after, titleId: $id) {
    pageInfo { hasNextPage endCursor } edges { node { id text createdAt title { id name } } } } }"""


@pytest.fixture(scope="module")
async def operator(demo: Demo) -> Client:
    return await demo.sign_in("operator@example.com")


@pytest.fixture(scope="module")
async def holder(demo: Demo) -> AsyncIterator[Holder]:
    await forget_tries(demo)
    yield await register(demo)
    await forget_tries(demo)


async def set_status(operator: Client, status: str, **named: str) -> dict[str, Any]:
    return dict((await operator.fetch(STATUS, status=status, **named))["setAccountStatus"])


async def test_a_suspended_account_is_signed_out_and_kept_out_until_it_is_let_in_again(
    demo: Demo, operator: Client, holder: Holder
) -> None:
    reset = await holder.ask_for_reset()
    session = await holder.login()
    answer = await set_status(operator, "SUSPENDED", email=f" {holder.email.upper()} ")
    assert answer == {"__typename": "AccountStanding", "accountId": holder.account_id, "status": "SUSPENDED"}
    assert not await holder.is_signed_in(holder.client)
    refused = await demo.visitor.run(LOGIN, {"input": {"email": holder.email, "password": PASSWORD}})
    assert refused.codes == [Forbidden.code]
    assert "suspended" in refused.body["errors"][0]["message"]
    assert (await holder.login("wrong password"))["__typename"] == "InvalidCredentials"
    refreshed = await demo.visitor.fetch(REFRESH, token=session["refreshToken"])
    assert refreshed["refreshToken"]["__typename"] == "InvalidCredentials"
    by_mail = await demo.visitor.run(RESET, {"token": reset, "password": "another password"})
    assert by_mail.codes == [Forbidden.code]

    answer = await set_status(operator, "ACTIVE", id=holder.account_id)
    assert answer["status"] == "ACTIVE"
    assert not await holder.is_signed_in(holder.client)
    assert (await holder.login())["__typename"] == "Session"
    record = await demo.services.pool.fetch(
        """SELECT operator_id, action, details ->> 'status' AS status FROM operator_action
        WHERE subject = $1 ORDER BY id""",
        holder.account_id,
    )
    assert [tuple(row) for row in record] == [
        (operator.account_id, "setAccountStatus", "SUSPENDED"),
        (operator.account_id, "setAccountStatus", "ACTIVE"),
    ]


@pytest.mark.parametrize(
    ("status", "named", "path"),
    [
        ("SUSPENDED", {}, "accountId"),
        ("SUSPENDED", {"id": "acc_x", "email": "nobody@example.com"}, "accountId"),
        ("CANCELLED", {"email": "nobody@example.com"}, "status"),
    ],
)
async def test_refuses(operator: Client, status: str, named: dict[str, str], path: str) -> None:
    answer = await set_status(operator, status, **named)
    assert [problem["path"] for problem in answer["fields"]] == [path]


async def test_nobody_suspends_themselves_and_nobody_else_is_found(operator: Client) -> None:
    for named in ({"id": str(operator.account_id)}, {"email": "Operator@example.com"}):
        answer = await set_status(operator, "SUSPENDED", **named)
        assert [problem["path"] for problem in answer["fields"]] == ["accountId"]
    for named in ({"id": "acc_aaaaaaaaaaaaaaaa"}, {"email": "nobody@nowhere.example"}):
        answer = await operator.run(STATUS, {"status": "SUSPENDED", **named})
        assert answer.codes == ["NOT_FOUND"]


async def test_feedback_reaches_operators_without_its_writer(demo: Demo, operator: Client) -> None:
    viewer, card = await demo.make_viewer(), open_cards(demo)[7]
    assert await viewer.fetch(WRITE, text="  Sound is  missing.\nTwice. ", id=card.id) == {"submitFeedback": True}
    assert await viewer.fetch(WRITE, text="More like this ✨") == {"submitFeedback": True}
    page = (await operator.fetch(READ, first=1))["feedback"]
    assert page["edges"][0]["node"] | {"id": "", "createdAt": ""} == {
        "id": "",
        "text": "More like this ✨",
        "title": None,
        "createdAt": "",
    }
    page = (await operator.fetch(READ, first=1, after=page["pageInfo"]["endCursor"]))["feedback"]
    assert page["edges"][0]["node"]["text"] == "Sound is missing.\nTwice."
    of_title = (await operator.fetch(READ, id=card.id))["feedback"]
    assert [edge["node"]["title"] for edge in of_title["edges"]] == [{"id": card.id, "name": card.name}]
    stored = await demo.services.pool.fetchval("SELECT string_agg(feedback::text, ' ') FROM feedback")
    assert viewer.account_id not in stored
    assert viewer.profile_id not in stored


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001, "a\u0007b"])
async def test_refuses_feedback_that_cannot_be_read(demo: Demo, text: str) -> None:
    assert (await (await demo.make_viewer()).run(WRITE, {"text": text})).codes == ["BAD_USER_INPUT"]


async def test_feedback_is_limited_by_profile(demo: Demo) -> None:
    viewer, other = await demo.make_viewer(), await demo.make_viewer()
    for _ in range(5):
        await viewer.fetch(WRITE, text="Again.")
    answer = await viewer.run(WRITE, {"text": "Again."})
    assert answer.codes == ["RATE_LIMITED"]
    assert 0 < answer.body["errors"][0]["extensions"]["retryAfter"] <= 3600
    await other.fetch(WRITE, text="Once.")
    await demo.services.cache.forget(keys.feedback_of_profile(str(viewer.profile_id)))
    await viewer.fetch(WRITE, text="Again.")
