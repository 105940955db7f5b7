"""Files that operators send: where their parts go, and which have arrived."""

from collections.abc import Mapping
from datetime import datetime

import strawberry
from msgspec import Struct

from bff.context import Info, OperationContext
from bff.domain.ids import IdKind, random_id
from bff.domain.paging import LIST_CAP, check_first
from bff.domain.problems import InvalidInput
from bff.domain.uploads import (
    AGE,
    Upload,
    UploadPart,
    UploadState,
    check_announcement,
    choose_part_size,
    find_missing,
    part_key,
    upload_folder,
)
from bff.errors import Conflict, NotFound
from bff.stores.uploads import add_upload, find_upload, note_cancelled
from resolvers.ingest_inputs import CreateUploadInput


class UploadView(Struct, frozen=True):
    """`held` has the sizes of the parts that arrived, by their keys."""

    upload: Upload
    held: Mapping[str, int]

    @property
    def id(self) -> str:
        return self.upload.id

    @property
    def file_name(self) -> str:
        return self.upload.file_name

    @property
    def size_bytes(self) -> int:
        return self.upload.size

    @property
    def sha256(self) -> str:
        return self.upload.sha256

    @property
    def part_bytes(self) -> int:
        return self.upload.part_size

    @property
    def part_count(self) -> int:
        return self.upload.part_count

    @property
    def arrived_count(self) -> int:
        return self.upload.part_count - len(find_missing(self.upload, self.held))

    @property
    def state(self) -> UploadState:
        return self.upload.state

    @property
    def created_at(self) -> datetime:
        return self.upload.created_at

    @property
    def expires_at(self) -> datetime:
        return self.upload.expires_at


class PartView(Struct, frozen=True):
    """`url` is where the part is to be PUT; None once no more are taken."""

    number: int
    offset: int
    size_bytes: int
    has_arrived: bool
    url: str | None

    def __repr__(self) -> str:
        return f"PartView({self.number})"


async def create_upload(info: Info, input: CreateUploadInput) -> UploadView | InvalidInput:
    context = info.context
    problems = check_announcement(input.file_name, input.size_bytes, input.sha256, input.part_bytes)
    if problems:
        return InvalidInput("This file cannot be taken.", tuple(problems))
    size = int(input.size_bytes)
    upload = Upload(
        id=random_id(IdKind.UPLOAD),
        file_name=input.file_name,
        size=size,
        sha256=input.sha256,
        part_size=int(input.part_bytes) if input.part_bytes is not None else choose_part_size(size),
        state=UploadState.OPEN,
        created_at=context.now,
        expires_at=context.now + AGE,
    )
    await add_upload(context.services.pool, upload, context.require_token().account_id)
    return UploadView(upload, {})


async def get_upload(info: Info, id: strawberry.ID) -> UploadView | None:
    upload = await find_upload(info.context.services.pool, id)
    return await view_upload(info.context, upload) if upload is not None else None


async def cancel_upload(info: Info, id: strawberry.ID) -> UploadView:
    """Its parts go at once. Raises NotFound, and Conflict where a job has begun with it."""
    services = info.context.services
    upload = await note_cancelled(services.pool, id)
    if upload is None:
        if await find_upload(services.pool, id) is None:
            raise NotFound("There is no such upload: it has expired, or never was.")
        raise Conflict("An ingest has begun with this upload: it needs what was sent.")
    await services.objects.remove_below(upload_folder(upload.id))
    return UploadView(upload, {})


async def view_upload(context: OperationContext, upload: Upload) -> UploadView:
    """With what has arrived of it: of what was received, all."""
    if upload.state is UploadState.RECEIVED:
        return UploadView(upload, {part_key(upload.id, part.number): part.size for part in upload.list_parts()})
    return UploadView(upload, await context.services.objects.list_sizes(upload_folder(upload.id)))


async def list_parts(
    root: strawberry.Parent[UploadView],
    info: Info,
    first: int | None = None,
    after: int | None = None,
    only_missing: bool | None = False,
) -> list[PartView]:
    """In their order, behind the number `after`."""
    context, upload = info.context, root.upload
    wanted = check_first(first, default=LIST_CAP, cap=LIST_CAP)
    missing = {part.number for part in find_missing(upload, root.held)}
    parts = [
        part
        for part in upload.list_parts()
        if part.number > (after or 0) and (part.number in missing or not only_missing)
    ][:wanted]
    urls = await _find_urls(context, upload, parts)
    return [
        PartView(part.number, part.start, part.size, part.number not in missing, url)
        for part, url in zip(parts, urls, strict=True)
    ]


async def _find_urls(context: OperationContext, upload: Upload, parts: list[UploadPart]) -> list[str] | list[None]:
    services = context.services
    if upload.state is not UploadState.OPEN or upload.expires_at <= context.now:
        return [None] * len(parts)
    keys = [part_key(upload.id, part.number) for part in parts]
    signed = await services.objects.sign_put(keys, upload.expires_at - context.now)
    if signed is not None:
        return signed
    token = services.upload_tokens.mint(upload.id, upload.expires_at)
    origin = services.settings.public_url.rstrip("/")
    return [f"{origin}/uploads/{token}/{part.number}" for part in parts]
