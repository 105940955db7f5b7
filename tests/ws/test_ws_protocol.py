"""The text of `graphql-transport-ws`, clause by clause."""

import asyncio
import hashlib
import json

import pytest
import websockets

from bff.http import websocket
from tests.ws.plain import ALLOWED_ORIGIN, PUBLISHED_ID, Plain, started
from tests.ws.sockets import open_socket, until
from tests.ws.wire import HANDSHAKE, dialled, frame

COUNT = "subscription { count(to: 3) { number } }"
SILENT = "subscription { silent { number } }"


def opened(plain: Plain, **options):
    return open_socket(plain.url, **options)


async def test_the_subprotocol_is_agreed_on(plain: Plain):
    async with opened(plain, subprotocols=("other", "graphql-transport-ws")) as socket:
        assert socket.connection.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize("subprotocols", [(), ("graphql-ws",)])
async def test_another_subprotocol_is_closed_with_4406(plain: Plain, subprotocols):
    async with opened(plain, subprotocols=subprotocols) as socket:
        assert await socket.hear_close() == 4406


async def test_init_is_acknowledged_with_or_without_a_payload(plain: Plain):
    for payload in ({}, {"payload": None}, {"payload": {}}, {"payload": {"unknown": [1]}}):
        async with opened(plain) as socket:
            await socket.say("connection_init", **payload)
            assert await socket.hear() == {"type": "connection_ack"}


async def test_no_init_in_time_is_closed_with_4408(plain: Plain, monkeypatch):
    monkeypatch.setattr(websocket, "INIT_DEADLINE", 0.1)
    async with opened(plain) as socket:
        await socket.say("ping")
        assert await socket.hear_close() == 4408


async def test_the_deadline_of_init_ends_with_it(plain: Plain, monkeypatch):
    monkeypatch.setattr(websocket, "INIT_DEADLINE", 0.1)
    async with opened(plain) as socket:
        await socket.greet()
        await asyncio.sleep(0.2)
        assert (await socket.run("{ hello }"))["data"] == {"hello": "hello world"}


async def test_a_second_init_is_closed_with_4429(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.say("connection_init")
        assert await socket.hear_close() == 4429


async def test_a_rejected_init_is_closed_with_4403(plain: Plain):
    for authorization in ("Bearer bad", "Basic abc", "", "Bearer 🗝"):
        async with opened(plain) as socket:
            await socket.say("connection_init", payload={"authorization": authorization})
            assert await socket.hear_close() == 4403


async def test_what_init_says_wrongly_is_closed_with_4400(plain: Plain):
    for payload in ({"authorization": 5}, {"deviceId": []}, {"deviceClass": "FRIDGE"}):
        async with opened(plain) as socket:
            await socket.say("connection_init", payload=payload)
            assert await socket.hear_close() == 4400


async def test_what_breaks_inside_is_closed_with_4500_and_tells_nothing(plain: Plain, caplog):
    async with opened(plain) as socket:
        await socket.say("connection_init", payload={"authorization": "Bearer good but cursed"})
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.hear()
    assert (closed.value.rcvd.code, "hunter2" in closed.value.rcvd.reason) == (4500, False)
    (record,) = [record for record in caplog.records if record.name == "bff.http"]
    assert "hunter2" in record.exc_text


@pytest.mark.parametrize("sent", [b"\xf1\x80\0\0\0\0", b"\x81\x00", b"\x80\x80\0\0\0\0", b"\x83\x80\0\0\0\0"])
async def test_frames_that_are_none_are_closed_with_1002(plain: Plain, sent):
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        kind, _, *code = await reader.readexactly(4)
        assert (kind, int.from_bytes(bytes(code))) == (0x88, 1002)


async def test_operations_before_the_acknowledgement_are_closed_with_4401(plain: Plain):
    async with opened(plain) as socket:
        await socket.subscribe("a", "{ hello }")
        assert await socket.hear_close() == 4401


async def test_the_token_of_init_holds_for_every_operation_and_stays_with_its_socket(plain: Plain):
    async with opened(plain) as one, opened(plain) as other:
        await one.greet(authorization="Bearer good one")
        await other.greet()
        assert (await one.run("{ authorization }"))["data"] == {"authorization": "Bearer good one"}
        assert (await other.run("{ authorization }"))["data"] == {"authorization": None}


async def test_pings_are_answered_with_their_payload_at_any_time(plain: Plain):
    async with opened(plain) as socket:
        await socket.say("ping", payload={"at": 1})
        assert await socket.hear() == {"type": "pong", "payload": {"at": 1}}
        await socket.greet()
        await socket.say("ping")
        assert await socket.hear() == {"type": "pong"}
        await socket.say("ping", payload=None)
        assert await socket.hear() == {"type": "pong"}


async def test_pongs_need_no_ping(plain: Plain):
    async with opened(plain) as socket:
        await socket.say("pong", payload={"at": 1})
        await socket.greet()
        await socket.say("pong")
        assert "data" in await socket.run("{ hello }")


async def test_a_query_has_one_result_and_completes(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        answer = await socket.run("query ($name: String!) { hello(name: $name) }", variables={"name": "Ada"})
        assert answer == {"data": {"hello": "hello Ada"}}


async def test_a_mutation_has_one_result_and_completes(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        assert await socket.run('mutation { shout(text: "a") }') == {"data": {"shout": "A"}}


async def test_the_operation_is_chosen_by_its_name(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        text = "query A { hello } query B { authorization }"
        assert await socket.run(text, operationName="B") == {"data": {"authorization": None}}


async def test_a_subscription_has_its_results_in_order_and_completes(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("a", COUNT)
        numbers = [(await socket.hear())["payload"]["data"]["count"]["number"] for _ in range(3)]
        assert numbers == [1, 2, 3]
        assert await socket.hear() == {"id": "a", "type": "complete"}


async def test_every_event_has_a_context_of_its_own(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("a", "subscription { count(to: 3) { context } }")
        contexts = [(await socket.hear())["payload"]["data"]["count"]["context"] for _ in range(3)]
        assert len(set(contexts)) == 3


async def test_operations_interleave(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("slow", "{ slow(seconds: 0.3) }")
        await socket.subscribe("silent", SILENT)
        assert (await socket.run("{ hello }"))["data"]
        assert (await socket.hear())["id"] == "slow"


async def test_an_active_id_again_is_closed_with_4409(plain: Plain):
    for text in (SILENT, "{ slow(seconds: 5) }"):
        async with opened(plain) as socket:
            await socket.greet()
            await socket.subscribe("a", text)
            await socket.subscribe("a", "{ hello }")
            assert await socket.hear_close() == 4409


async def test_an_id_is_free_again_once_its_operation_is_over(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        for _ in range(3):
            assert "data" in await socket.run("{ hello }", "a")
        await socket.subscribe("a", "{ nothing }")
        assert (await socket.hear())["type"] == "error"
        assert "data" in await socket.run("{ hello }", "a")
        await socket.subscribe("a", SILENT)
        await until(lambda: "silent" in started)
        await socket.say("complete", id="a")
        assert "data" in await socket.run("{ hello }", "a")


async def test_complete_ends_the_subscription_without_a_word(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("a", SILENT)
        await until(lambda: "silent" in started)
        await socket.say("complete", id="a")
        await until(lambda: not started)
        await socket.say("ping")
        assert await socket.hear() == {"type": "pong"}


async def test_a_query_completed_by_the_client_sends_no_result(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("a", "{ slow(seconds: 0.1) }")
        await socket.say("complete", id="a")
        await asyncio.sleep(0.3)
        await socket.say("ping")
        assert await socket.hear() == {"type": "pong"}


async def test_completing_what_is_unknown_or_over_is_ignored(plain: Plain):
    async with opened(plain) as socket:
        await socket.say("complete", id="never")
        await socket.greet()
        await socket.run("{ hello }", "a")
        await socket.say("complete", id="a")
        await socket.say("complete", id="never")
        assert "data" in await socket.run("{ hello }", "a")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($a: Int!) { hello }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($name: String!) { hello(name: $name) }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ("subscription ($to: Int!) { count(to: $to) { number } }", "BAD_USER_INPUT"),
        ("subscription { refused { number } }", "FORBIDDEN"),
        ("{" + "a: hello " * 40 + "}", "TOO_EXPENSIVE"),
    ],
)
async def test_an_operation_that_cannot_run_is_an_error_and_the_socket_lives_on(plain: Plain, text, code):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("silent", SILENT)
        await socket.subscribe("a", text)
        error = await socket.hear()
        assert (error["id"], error["type"]) == ("a", "error")
        assert error["payload"][0]["extensions"]["code"] == code
        assert "data" in await socket.run("{ hello }")


async def test_a_field_that_fails_leaves_the_data_beside_it(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        answer = await socket.run("{ hello broken }")
        assert answer["data"] == {"hello": "hello world", "broken": None}
        assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "hunter2" not in json.dumps(answer)


async def test_an_event_whose_field_fails_is_followed_by_the_next(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("a", "subscription { count(to: 2) { number broken } }")
        for number in (1, 2):
            payload = (await socket.hear())["payload"]
            assert payload["data"]["count"] == {"number": number, "broken": None}
            assert payload["errors"][0]["path"] == ["count", "broken"]
        assert (await socket.hear())["type"] == "complete"


async def test_a_stream_that_breaks_ends_with_an_error_that_tells_nothing(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.subscribe("a", "subscription { breaking { number } }")
        assert (await socket.hear())["type"] == "next"
        error = await socket.hear()
        assert error["type"] == "error"
        assert error["payload"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "hunter2" not in json.dumps(error)
        assert "data" in await socket.run("{ hello }", "a")


async def test_published_documents_are_run_by_their_id(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.say("subscribe", id="a", payload={"documentId": PUBLISHED_ID})
        assert (await socket.hear())["payload"] == {"data": {"count": {"number": 1}}}
        assert await socket.hear() == {"id": "a", "type": "complete"}


async def test_persisted_queries_are_kept_for_whoever_comes_next(plain: Plain):
    text = 'query { hello(name: "persisted") }'
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}
    async with opened(plain) as socket:
        await socket.greet()
        assert "data" in await socket.run(text, extensions=extensions)
        await socket.say("subscribe", id="a", payload={"extensions": extensions})
        assert (await socket.hear())["payload"] == {"data": {"hello": "hello persisted"}}


async def test_unknown_documents_are_an_error_of_the_operation(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.say("subscribe", id="a", payload={"documentId": "sha256:" + "0" * 64})
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
        await socket.say("subscribe", id="a", payload={"extensions": extensions})
        assert (await socket.hear())["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


MALFORMED = {
    "no JSON": "hello",
    "empty": "",
    "array": "[]",
    "array of a message": '[{"type":"ping"}]',
    "number": "5",
    "string": '"ping"',
    "null": "null",
    "true": "true",
    "no type": "{}",
    "null type": '{"type":null}',
    "list type": '{"type":[]}',
    "unknown type": '{"type":"start"}',
    "a server's type": '{"type":"next","id":"a","payload":{}}',
    "nested lists": "[" * 200_000,
    "nested objects": '{"type":"ping","payload":' + '{"a":' * 40_000 + "1" + "}" * 40_000 + "}",
    "many values": '{"type":"ping","payload":{"a":[' + "1," * 20_000 + "1]}}",
    "long number": '{"type":"ping","payload":' + "9" * 5000 + "}",
    "lone surrogate": '{"type":"ping","payload":{"a":"\\ud800"}}',
    "ping of a string": '{"type":"ping","payload":"a"}',
    "ping of a list": '{"type":"ping","payload":[]}',
    "pong of a string": '{"type":"pong","payload":"a"}',
    "init of a string": '{"type":"connection_init","payload":"a"}',
    "init of a list": '{"type":"connection_init","payload":[]}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_message_is_closed_with_4400(plain: Plain, text):
    async with opened(plain) as socket:
        await socket.connection.send(text)
        assert await socket.hear_close() == 4400


SUBSCRIBES = {
    "no id": {"payload": {"query": "{hello}"}},
    "null id": {"id": None, "payload": {"query": "{hello}"}},
    "number id": {"id": 1, "payload": {"query": "{hello}"}},
    "object id": {"id": {}, "payload": {"query": "{hello}"}},
    "empty id": {"id": "", "payload": {"query": "{hello}"}},
    "long id": {"id": "a" * 257, "payload": {"query": "{hello}"}},
    "no payload": {"id": "a"},
    "null payload": {"id": "a", "payload": None},
    "string payload": {"id": "a", "payload": "{hello}"},
    "list payload": {"id": "a", "payload": []},
    "no query": {"id": "a", "payload": {}},
    "null query": {"id": "a", "payload": {"query": None}},
    "number query": {"id": "a", "payload": {"query": 5}},
    "string variables": {"id": "a", "payload": {"query": "{hello}", "variables": "a"}},
    "list variables": {"id": "a", "payload": {"query": "{hello}", "variables": []}},
    "string extensions": {"id": "a", "payload": {"query": "{hello}", "extensions": "a"}},
    "number name": {"id": "a", "payload": {"query": "{hello}", "operationName": 5}},
}


@pytest.mark.parametrize("fields", SUBSCRIBES.values(), ids=SUBSCRIBES.keys())
async def test_what_is_no_subscribe_is_closed_with_4400(plain: Plain, fields):
    async with opened(plain) as socket:
        await socket.greet()
        await socket.say("subscribe", **fields)
        assert await socket.hear_close() == 4400


async def test_what_is_no_complete_is_closed_with_4400(plain: Plain):
    for identifier in (None, 1, "", {}):
        async with opened(plain) as socket:
            await socket.greet()
            await socket.say("complete", id=identifier)
            assert await socket.hear_close() == 4400


async def test_binary_messages_are_closed_with_4400(plain: Plain):
    async with opened(plain) as socket:
        await socket.connection.send(b'{"type":"connection_init"}')
        assert await socket.hear_close() == 4400


async def test_text_that_is_no_utf_8_is_closed_with_1007(plain: Plain, caplog):
    async with opened(plain) as socket:
        await socket.connection.send(b"\xff\xfe", text=True)
        assert await socket.hear_close() == 1007
    assert caplog.records == []


async def test_a_frame_that_is_none_behind_a_message_that_is_none_is_not_worth_a_line_in_the_log(plain: Plain, caplog):
    async with dialled(plain) as (reader, writer):
        writer.write(HANDSHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame("{}") + b"\xf1\x80\0\0\0\0")
        async with asyncio.timeout(5):
            await reader.read()
        await until(lambda: plain.is_idle)
    assert caplog.records == []


@pytest.mark.parametrize("parts", [1, 40])
async def test_messages_over_256_kib_are_closed_with_1009(plain: Plain, parts):
    async with opened(plain) as socket:
        part = " " * (257 * 1024 // parts + 1)
        await socket.connection.send(part if parts == 1 else [part] * parts)
        assert await socket.hear_close() == 1009


async def test_messages_up_to_256_kib_in_many_frames_are_taken(plain: Plain):
    async with opened(plain) as socket:
        await socket.connection.send(['{"type":"connection_init"', *[" " * 1000] * 250, "}"])
        assert await socket.hear() == {"type": "connection_ack"}


async def test_a_hundred_operations_at_once_are_taken_and_no_more(plain: Plain):
    async with opened(plain) as socket:
        await socket.greet()
        for number in range(websocket.MAX_OPERATIONS):
            await socket.subscribe(str(number), f'subscription {{ silent(name: "{number}") {{ number }} }}')
        await until(lambda: len(started) == websocket.MAX_OPERATIONS)
        await socket.subscribe("more", SILENT)
        error = await socket.hear()
        assert (error["id"], error["payload"][0]["extensions"]["code"]) == ("more", "RATE_LIMITED")
        await socket.say("complete", id="0")
        assert "data" in await socket.run("{ hello }", "more")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://tv.example.com", "garbage", "http://[", ""])
async def test_pages_of_other_sites_are_refused_before_the_socket_opens(plain: Plain, origin):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with opened(plain, headers={"Origin": origin}):
            pass
    assert refused.value.response.status_code == 403


async def test_pages_of_this_server_and_allowed_sites_may_connect(plain: Plain):
    for origin in (plain.url, plain.url.replace("http:", "https:"), ALLOWED_ORIGIN):
        async with opened(plain, headers={"Origin": origin}) as socket:
            await socket.greet()
