"""What every answer gets last: headers so that a browser guesses nothing, and a coding that the client takes."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.http.compression import choose_coding, compress, may_compress, vary
from bff.http.whole import IN_PIECES, SEND_WHOLE, SendWhole

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Finishing:
    """ASGI middleware. Headers that an answer has itself stay; what comes in one piece is compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        extensions = scope.setdefault("extensions", {})
        extensions[IN_PIECES] = {}
        send_whole: SendWhole | None = extensions.get(SEND_WHOLE)

        async def send_finished(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                said = dict(message["headers"])
                headers = [*message["headers"], *[header for header in SECURITY_HEADERS if header[0] not in said]]
                message["headers"] = headers
                if message["status"] == 304:
                    vary(headers)  # what a cache holds is described anew by this, and it may be compressed
                elif may_compress(message["status"], said):
                    held = message
                    return
            elif held is not None:
                start, held = held, None
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    pieces = await compress(start["headers"], _list_pieces(message), _find_coding(scope))
                    if send_whole is not None and send_whole(start, pieces):
                        return
                    message = {"type": "http.response.body", "body": b"".join(pieces)}
                await send(start)
            elif IN_PIECES in message:
                message = {"type": "http.response.body", "body": b"".join(message[IN_PIECES])}
            await send(message)

        await self._app(scope, receive, send_finished)


def _list_pieces(message: Message) -> Sequence[bytes]:
    pieces: Sequence[bytes] | None = message.get(IN_PIECES)
    return (message.get("body", b""),) if pieces is None else pieces


def _find_coding(scope: Scope) -> str | None:
    accepted = [value for name, value in scope["headers"] if name == b"accept-encoding"]
    return choose_coding(b", ".join(accepted).decode("latin-1")) if accepted else None
