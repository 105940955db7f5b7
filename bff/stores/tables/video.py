"""The tables of what plays: trailers, published videos, markers (`bff.stores.videos` reads and writes them), and the
content keys of assets (`bff.stores.content_keys`)."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Text, text
from sqlmodel import Field, SQLModel


class TrailerTable(SQLModel, table=True):
    """`ordinal` is its place among the trailers of its title."""

    __tablename__ = "trailer"

    id: str = Field(primary_key=True, sa_type=Text)
    title_id: str = Field(foreign_key="title.id", ondelete="CASCADE", sa_type=Text, index=True)
    name: str = Field(sa_type=Text)
    ordinal: int


class VideoTable(SQLModel, table=True):
    """The video of a film, an episode or a trailer, one at most; no import of the catalogue touches it.

    `document` is a `domain.video.Video` as JSON, null until the first is published; `state` a VideoState.
    """

    __tablename__ = "video"

    playable_id: str = Field(primary_key=True, sa_type=Text)
    title_id: str = Field(foreign_key="title.id", ondelete="CASCADE", sa_type=Text, index=True)
    state: str = Field(sa_type=Text)
    document: str | None = Field(sa_type=Text)
    changed_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )


class SkipMarkerTable(SQLModel, table=True):
    """`kind` is a SkipKind; `starts` and `ends` in seconds."""

    __tablename__ = "skip_marker"

    playable_id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    starts: float = Field(primary_key=True)
    ends: float
    title_id: str = Field(foreign_key="title.id", ondelete="CASCADE", sa_type=Text, index=True)


class ContentKeyTable(SQLModel, table=True):
    """`label` is a KeyLabel; `wrapped_key` is a nonce of 12 bytes, then the key under AES-256-GCM.

    Keys come before the asset is published and stay after it is replaced, for as long as sessions may play it.
    """

    __tablename__ = "content_key"

    asset_id: str = Field(primary_key=True, sa_type=Text)
    label: str = Field(primary_key=True, sa_type=Text)
    key_id: bytes = Field(unique=True)
    wrapped_key: bytes
    created_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )
