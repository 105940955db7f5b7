"""The tables of playback sessions, which `bff.stores.playback_sessions` and `ended_playback` read and write."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, **options))


class PlaybackSessionTable(SQLModel, table=True):
    """One playing of one playable on one device, from its start.

    `document` is a `domain.playback.SessionTerms` as JSON. `position` is in seconds, `end_reason` a
    SessionEndReason. `arguments` is a digest of what was asked for: a key with others is noticed.
    """

    __tablename__ = "playback_session"
    __table_args__ = (
        Index("playback_session_key", "profile_id", "idempotency_key", unique=True,
              postgresql_where=text("idempotency_key IS NOT NULL")),
        Index("playback_session_live", "expires_at", postgresql_where=text("ended_at IS NULL")),
        Index("playback_session_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Text, index=True)
    profile_id: str = Field(foreign_key="profile.id", ondelete="CASCADE", sa_type=Text, index=True)
    device_id: str = Field(sa_type=Text)
    family_id: str = Field(sa_type=Text)
    playable_id: str = Field(sa_type=Text)
    title_id: str = Field(sa_type=Text)
    region: str = Field(sa_type=Text)
    document: str = Field(sa_type=Text)
    position: float
    started_at: datetime = _instant()
    expires_at: datetime = _instant()
    ended_at: datetime | None = _instant(nullable=True)
    end_reason: str | None = Field(sa_type=Text)
    idempotency_key: str | None = Field(sa_type=Text)
    arguments: bytes | None = Field(sa_column=Column(LargeBinary))


class EndedPlaybackTable(SQLModel, table=True):
    """A session whose row went with its account or profile, and whose media token may outlive it; goes after hours."""

    __tablename__ = "ended_playback"
    __table_args__ = (Index("ended_playback_ended_at", "ended_at"),)

    session_id: str = Field(primary_key=True, sa_type=Text)
    ended_at: datetime = _instant(server_default=text("clock_timestamp()"))
