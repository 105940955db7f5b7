"""Many subscriptions that begin at once: they take turns, and nobody is late for the others' sake."""

from collections.abc import Iterator
from typing import Any

from bff.http import subscriptions
from bff.http.subscriptions import OPENING_AT_ONCE
from tests.ws.plain import Plain, serve_plain, started
from tests.ws.sockets import Socket, open_socket, until

OPENING = "subscription ($name: String!, $seconds: Float! = 600) { opening(name: $name, seconds: $seconds) { number } }"
QUICK = 'subscription { opening(name: "quick", seconds: 0.01) { number } }'


async def ask_for_more_than_may_open(socket: Socket) -> Iterator[str]:
    """Names of those that begin and never end with it, in their order, after whom one more waits for its turn."""
    await socket.greet()
    names = [f"opening {number}" for number in range(OPENING_AT_ONCE)]
    for name in names:
        await socket.subscribe(name, OPENING, variables={"name": name})
    await until(lambda: len(started) == OPENING_AT_ONCE)
    await socket.subscribe("last", QUICK)
    return iter(names)


async def test_the_next_begins_when_one_before_it_leaves(plain: Plain):
    async with open_socket(plain.url) as socket:
        names = await ask_for_more_than_may_open(socket)
        # The answer to what was asked last is the first that is heard: queries take no turns.
        assert (await socket.run("{ hello }"))["data"] == {"hello": "hello world"}
        await socket.say("complete", id=next(names))
        event = await socket.hear()
        assert (event["id"], event["payload"]["data"]) == ("last", {"opening": {"number": 1}})


async def test_one_that_leaves_before_its_turn_takes_none(plain: Plain):
    async with open_socket(plain.url) as socket:
        names = await ask_for_more_than_may_open(socket)
        await socket.say("complete", id="last")
        await socket.subscribe("after", QUICK)
        await socket.say("complete", id=next(names))
        assert (await socket.hear())["id"] == "after"


async def test_waiting_for_a_turn_is_no_part_of_the_deadline(monkeypatch):
    monkeypatch.setattr(subscriptions, "OPENING_AT_ONCE", 1)
    async with serve_plain(deadline=1) as plain, open_socket(plain.url) as socket:
        await socket.greet()
        await socket.subscribe("first", OPENING, variables={"name": "first"})
        await socket.subscribe("last", QUICK)
        late = await socket.hear()
        assert (late["id"], late["payload"][0]["extensions"]["code"]) == ("first", "DEADLINE_EXCEEDED")
        event = await socket.hear()
        assert (event["id"], event["payload"]["data"]) == ("last", {"opening": {"number": 1}})


async def test_each_operation_and_event_has_until_the_deadline_and_keeps_what_came_in_time():
    late = [{"path": ["hanging"], "code": "DEADLINE_EXCEEDED"}]
    async with serve_plain(deadline=0.3) as plain, open_socket(plain.url) as socket:
        await socket.greet()
        answer = await socket.run('{ hello hanging(name: "late") }')
        assert (answer["data"], tell(answer)) == ({"hello": "hello world", "hanging": None}, late)
        assert not started
        await socket.subscribe("a", "subscription { count(to: 2) { number never } }")
        for number in (1, 2):
            event = (await socket.hear())["payload"]
            assert event["data"] == {"count": {"number": number, "never": None}}
            assert tell(event) == [{"path": ["count", "never"], "code": "DEADLINE_EXCEEDED"}]
        assert (await socket.hear())["type"] == "complete"


def tell(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"path": error["path"], "code": error["extensions"]["code"]} for error in answer["errors"]]
