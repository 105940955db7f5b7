"""How a connection is refused before there is a request, dropped, and told that the server stops.

An application that stays connected puts `drain`, a function without arguments, into its lifespan's state: it is called
when the server is told to stop, and what is connected then is the application's to end.
"""

from collections.abc import Callable
from typing import Any

CLOSE_DEADLINE = 5.0
"""Seconds in which a connection that is closed must take what waits for it; then it is dropped."""


def write_refusal(status: str, why: str) -> bytes:
    """A whole answer, after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(why)}"
    return f"{head}\r\nconnection: close\r\n\r\n{why}".encode()


def drain(state: dict[str, Any]) -> bool:
    """Tell the application to end what stays connected; whether it does."""
    tell: Callable[[], None] | None = state.get("drain")
    if tell is None:
        return False
    tell()
    return True
