"""Takes the parts of uploads into the local object store: `PUT /uploads/{token}/{part}`. Other stores take theirs
themselves."""

import logging
import re
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bff.domain.uploads import UploadPart, UploadState, part_key
from bff.errors import Error, Unavailable
from bff.services import Services
from bff.stores.postgres import is_away
from bff.stores.uploads import find_upload

log = logging.getLogger(__name__)

SLOWEST = 50_000
"""Bytes a second that somebody sends at least."""
_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)


class _Refusal(Exception):
    """What is wrong with a request: the status, and what to do about it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def upload_route(services: Services) -> Route:
    """A part may be sent again, and counts once it is whole: 204."""

    async def take(request: Request) -> Response:
        try:
            upload_id, part = await _find_part(services, request)
            pieces = _read_pieces(request, part.size)
            await services.objects.write_stream(part_key(upload_id, part.number), pieces, part.size, slowest=SLOWEST)
        except ClientDisconnect:
            return Response(status_code=400)
        except _Refusal as refusal:
            return _refuse(refusal.status, refusal.message)
        except Error as error:
            return _refuse({"FORBIDDEN": 403, "UNAVAILABLE": 503}.get(error.code, 500), error.message)
        return Response(status_code=204)

    return Route("/uploads/{token}/{number}", take, methods=["PUT"])


async def _find_part(services: Services, request: Request) -> tuple[str, UploadPart]:
    """Which upload, and which part of it; nothing of the body has been read by then."""
    upload_id = services.upload_tokens.verify(request.path_params["token"], services.now())
    try:
        upload = await find_upload(services.pool, upload_id)
    except Exception as error:
        if is_away(error):
            raise Unavailable("PostgreSQL is away: send the part again.") from error
        raise
    number = request.path_params["number"]
    part = upload.find_part(int(number)) if upload is not None and _NUMBER.fullmatch(number) else None
    if upload is None or part is None:
        raise _Refusal(404, "There is no such upload, or it has no such part.")
    if upload.state is UploadState.CANCELLED:
        raise _Refusal(409, "This upload was cancelled: begin another one with `createUpload`.")
    if upload.state is not UploadState.OPEN:
        raise _Refusal(409, "An ingest has begun with this upload: it takes no more parts.")
    _check_length(request.headers.get("content-length"), part)
    return upload_id, part


def _check_length(header: str | None, part: UploadPart) -> None:
    if header is None or not header.isdecimal():
        raise _Refusal(411, f"Say the length: this part has {part.size} bytes.")
    if int(header) > part.size:
        raise _Refusal(413, f"This part has {part.size} bytes, no more.")
    if int(header) < part.size:
        raise _Refusal(400, f"This part has {part.size} bytes, no less.")


async def _read_pieces(request: Request, size: int) -> AsyncIterator[bytes]:
    """Raises ClientDisconnect for a body that breaks off."""
    came = 0
    async for piece in request.stream():
        came += len(piece)
        if piece:
            yield piece
    if came != size:
        raise ClientDisconnect


def _refuse(status: int, message: str) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "2"} if status == 503 else {})
    return PlainTextResponse(message, status_code=status, headers=headers)
