"""Who may open a socket, and what it says of itself in `connection_init`: browsers set no headers on sockets."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.types import Scope

from bff.errors import BadUserInput

_INIT_HEADERS = {
    "authorization": b"authorization",
    "deviceId": b"x-device-id",
    "deviceClass": b"x-device-class",
    "timeZone": b"x-time-zone",
    "clientName": b"x-client-name",
    "clientVersion": b"x-client-version",
}
"""What `connection_init` may say, and the header of HTTP that says it."""


def may_connect(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether the page that opens the socket may: browsers send its `Origin`, other programs none.

    The scheme is left out where it is the same host: a proxy in front may speak TLS.
    """
    origin = headers.get("origin")
    if origin is None or origin in origins or "*" in origins:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    default = ":443" if parts.scheme == "https" else ":80"
    host = headers.get("host", "").lower()
    return bool(parts.netloc) and parts.netloc.lower().removesuffix(default) == host.removesuffix(default)


def adopt(scope: Scope, payload: Mapping[str, Any]) -> Scope:
    """The scope of a connection that says in headers what `connection_init` said.

    Raises BadUserInput for what is no text.
    """
    said: dict[bytes, bytes] = {}
    for name, header in _INIT_HEADERS.items():
        value = payload.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise BadUserInput(f"`{name}` of connection_init must be a string.")
        said[header] = value.encode()
    kept = [(name, value) for name, value in scope["headers"] if name not in said]
    return {**scope, "headers": [*kept, *said.items()]}
