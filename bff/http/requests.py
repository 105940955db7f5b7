"""A GraphQL request out of an HTTP body or a query string, guarded against anything a client can send.

Knows the shape of a request and its limits; parses no GraphQL.
"""

from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from msgspec import Struct

from bff.errors import BadUserInput
from bff.http.errors import ContentTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 256 * 1024
MAX_JSON_DEPTH = 64
MAX_JSON_VALUES = 5_000
"""Variables are held to their types one by one, up to 13 microseconds each, and nobody else is served meanwhile."""
_SIMPLE_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name", "x-requested-with")


class GraphQLRequest(Struct, frozen=True, kw_only=True):
    """What GraphQL over HTTP calls the request's parameters; unknown ones are ignored, as it asks.

    At least one of `query`, `document_id` and `extensions["persistedQuery"]` is there.
    """

    query: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None

    def __repr__(self) -> str:
        return f"GraphQLRequest({self.operation_name!r}, …)"

    @property
    def persisted_query(self) -> Any:
        return None if self.extensions is None else self.extensions.get("persistedQuery")


_kept: dict[bytes, GraphQLRequest] = {}
_MOST_KEPT = 250
_LONGEST_KEPT = 8 * 1024


def check_content_type(content_type: str | None, content_encoding: str | None) -> None:
    """Refuse what is not JSON in UTF-8, uncompressed.

    Raises UnsupportedMediaType.
    """
    media_type, charset = _parse_content_type(content_type)
    if media_type != "application/json":
        raise UnsupportedMediaType("POST takes a JSON body; send it with Content-Type: application/json.")
    if charset not in ("", "utf-8", "utf8"):
        raise UnsupportedMediaType("The body must be UTF-8; send Content-Type: application/json; charset=utf-8.")
    if content_encoding is not None and content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("The body must not be compressed; leave Content-Encoding out.")


def would_be_preflighted(headers: Mapping[str, str]) -> bool:
    """Whether a browser would ask first before it sent this from another site (CSRF).

    `headers` by lower-case name: a content type that no form can send, or a header that marks the intent.
    """
    if any(headers.get(name) for name in _PREFLIGHT_HEADERS):
        return True
    content_type = headers.get("content-type")
    return content_type is not None and _parse_content_type(content_type)[0] not in {"", *_SIMPLE_TYPES}


def parse_body(body: bytes) -> GraphQLRequest:
    """Read the JSON body of a POST. What bears no variables is read once for all who send the same.

    Raises BadUserInput for anything but one object with parameters of the right types, ContentTooLarge past
    MAX_BODY_BYTES.
    """
    request = _kept.get(body)
    if request is None:
        request = _parse_body(body)
        if len(body) <= _LONGEST_KEPT and not (request.variables or request.extensions):
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            _kept[body] = request
    return request


def _parse_body(body: bytes) -> GraphQLRequest:
    if len(body) > MAX_BODY_BYTES:
        raise ContentTooLarge(f"The body is larger than {MAX_BODY_BYTES} bytes; ask for less in one operation.")
    if not body.strip():
        raise BadUserInput('The body is empty; send JSON like {"query": "{ __typename }"}.')
    parameters = parse_json(body, "The body")
    if isinstance(parameters, list):
        raise BadUserInput("Batches are not served; send one operation a request.")
    if not isinstance(parameters, dict):
        raise BadUserInput('The body must be a JSON object like {"query": "{ __typename }"}.')
    return build_request(parameters)


def parse_query_string(query_string: bytes) -> GraphQLRequest:
    """Read the parameters of a GET; `variables` and `extensions` are JSON texts.

    Raises BadUserInput, ContentTooLarge.
    """
    if len(query_string) > MAX_BODY_BYTES:
        raise ContentTooLarge(f"The query string is larger than {MAX_BODY_BYTES} bytes; use POST and ask for less.")
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_JSON_DEPTH
        )
    except ValueError as error:
        raise BadUserInput("The query string is no valid percent-encoded UTF-8 of a few parameters.") from error
    parameters: dict[str, Any] = {}
    for name, value in pairs:
        if name in parameters:
            raise BadUserInput(f"The parameter {name} is there twice; send it once.")
        if "\0" in value:
            raise BadUserInput(f"The parameter {name} holds a NUL character; leave it out.")
        parameters[name] = value
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        if text is not None:
            parameters[name] = parse_json(text.encode(), f"The parameter {name}") if text else None
    return build_request(parameters)


def parse_json(text: bytes, what: str) -> Any:
    """Read JSON of any client; `what` begins the complaint about it.

    Raises BadUserInput for what is no JSON, too deep, too many values, or holds NUL.
    """
    # PostgreSQL keeps no NUL, so none may come in, neither as JSON's escape nor as that of a GraphQL string.
    if b"\\u0000" in text:
        raise BadUserInput(f"{what} holds a NUL character; leave it out.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadUserInput(f"{what} is no valid JSON: {error.msg} (byte {error.pos}).") from error
    opened = text.count(b"[") + text.count(b"{")
    if opened > MAX_JSON_DEPTH or opened + text.count(b",") > MAX_JSON_VALUES:
        _check_extent(value, what)
    return value


def _check_extent(value: Any, what: str) -> None:
    count = 0
    level = [value]
    for _ in range(MAX_JSON_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        count += len(below)
        if count > MAX_JSON_VALUES:
            raise BadUserInput(f"{what} holds more than {MAX_JSON_VALUES} values; send them in several requests.")
        level = below
    raise BadUserInput(f"{what} is nested deeper than {MAX_JSON_DEPTH} levels; flatten it.")


def build_request(parameters: dict[str, Any]) -> GraphQLRequest:
    """The request that an object of parameters makes, on any transport.

    Raises BadUserInput for parameters of the wrong type, or where none names an operation.
    """
    request = GraphQLRequest(
        query=_take(parameters, "query", str, "a string"),
        variables=_take(parameters, "variables", dict, "an object"),
        operation_name=_take(parameters, "operationName", str, "a string"),
        extensions=_take(parameters, "extensions", dict, "an object"),
        document_id=_take(parameters, "documentId", str, "a string"),
    )
    if request.query is None and request.document_id is None and request.persisted_query is None:
        raise BadUserInput("There is no operation; send its text as `query`.")
    return request


def _take(parameters: dict[str, Any], name: str, kind: type, article_and_kind: str) -> Any:
    value = parameters.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise BadUserInput(f"`{name}` must be {article_and_kind} or null.")


@lru_cache(maxsize=256)
def _parse_content_type(content_type: str | None) -> tuple[str, str]:
    """The media type and its charset, in lower case; empty where there is none."""
    if not content_type:
        return "", ""
    message = Message()
    message["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    charset = message.get_param("charset", "")
    return message.get_content_type(), charset.lower() if isinstance(charset, str) else "?"
