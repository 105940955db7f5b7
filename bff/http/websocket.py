"""GraphQL over WebSocket: the subprotocol `graphql-transport-ws`, every clause of it.

A socket says who it is once, in `connection_init`; every operation and event gets a context of its own from that. What
is sent is bounded by the reader: nothing is executed ahead of what the connection takes.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import cast

from graphql import OperationType
from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from bff.errors import BadUserInput, Error
from bff.http.connections import Connections, Ending
from bff.http.errors import Incident
from bff.http.handshake import adopt, may_connect
from bff.http.messages import (
    BadMessage,
    ClientMessage,
    Complete,
    ConnectionInit,
    Ping,
    Subscribe,
    parse_message,
    write_complete,
    write_error,
    write_message,
    write_next,
)
from bff.http.requests import GraphQLRequest
from bff.http.subscriptions import Asked, Refused, ResultStreams, refusing

SUBPROTOCOL = "graphql-transport-ws"
INIT_DEADLINE = 5.0
"""Seconds until `connection_init` must have come."""
MAX_OPERATIONS = 100
"""What may be active at once on one socket."""
LANES = 8
"""How many results of one socket may be in the making or wait to be sent at once."""
_FINISH_DEADLINE = 6.0
"""Seconds that operations get to be answered when the process stops: a little more than one may take."""
_MAX_REASON = 123


class Close(Exception):
    """The server closes the socket with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class _Gone(Exception):
    """The other side has left."""


class _Operation(Struct, eq=False):
    task: "asyncio.Task[None] | None" = None
    is_subscription: bool = False


class WebSocketEndpoint:
    """The ASGI app of `/graphql` for sockets.

    `identify` raises errors of `bff.errors` for a connection that says a wrong thing of itself. Pages of `origins`
    (`https://tv.example.com`) may connect besides those of this server itself.
    """

    def __init__(
        self,
        streams: ResultStreams,
        connections: Connections,
        identify: Callable[[HTTPConnection], object],
        *,
        origins: Sequence[str] = (),
    ) -> None:
        self._streams = streams
        self._connections = connections
        self._identify = identify
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if not may_connect(Headers(scope=scope), self._origins):
            await send({"type": "websocket.close", "code": 1008})  # 403 before the socket is open
            return
        is_ours = SUBPROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if is_ours else None})
        if not is_ours:
            reason = f"Subprotocol not acceptable; offer {SUBPROTOCOL}"
            await send({"type": "websocket.close", "code": 4406, "reason": reason})
            return
        socket = _Socket(scope, receive, send, self._streams, self._identify)
        with self._connections.holding_socket(socket):
            await socket.run()


class _Socket:
    """One connection, from its opening to its end. `run` alone closes it."""

    __slots__ = (
        "_identify",
        "_is_leaving",
        "_lane",
        "_operations",
        "_receive",
        "_send_event",
        "_streams",
        "_task",
        "_why",
        "connection",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        streams: ResultStreams,
        identify: Callable[[HTTPConnection], object],
    ) -> None:
        self.connection = HTTPConnection(scope)
        self._receive = receive
        self._send_event = send
        self._streams = streams
        self._identify = identify
        self._operations: dict[str, _Operation] = {}
        self._lane = asyncio.Semaphore(LANES)
        self._task = cast("asyncio.Task[None]", asyncio.current_task())
        self._why: Ending | None = None
        self._is_leaving = False

    def end(self, why: Ending) -> None:
        if self._why is None and not self._is_leaving:
            self._why = why
            self._task.cancel()

    async def run(self) -> None:
        try:
            close = await self._converse()
            if self._why is Ending.RESTART:
                await self._finish()
        finally:
            await self._stop()
        if close is not None:
            reason = close.reason.encode()[:_MAX_REASON].decode(errors="ignore")
            with suppress(OSError, RuntimeError):  # lost, or closed by the protocol below
                await self._send_event({"type": "websocket.close", "code": close.code, "reason": reason})

    async def _converse(self) -> Close | None:
        """Take messages until one side has enough; gives what the server closes with."""
        try:
            await self._begin()
            while True:
                await self._take(await self._next())
                await asyncio.sleep(0)  # others get their turn, however many messages have come
        except _Gone:
            return None
        except Close as close:
            return close
        except asyncio.CancelledError:
            if self._why is None:
                raise
            self._task.uncancel()
            return Close(1012 if self._why is Ending.RESTART else 4403, self._why.value)
        except Exception as error:
            incident = Incident()
            incident.mask(error, "a socket")
            return Close(4500, f"Internal server error; tell support the trace id {incident.trace_id}")
        finally:
            self._is_leaving = True

    async def _begin(self) -> None:
        """Until the connection is acknowledged."""
        try:
            async with asyncio.timeout(INIT_DEADLINE):
                while True:
                    message = await self._next()
                    if isinstance(message, ConnectionInit):
                        break
                    if isinstance(message, Subscribe):
                        raise Close(4401, "Unauthorized; send connection_init first")
                    await self._take(message)
        except TimeoutError:
            raise Close(4408, "Connection initialisation timeout") from None
        try:
            self.connection = HTTPConnection(adopt(self.connection.scope, message.payload))
            self._identify(self.connection)
        except BadUserInput as error:
            raise Close(4400, error.message) from error
        except Error as error:
            raise Close(4403, error.message) from error
        await self._send(write_message("connection_ack"))

    async def _next(self) -> ClientMessage:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise _Gone
        text = event.get("text")
        if text is None:
            raise Close(4400, "Messages are text")
        try:
            return parse_message(text)
        except BadMessage as error:
            raise Close(4400, str(error)) from error

    async def _take(self, message: ClientMessage) -> None:
        match message:
            case Subscribe(identifier, request):
                await self._subscribe(identifier, request)
            case Complete(identifier):
                operation = self._operations.pop(identifier, None)
                if operation is not None and operation.task is not None:
                    operation.task.cancel()
            case Ping(payload):
                await self._send(write_message("pong", payload))
            case ConnectionInit():
                raise Close(4429, "Too many initialisation requests")

    async def _subscribe(self, identifier: str, request: GraphQLRequest) -> None:
        if identifier in self._operations:
            raise Close(4409, f"Subscriber for {identifier} already exists")
        if len(self._operations) >= MAX_OPERATIONS:
            message = f"At most {MAX_OPERATIONS} operations may be active on a socket; complete some."
            extensions = {"code": "RATE_LIMITED", "retryAfter": 1}
            await self._send(write_error(identifier, [{"message": message, "extensions": extensions}]))
            return
        operation = self._operations[identifier] = _Operation()
        operation.task = asyncio.create_task(self._operate(identifier, operation, request))

    async def _operate(self, identifier: str, operation: _Operation, request: GraphQLRequest) -> None:
        incident = Incident(self._streams.begin_trace())
        try:
            with refusing(incident):
                self._streams.charge_reading(self.connection)
                found = await self._streams.find(self.connection, request, incident)
                operation.is_subscription = found.operation.operation is OperationType.SUBSCRIPTION
                asked = Asked(
                    connection=self.connection, request=request, found=found, incident=incident, lane=self._lane
                )
                results = await self._streams.open(asked)
            async with aclosing(results):
                async for result in results:
                    await self._send(write_next(identifier, result))
            end = write_complete(identifier)
        except Refused as refused:
            end = write_error(identifier, refused.errors)
        except _Gone:
            return
        finally:
            if self._operations.get(identifier) is operation:
                del self._operations[identifier]  # before the client learns it and uses the id again
        try:
            await self._send(end)
        except _Gone:
            return

    async def _send(self, text: str) -> None:
        """Wait until the connection takes it."""
        try:
            await self._send_event({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError) as error:  # lost, or closed by the protocol below
            raise _Gone from error

    async def _finish(self) -> None:
        """Let what is no subscription come to its answer."""
        answers = [
            operation.task
            for operation in self._operations.values()
            if operation.task is not None and not operation.is_subscription
        ]
        if answers:
            await asyncio.wait(answers, timeout=_FINISH_DEADLINE)

    async def _stop(self) -> None:
        tasks = [operation.task for operation in self._operations.values() if operation.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
