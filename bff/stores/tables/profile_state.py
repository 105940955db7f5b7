"""Tables of what a profile has done and chosen; all of them start with the profile, by which they can be sharded."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Float, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


def _instant() -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=False)


class MyListEntry(SQLModel, table=True):
    """`position` orders the list, lowest first; a moved entry takes the middle between its neighbours."""

    __tablename__ = "my_list_entry"

    profile_id: str = Field(primary_key=True, foreign_key="profile.id", ondelete="CASCADE")
    title_id: str = Field(primary_key=True)
    position: float = Field(sa_column=Column(Float, nullable=False))
    added_at: datetime = Field(sa_column=_instant())


class TitleRating(SQLModel, table=True):
    __tablename__ = "title_rating"

    profile_id: str = Field(primary_key=True, foreign_key="profile.id", ondelete="CASCADE")
    title_id: str = Field(primary_key=True)
    thumb: str
    rated_at: datetime = Field(sa_column=_instant())


class WatchProgressRow(SQLModel, table=True):
    """Where a profile stands in a film or an episode; `position` and `duration` in seconds."""

    __tablename__ = "watch_progress"

    profile_id: str = Field(primary_key=True, foreign_key="profile.id", ondelete="CASCADE")
    playable_id: str = Field(primary_key=True)
    title_id: str
    position: float
    duration: float
    completed: bool
    dismissed: bool = False
    updated_at: datetime = Field(sa_column=_instant())


class ViewingHistoryEntry(SQLModel, table=True):
    """One sitting; `watched_seconds` is what was played, not where it ended."""

    __tablename__ = "viewing_history"
    __table_args__ = (Index("viewing_history_by_time", "profile_id", "watched_at", "id"),)

    id: str = Field(primary_key=True)
    profile_id: str = Field(foreign_key="profile.id", ondelete="CASCADE")
    playable_id: str
    title_id: str
    watched_at: datetime = Field(sa_column=_instant())
    watched_seconds: float
    completed: bool
    device_id: str | None = None


class HomeArrangement(SQLModel, table=True):
    """Keys of rows, in the profile's own order, and those it does not want."""

    __tablename__ = "home_arrangement"

    profile_id: str = Field(primary_key=True, foreign_key="profile.id", ondelete="CASCADE")
    row_order: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    hidden: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
