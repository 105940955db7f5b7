"""The messages of the subprotocol `graphql-transport-ws`, read from and written to text.

Knows their shape alone; what they mean to a socket is `websocket`'s.
"""

from typing import Any

import orjson
from msgspec import Struct

from bff.errors import BadUserInput
from bff.http.requests import GraphQLRequest, build_request, parse_json

MAX_ID_LENGTH = 256


class BadMessage(Exception):
    """The text is no message that a client may send; says why."""


class ConnectionInit(Struct, frozen=True):
    """`payload` has the access token."""

    payload: dict[str, Any]

    def __repr__(self) -> str:
        return "ConnectionInit(…)"


class Ping(Struct, frozen=True):
    payload: dict[str, Any] | None

    def __repr__(self) -> str:
        return "Ping(…)"


class Pong(Struct, frozen=True):
    pass


class Subscribe(Struct, frozen=True):
    id: str
    request: GraphQLRequest


class Complete(Struct, frozen=True):
    id: str


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


def parse_message(text: str) -> ClientMessage:
    """Raises BadMessage."""
    try:
        message = parse_json(text.encode(), "The message")
        if not isinstance(message, dict):
            raise BadMessage("The message must be a JSON object with a `type`")
        match message.get("type"):
            case "connection_init":
                return ConnectionInit(_take_payload(message) or {})
            case "ping":
                return Ping(_take_payload(message))
            case "pong":
                _take_payload(message)
                return Pong()
            case "subscribe":
                payload = message.get("payload")
                if not isinstance(payload, dict):
                    raise BadMessage("`payload` of subscribe must be an object")
                return Subscribe(_take_id(message), build_request(payload))
            case "complete":
                return Complete(_take_id(message))
    except BadUserInput as error:
        raise BadMessage(error.message) from error
    raise BadMessage("`type` must be connection_init, ping, pong, subscribe or complete")


def write_message(kind: str, payload: object = None) -> str:
    """A message about the socket itself; without a payload where it is None."""
    return orjson.dumps({"type": kind} if payload is None else {"type": kind, "payload": payload}).decode()


def write_next(identifier: str, result: bytes) -> str:
    """`result` is an execution result in JSON."""
    return (b'{"id":%b,"type":"next","payload":%b}' % (orjson.dumps(identifier), result)).decode()


def write_error(identifier: str, errors: list[dict[str, Any]]) -> str:
    return orjson.dumps({"id": identifier, "type": "error", "payload": errors}).decode()


def write_complete(identifier: str) -> str:
    return orjson.dumps({"id": identifier, "type": "complete"}).decode()


def _take_payload(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if payload is None or isinstance(payload, dict):
        return payload
    raise BadMessage("`payload` must be an object or null")


def _take_id(message: dict[str, Any]) -> str:
    identifier = message.get("id")
    if isinstance(identifier, str) and 0 < len(identifier) <= MAX_ID_LENGTH:
        return identifier
    raise BadMessage(f"`id` must be a string of 1 to {MAX_ID_LENGTH} characters")
