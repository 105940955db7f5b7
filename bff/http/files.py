"""Sends parts of files on this machine from the kernel's memory into a connection, past the memory of this process."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from weakref import ref

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bff.http.waiting import STALL_DEADLINE

SEND_FILE = "marquee.sendfile"
"""The extension of an ASGI scope under which `HttpProtocol` offers `send_file` for its connection."""
BLOCK = 512 * 1024
"""Bytes that are sent, and may be read into the kernel's memory, before others have their turn."""

SendFile = Callable[[int, int, int], Awaitable[None]]


class FilePart(Response):
    """The bytes of a file from `start` up to `end` (exclusive); `headers` say how many they are."""

    def __init__(
        self, path: Path, start: int, end: int, *, status_code: int, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status_code=status_code, media_type=media_type, headers=headers)
        self._path, self._start, self._end = path, start, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- as ASGI has it
        file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            send_file: SendFile | None = scope.get("extensions", {}).get(SEND_FILE)
            if send_file is not None:
                await send_file(file, self._start, self._end)
            else:
                for start in range(self._start, self._end, BLOCK):
                    block = await asyncio.to_thread(os.pread, file, min(BLOCK, self._end - start), start)
                    await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            os.close(file)


async def send_file(held: ref[RequestResponseCycle], file: int, start: int, end: int) -> None:
    """Bytes of a body whose length was told in the head, which went before by `cycle.send`.

    Who takes nothing of it for `STALL_DEADLINE` is dropped, like who leaves: the cycle counts as disconnected then.
    """
    cycle = held()
    if cycle is None:
        return
    transport = cycle.transport
    await _flush(cycle)
    if cycle.disconnected or transport.is_closing():
        return
    # The loop lets nobody wait for the descriptor of a transport, but for another one of the same connection.
    connection = os.dup(transport.get_extra_info("socket").fileno())
    try:
        while start < end and not cycle.disconnected:
            count = min(BLOCK, end - start)
            if not _is_in_memory(file, start):
                await asyncio.to_thread(os.pread, file, count, start)
            try:
                sent = os.sendfile(connection, file, start, count)
            except BlockingIOError:
                await _await_room(connection)
                continue
            if sent == 0:
                raise EOFError("the file is shorter than it was")
            start += sent
            cycle.expected_content_length -= sent
            await asyncio.sleep(0)
    except (ConnectionError, TimeoutError):
        cycle.disconnected = True
        transport.abort()
    finally:
        os.close(connection)


async def _flush(cycle: RequestResponseCycle) -> None:
    """Until the connection has all that was written to it."""
    cycle.transport.set_write_buffer_limits(0)
    try:
        await cycle.flow.drain()
    finally:
        cycle.transport.set_write_buffer_limits()


async def _await_room(connection: int) -> None:
    """Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    room = asyncio.Event()
    loop.add_writer(connection, room.set)
    try:
        async with asyncio.timeout(STALL_DEADLINE):
            await room.wait()
    finally:
        loop.remove_writer(connection)


def _is_in_memory(file: int, place: int) -> bool:
    """Whether the kernel has what stands there; then it has read on from it, too. Nobody waits for a disk here."""
    try:
        return os.preadv(file, [bytearray(1)], place, os.RWF_NOWAIT) > 0
    except OSError:
        return False
