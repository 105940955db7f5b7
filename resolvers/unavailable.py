"""What the contract names and this server does not do yet: each answers UNAVAILABLE, never a made-up value."""

from collections.abc import AsyncGenerator
from typing import Any

import strawberry

from bff.context import Info
from bff.errors import Unavailable
from resolvers.inputs import (
    ControlWatchPartyInput,
    EventInput,
    OfflineProgressInput,
    ReportProgressInput,
    RequestDownloadInput,
    Seconds,
)

RETRY_AFTER = 3600


def refuse(what: str) -> Unavailable:
    return Unavailable(f"This server does not do {what} yet; leave the field out.", retry_after=RETRY_AFTER)


async def list_downloads(info: Info, device_id: strawberry.ID | None = None) -> None:
    raise refuse("downloads")


async def find_watch_party(info: Info, code: str) -> None:
    raise refuse("watch parties")


async def page_notifications(info: Info, first: int | None = None, after: str | None = None) -> None:
    raise refuse("notifications")


async def report_progress(info: Info, input: ReportProgressInput) -> None:
    raise refuse("playback")


async def report_offline_progress(info: Info, reports: list[OfflineProgressInput]) -> None:
    raise refuse("playback")


async def report_events(info: Info, events: list[EventInput]) -> None:
    raise refuse("telemetry")


async def request_download(info: Info, input: RequestDownloadInput) -> None:
    raise refuse("downloads")


async def complete_download(info: Info, download_id: strawberry.ID) -> None:
    raise refuse("downloads")


async def delete_download(info: Info, download_id: strawberry.ID) -> None:
    raise refuse("downloads")


async def create_watch_party(info: Info, playable_id: strawberry.ID, pin: str | None = None) -> None:
    raise refuse("watch parties")


async def join_watch_party(info: Info, code: str, pin: str | None = None) -> None:
    raise refuse("watch parties")


async def leave_watch_party(info: Info, party_id: strawberry.ID) -> None:
    raise refuse("watch parties")


async def control_watch_party(info: Info, input: ControlWatchPartyInput) -> None:
    raise refuse("watch parties")


async def report_to_watch_party(info: Info, party_id: strawberry.ID, position: Seconds, is_buffering: bool) -> None:
    raise refuse("watch parties")


async def signal_watch_party(info: Info, party_id: strawberry.ID, to_member_id: strawberry.ID, payload: str) -> None:
    raise refuse("watch parties")


async def follow_playback(info: Info, after: str | None = None) -> AsyncGenerator[Any, None]:
    raise refuse("playback")


async def follow_watch_party(info: Info, party_id: strawberry.ID) -> AsyncGenerator[Any, None]:
    raise refuse("watch parties")


async def follow_notifications(info: Info) -> AsyncGenerator[Any, None]:
    raise refuse("notifications")


async def mark_notifications_read(info: Info, ids: list[strawberry.ID]) -> None:
    raise refuse("notifications")
