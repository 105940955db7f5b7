"""Memberships over HTTP: begun, changed, cancelled, paid; every answer of each mutation; keys; what was charged."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from bff.billing.memberships import (
    Done,
    cancel_membership,
    change_membership,
    start_membership,
    update_payment_method,
)
from bff.billing.payments import Billing
from bff.billing.renewals import finish_attempts, renew_memberships, withdraw_charges
from bff.domain.accounts import PlanCode
from bff.domain.billing import HOLD, add_months
from bff.errors import Unavailable
from bff.stores.gateway import NoGateway
from tests.live import OPERATIONS, Client, Demo

CARD = "card"
MEMBERSHIP = """__typename ... on Membership { id status startedAt renewsAt endsAt plan { code } pendingPlan { code } }
    ... on Problem { message } ... on PaymentActionRequired { url } ... on InvalidInput { fields { path message } }"""
START = f"mutation ($input: StartMembershipInput!) {{ answer: startMembership(input: $input) {{ {MEMBERSHIP} }} }}"
CHANGE = f"mutation ($plan: PlanCode!) {{ answer: changeMembership(plan: $plan) {{ {MEMBERSHIP} }} }}"
CANCEL = f"mutation {{ answer: cancelMembership {{ {MEMBERSHIP} }} }}"
PAY = f"mutation ($token: String!) {{ answer: updatePaymentMethod(paymentToken: $token) {{ {MEMBERSHIP} }} }}"
HISTORY = """query ($first: Int, $after: String) { viewer { account { membership { status plan { code } }
    billingHistory(first: $first, after: $after) { edges { cursor node { id issuedAt status description
        total { amount currency } } } pageInfo { hasNextPage endCursor } } } } }"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


async def start(client: Client, plan: str = "BASIC", token: str | None = CARD, key: str | None = None) -> Any:
    return (await client.fetch(START, input={"plan": plan, "paymentToken": token, "idempotencyKey": key}))["answer"]


async def change(client: Client, plan: str) -> Any:
    return (await client.fetch(CHANGE, plan=plan))["answer"]


async def cancel(client: Client) -> Any:
    return (await client.fetch(CANCEL))["answer"]


async def pay_with(client: Client, token: str) -> Any:
    return (await client.fetch(PAY, token=token))["answer"]


async def list_invoices(client: Client) -> list[Any]:
    account = (await client.fetch(HISTORY, first=100))["viewer"]["account"]
    return [edge["node"] for edge in account["billingHistory"]["edges"]]


async def list_charges(demo: Demo, client: Client) -> list[int]:
    """What the gateway took of an account, by the gateway's own books."""
    rows = await demo.services.pool.fetch(
        """SELECT c.amount FROM local_charge c JOIN invoice i ON c.key LIKE i.id || '/%'
        WHERE i.account_id = $1 AND c.state = 'SUCCEEDED' ORDER BY c.created_at""",
        client.account_id,
    )
    return [row["amount"] for row in rows]


async def make_newcomer(demo: Demo, *, region: str = "US") -> Client:
    """An adult who never had a membership."""
    client = await demo.make_viewer(region=region)
    await demo.services.pool.execute("DELETE FROM membership WHERE account_id = $1", client.account_id)
    return client


async def make_member(demo: Demo, plan: str = "STANDARD", *, region: str = "US") -> Client:
    client = await make_newcomer(demo, region=region)
    assert (await start(client, plan))["status"] == "ACTIVE"
    return client


async def make_debtor(demo: Demo, *, on_hold: bool = False) -> Client:
    """A member whose renewal was declined: for the first time, or, on hold, for the last."""
    client = await make_member(demo)
    assert (await pay_with(client, "decline-later"))["__typename"] == "Membership"
    await let_renewal_come(demo, client)
    if on_hold:
        await demo.services.pool.execute(
            "UPDATE invoice SET declined = 3, next_try_at = now() WHERE account_id = $1 AND status = 'OPEN'",
            client.account_id,
        )
        await renew_memberships(demo.services.billing, demo.services.now())
    return client


async def let_renewal_come(demo: Demo, client: Client) -> None:
    """Move the period of a member a month back, so that it is over now, and let the worker see it."""
    await demo.services.pool.execute(
        """UPDATE membership SET renews_at = now(), anchor_at = now() - interval '31 days',
        period_start = now() - interval '31 days' WHERE account_id = $1""",
        client.account_id,
    )
    await renew_memberships(demo.services.billing, demo.services.now())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_membership_begins_with_its_payment(demo: Demo) -> None:
    client = await make_newcomer(demo)
    membership = await start(client, "STANDARD")
    assert membership == membership | {"__typename": "Membership", "status": "ACTIVE", "plan": {"code": "STANDARD"}}
    assert membership["endsAt"] is None
    assert at(membership["renewsAt"]) == add_months(at(membership["startedAt"]), 1)
    [invoice] = await list_invoices(client)
    assert (invoice["status"], invoice["total"]) == ("PAID", {"amount": 1549, "currency": "USD"})
    assert invoice["description"].startswith("Standard, ")
    assert await list_charges(demo, client) == [1549]


@pytest.mark.parametrize(
    ("region", "total"),
    [
        ("US", {"amount": 1999, "currency": "USD"}),
        ("GB", {"amount": 1599, "currency": "GBP"}),
        ("IN", {"amount": 64900, "currency": "INR"}),
        ("JP", {"amount": 1980, "currency": "JPY"}),
        ("BR", {"amount": 5590, "currency": "BRL"}),
        ("DE", {"amount": 1999, "currency": "USD"}),
    ],
)
async def test_is_charged_at_the_price_of_the_country(demo: Demo, region: str, total: dict[str, Any]) -> None:
    client = await make_member(demo, "PREMIUM", region=region)
    assert [invoice["total"] for invoice in await list_invoices(client)] == [total]


async def test_a_declined_card_begins_nothing_and_another_does(demo: Demo) -> None:
    client = await make_newcomer(demo)
    answer = await start(client, token="decline")
    assert answer["__typename"] == "PaymentDeclined"
    assert answer["message"]
    assert [invoice["status"] for invoice in await list_invoices(client)] == ["VOID"]
    assert (await start(client))["status"] == "ACTIVE"
    assert await list_charges(demo, client) == [999]


async def test_the_bank_is_asked_and_the_call_made_again(demo: Demo) -> None:
    client = await make_newcomer(demo)
    first = await start(client, token="challenge", key="once")
    assert first["__typename"] == "PaymentActionRequired"
    assert await start(client, token="challenge", key="once") == first
    assert await start(client, token="challenge") == first
    page = await client.http.get(first["url"])
    assert (page.status_code, "9.99 USD" in page.text) == (200, True)
    assert await list_charges(demo, client) == []
    assert (await client.http.post(first["url"] + "/approve")).status_code == 200
    assert (await start(client, token="challenge", key="once"))["status"] == "ACTIVE"
    assert await list_charges(demo, client) == [999]


async def test_who_refuses_at_the_bank_is_declined(demo: Demo) -> None:
    client = await make_newcomer(demo)
    url = (await start(client, token="challenge"))["url"]
    await client.http.post(url + "/decline")
    await client.http.post(url + "/approve")
    assert (await start(client, token="challenge", key="x"))["__typename"] == "PaymentDeclined"
    assert (await client.http.get("/bank/nothing")).status_code == 404


async def test_another_start_takes_back_what_waits_for_the_bank(demo: Demo) -> None:
    client = await make_newcomer(demo)
    url = (await start(client, token="challenge"))["url"]
    assert (await start(client, "PREMIUM"))["plan"] == {"code": "PREMIUM"}
    await client.http.post(url + "/approve")
    await finish_attempts(demo.services.billing, demo.services.now() + timedelta(hours=1))
    assert await list_charges(demo, client) == [1999]


async def test_what_the_bank_was_told_counts_without_a_second_call(demo: Demo) -> None:
    client = await make_newcomer(demo)
    url = (await start(client, token="challenge"))["url"]
    await client.http.post(url + "/approve")
    await finish_attempts(demo.services.billing, demo.services.now() + timedelta(minutes=2))
    [invoice] = await list_invoices(client)
    assert invoice["status"] == "PAID"


async def test_what_nobody_confirms_is_taken_back_after_a_day(demo: Demo) -> None:
    client = await make_newcomer(demo)
    url = (await start(client, token="challenge"))["url"]
    await finish_attempts(demo.services.billing, demo.services.now() + timedelta(hours=25))
    await client.http.post(url + "/approve")
    assert [invoice["status"] for invoice in await list_invoices(client)] == ["VOID"]
    assert await list_charges(demo, client) == []


async def test_the_bank_has_nothing_to_confirm_for_a_deleted_account(demo: Demo) -> None:
    client = await make_newcomer(demo)
    url = (await start(client, token="challenge"))["url"]
    await demo.services.pool.execute("UPDATE account SET status = 'CANCELLED' WHERE id = $1", client.account_id)
    assert (await client.run(START, {"input": {"plan": "BASIC", "paymentToken": "card"}})).codes == ["UNAUTHENTICATED"]
    await withdraw_charges(demo.services.billing, demo.services.now())
    await client.http.post(url + "/approve")
    assert await list_charges(demo, client) == []


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"paymentToken": "4111 1111 1111 1111"}, "input.paymentToken"),
        ({"paymentToken": ""}, "input.paymentToken"),
        ({"paymentToken": None}, "input.paymentToken"),
        ({"paymentToken": "card", "idempotencyKey": ""}, "input.idempotencyKey"),
        ({"paymentToken": "card", "idempotencyKey": "x" * 256}, "input.idempotencyKey"),
        ({"paymentToken": "card", "idempotencyKey": "\x1b"}, "input.idempotencyKey"),
    ],
)
async def test_what_cannot_be_taken_is_named(demo: Demo, given: dict[str, Any], path: str) -> None:
    answer = (await (await make_newcomer(demo)).fetch(START, input={"plan": "BASIC", **given}))["answer"]
    assert answer["__typename"] == "InvalidInput"
    assert [field["path"] for field in answer["fields"]] == [path]


async def test_twenty_calls_at_once_with_one_key_are_one(demo: Demo) -> None:
    client = await make_newcomer(demo)
    answers = await asyncio.gather(*(start(client, "PREMIUM", key="tap") for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["status"] == "ACTIVE"
    assert await list_charges(demo, client) == [1999]
    assert len(await list_invoices(client)) == 1
    assert await start(client, "PREMIUM", key="tap") == answers[0]


async def test_twenty_calls_at_once_without_a_key_charge_once(demo: Demo) -> None:
    client = await make_newcomer(demo)
    body = {"input": {"plan": "BASIC", "paymentToken": "card"}}
    answers = await asyncio.gather(*(client.run(START, body) for _ in range(20)))
    codes = Counter(tuple(answer.codes) for answer in answers)
    assert codes.keys() <= {(), ("CONFLICT",)}
    assert codes[()] > 0
    assert await list_charges(demo, client) == [999]


async def test_a_key_answers_as_the_first_time(demo: Demo) -> None:
    client = await make_newcomer(demo)
    declined = await start(client, token="decline", key="a")
    assert declined["__typename"] == "PaymentDeclined"
    begun = await start(client, key="b")
    assert await start(client, token="decline", key="a") == declined
    assert await start(client, key="b") == begun
    for given in ({"plan": "PREMIUM", "paymentToken": "card"}, {"plan": "BASIC", "paymentToken": "other"}):
        answer = await client.run(START, {"input": {**given, "idempotencyKey": "b"}})
        assert answer.codes == ["CONFLICT"]
    assert (await start(await make_newcomer(demo), "PREMIUM", key="b"))["plan"] == {"code": "PREMIUM"}
    assert await list_charges(demo, client) == [999]


async def test_there_is_no_second_membership(demo: Demo) -> None:
    client = await make_member(demo)
    answer = await client.run(START, {"input": {"plan": "PREMIUM", "paymentToken": "card"}})
    assert answer.codes == ["CONFLICT"]
    assert await list_charges(demo, client) == [1549]


async def test_a_dearer_plan_counts_at_once_for_the_rest_of_the_difference(demo: Demo) -> None:
    client = await make_member(demo, "BASIC")
    changed = await change(client, "PREMIUM")
    assert changed == changed | {"plan": {"code": "PREMIUM"}, "pendingPlan": None, "status": "ACTIVE"}
    upgrade, begun = await list_invoices(client)
    assert begun["total"]["amount"] == 999
    assert upgrade["total"] == {"amount": 1000, "currency": "USD"}
    assert upgrade["description"].startswith("Change to Premium, ")
    assert await list_charges(demo, client) == [999, 1000]


async def test_half_a_period_of_a_dearer_plan_costs_half(demo: Demo) -> None:
    client = await make_member(demo, "BASIC", region="JP")
    await demo.services.pool.execute(
        """WITH moved AS (UPDATE membership SET renews_at = now() + interval '15 days',
            period_start = now() - interval '15 days' WHERE account_id = $1 RETURNING renews_at, period_start)
        UPDATE invoice SET covers_from = period_start, covers_until = renews_at FROM moved WHERE account_id = $1""",
        client.account_id,
    )
    await change(client, "STANDARD")
    await change(client, "PREMIUM")
    assert [invoice["total"]["amount"] for invoice in await list_invoices(client)][:2] == [245, 250]


async def test_a_cheaper_plan_waits_for_the_end_of_the_period(demo: Demo) -> None:
    client = await make_member(demo, "PREMIUM")
    changed = await change(client, "BASIC")
    assert (changed["plan"], changed["pendingPlan"]) == ({"code": "PREMIUM"}, {"code": "BASIC"})
    assert (await change(client, "PREMIUM"))["pendingPlan"] is None
    await change(client, "BASIC")
    await let_renewal_come(demo, client)
    account = (await client.fetch(HISTORY))["viewer"]["account"]
    assert account["membership"] == {"status": "ACTIVE", "plan": {"code": "BASIC"}}
    assert await list_charges(demo, client) == [1999, 999]


@pytest.mark.parametrize(
    ("token", "kind"), [("decline-later", "PaymentDeclined"), ("challenge", "PaymentActionRequired")]
)
async def test_a_dearer_plan_that_is_not_paid_changes_nothing(demo: Demo, token: str, kind: str) -> None:
    client = await make_member(demo)
    await set_token(demo, client, token)
    answer = await change(client, "PREMIUM")
    assert answer["__typename"] == kind
    account = (await client.fetch(HISTORY))["viewer"]["account"]
    assert account["membership"]["plan"] == {"code": "STANDARD"}
    if kind == "PaymentActionRequired":
        await client.http.post(answer["url"] + "/approve")
        assert (await change(client, "PREMIUM"))["plan"] == {"code": "PREMIUM"}


async def set_token(demo: Demo, client: Client, token: str) -> None:
    """As if the gateway had thought better of the card it gave this token for."""
    await demo.services.pool.execute(
        "UPDATE payment_method SET token = $2 WHERE account_id = $1", client.account_id, token
    )


async def test_a_member_without_a_payment_method_is_told(demo: Demo) -> None:
    client = await demo.make_viewer(plan=PlanCode.BASIC)
    assert (await change(client, "PREMIUM"))["__typename"] == "PaymentDeclined"
    assert (await pay_with(client, "card"))["status"] == "ACTIVE"
    assert (await change(client, "PREMIUM"))["plan"] == {"code": "PREMIUM"}
    assert await list_charges(demo, client) == [1000]


async def test_cancelled_runs_to_the_end_and_can_be_taken_up_again(demo: Demo) -> None:
    client = await make_member(demo)
    begun = await change(client, "STANDARD")
    cancelled = await cancel(client)
    assert cancelled == begun | {"status": "CANCELLED", "renewsAt": None, "endsAt": begun["renewsAt"]}
    assert await cancel(client) == cancelled
    assert (await change(client, "PREMIUM"))["fields"][0]["path"] == "plan"
    assert (await start(client, "PREMIUM"))["fields"][0]["path"] == "input.plan"
    assert (await start(client, "STANDARD", "decline"))["__typename"] == "PaymentDeclined"
    assert await start(client, "STANDARD", None, key="again") == begun
    assert await start(client, "STANDARD", None, key="again") == begun
    assert await list_charges(demo, client) == [1549]


async def test_a_new_payment_method_is_checked_before_it_is_kept(demo: Demo) -> None:
    client = await make_member(demo)
    assert (await pay_with(client, "decline"))["__typename"] == "PaymentDeclined"
    assert (await pay_with(client, "5500-0000-0000-0004"))["fields"][0]["path"] == "paymentToken"
    asked = await pay_with(client, "challenge")
    assert asked["__typename"] == "PaymentActionRequired"
    assert "whether this is your card" in (await client.http.get(asked["url"])).text
    assert await read_token(demo, client) == "card"
    await client.http.post(asked["url"] + "/approve")
    assert (await pay_with(client, "challenge"))["status"] == "ACTIVE"
    assert await read_token(demo, client) == "challenge"
    assert await list_charges(demo, client) == [1549]


async def read_token(demo: Demo, client: Client) -> str:
    token: str = await demo.services.pool.fetchval(
        "SELECT token FROM payment_method WHERE account_id = $1", client.account_id
    )
    return token


async def test_a_declined_renewal_is_paid_with_another_card(demo: Demo) -> None:
    client = await make_debtor(demo)
    account = (await client.fetch(HISTORY))["viewer"]["account"]
    assert account["membership"]["status"] == "ACTIVE"
    assert account["billingHistory"]["edges"][0]["node"]["status"] == "OPEN"
    assert (await change(client, "PREMIUM"))["__typename"] == "PaymentDeclined"
    assert (await pay_with(client, "decline"))["__typename"] == "PaymentDeclined"
    paid = await pay_with(client, "card")
    assert at(paid["renewsAt"]) > demo.services.now() + timedelta(days=27)
    assert [invoice["status"] for invoice in await list_invoices(client)] == ["PAID", "PAID"]
    assert await list_charges(demo, client) == [1549, 1549]


async def test_on_hold_nobody_watches_until_it_is_paid(demo: Demo) -> None:
    client = await make_debtor(demo, on_hold=True)
    held = await client.fetch("{ viewer { account { membership { status endsAt renewsAt } } } }")
    membership = held["viewer"]["account"]["membership"]
    assert (membership["status"], membership["renewsAt"]) == ("PAST_DUE", None)
    assert abs(at(membership["endsAt"]) - demo.services.now() - HOLD) < timedelta(minutes=1)
    answer = await client.run(START, {"input": {"plan": "STANDARD", "paymentToken": "card"}})
    assert answer.codes == ["CONFLICT"]
    paid = await pay_with(client, "card")
    assert paid["status"] == "ACTIVE"
    assert paid["endsAt"] is None
    assert abs(at(paid["renewsAt"]) - add_months(demo.services.now(), 1)) < timedelta(minutes=1)
    assert await list_charges(demo, client) == [1549, 1549]


@pytest.mark.parametrize("on_hold", [False, True])
async def test_who_owes_and_cancels_is_out_at_once_and_owes_nothing(demo: Demo, on_hold: bool) -> None:
    client = await make_debtor(demo, on_hold=on_hold)
    ended = await cancel(client)
    assert ended["status"] == "ENDED"
    assert [invoice["status"] for invoice in await list_invoices(client)] == ["VOID", "PAID"]
    for text, variables in ((CHANGE, {"plan": "BASIC"}), (CANCEL, {}), (PAY, {"token": "card"})):
        assert (await client.run(text, variables)).codes == ["NOT_FOUND"]
    assert (await start(client, "BASIC"))["status"] == "ACTIVE"


async def test_the_next_access_token_has_the_new_plan(demo: Demo) -> None:
    signed_in = await demo.visitor.run(
        OPERATIONS["account"],
        {"input": {"email": "operator@example.com", "password": "demo-password"}},
        "SignIn",
    )
    session = signed_in.data["login"]
    assert session["__typename"] == "Session"
    verify = demo.services.authority.verifier.verify
    assert verify(session["accessToken"], demo.services.now()).plan is None
    account_id = session["viewer"]["account"]["id"]
    client = Client(demo.visitor.http, {"Authorization": f"Bearer {session['accessToken']}"}, account_id=account_id)
    try:
        assert (await start(client, "STANDARD"))["status"] == "ACTIVE"
        refreshed = await demo.visitor.fetch(
            """mutation ($token: String!) { refreshToken(refreshToken: $token) {
            ... on Session { accessToken } } }""",
            token=session["refreshToken"],
        )
        token = refreshed["refreshToken"]["accessToken"]
        assert verify(token, demo.services.now()).plan is PlanCode.STANDARD
    finally:
        for table in ("invoice", "payment_method", "membership"):
            await demo.services.pool.execute(
                f"DELETE FROM {table} WHERE account_id = $1",  # noqa: S608 - constants only
                account_id,
            )


async def test_history_pages_from_the_latest_and_is_nobody_elses(demo: Demo) -> None:
    client, stranger = await make_member(demo, "BASIC"), await make_member(demo)
    await change(client, "STANDARD")
    await change(client, "PREMIUM")
    everything = await list_invoices(client)
    assert [invoice["total"]["amount"] for invoice in everything] == [450, 550, 999]
    seen, after = [], None
    for _ in range(3):
        page = (await client.fetch(HISTORY, first=1, after=after))["viewer"]["account"]["billingHistory"]
        seen += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == everything
    assert not page["pageInfo"]["hasNextPage"]
    for cursor in ("nonsense", after):
        assert (await stranger.run(HISTORY, {"after": cursor})).codes == ["BAD_USER_INPUT"]
    identifier = everything[0]["id"]
    assert (await client.fetch(NODE, id=identifier))["node"] == {"__typename": "Invoice", "id": identifier}
    for other in (stranger, demo.visitor):
        assert (await other.fetch(NODE, id=identifier))["node"] is None


async def test_invoices_by_their_ids_are_read_at_once(demo: Demo) -> None:
    client, stranger = await make_member(demo, "BASIC"), await make_member(demo)
    await change(client, "PREMIUM")
    [another] = await list_invoices(stranger)
    ids = [*(invoice["id"] for invoice in await list_invoices(client)), another["id"], "inv_unknown"]
    before = len(demo.statements)
    assert await client.fetch(NODES, ids=ids) == {"nodes": [{"id": ids[0]}, {"id": ids[1]}, None, None]}
    assert sum("FROM invoice" in statement for statement in demo.statements[before:]) == 1


async def test_a_kid_sees_nothing_of_billing(demo: Demo) -> None:
    kid = await demo.make_viewer(is_kids=True)
    assert (await kid.fetch(HISTORY))["viewer"]["account"]["billingHistory"] is None


async def test_demo_accounts_paid_for_every_month(demo: Demo) -> None:
    client = await demo.sign_in("india@example.com")
    invoices = await list_invoices(client)
    assert [invoice["total"] for invoice in invoices] == [{"amount": 64900, "currency": "INR"}] * 4
    assert {invoice["status"] for invoice in invoices} == {"PAID"}


async def test_plans_show_the_prices_that_are_charged(demo: Demo) -> None:
    plans = "{ plans { code price { amount currency } maxStreams maxQuality downloadDevices period } }"
    shown = (await (await make_newcomer(demo, region="JP")).fetch(plans))["plans"]
    assert [plan["price"] for plan in shown] == [{"amount": n, "currency": "JPY"} for n in (990, 1490, 1980)]
    for_visitors = (await demo.visitor.fetch(plans))["plans"]
    assert [(plan["code"], plan["price"]["amount"], plan["price"]["currency"]) for plan in for_visitors] == [
        ("BASIC", 999, "USD"),
        ("STANDARD", 1549, "USD"),
        ("PREMIUM", 1999, "USD"),
    ]
    assert [(plan["maxQuality"], plan["maxStreams"], plan["downloadDevices"]) for plan in for_visitors] == [
        ("P480", 1, 0),
        ("P1080", 2, 2),
        ("P2160", 4, 6),
    ]


async def test_who_travels_is_charged_at_home(demo: Demo) -> None:
    """A token's region is where the viewer is, and no way to cheaper prices."""
    client = await make_newcomer(demo, region="IN")
    await demo.services.pool.execute("UPDATE account SET country = 'GB' WHERE id = $1", client.account_id)
    prices = await client.fetch("{ plans { price { currency } } viewer { region } }")
    assert prices["viewer"]["region"] == "IN"
    assert {plan["price"]["currency"] for plan in prices["plans"]} == {"GBP"}
    await start(client, "BASIC")
    assert (await list_invoices(client))[0]["total"] == {"amount": 799, "currency": "GBP"}


async def test_without_a_gateway_nothing_is_written_that_could_be_charged_later(demo: Demo) -> None:
    client, member = await make_newcomer(demo), await make_member(demo)
    account_id = str(client.account_id)
    billing, now = Billing(demo.services.pool, NoGateway()), demo.services.now()
    with pytest.raises(Unavailable):
        await start_membership(billing, account_id, plan=PlanCode.BASIC, token=CARD, key=None, now=now)
    with pytest.raises(Unavailable):
        await change_membership(billing, str(member.account_id), plan=PlanCode.PREMIUM, now=now)
    with pytest.raises(Unavailable):
        await update_payment_method(billing, str(member.account_id), token=CARD, now=now)
    assert await list_invoices(client) == []
    assert len(await list_invoices(member)) == 1
    assert await renew_memberships(billing, now + timedelta(days=400)) == 0
    assert isinstance(await cancel_membership(billing, str(member.account_id), now=now), Done)
