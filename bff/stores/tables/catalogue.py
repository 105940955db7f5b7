"""The tables of the catalogue: the normalised truth, the title cards that are read, and the outbox.

The store modules read and write them by explicit SQL; what stands here is the shape that migrations are held to.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Interval, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, **options))


def _belongs_to(column: str, **options: Any) -> Any:
    return Field(foreign_key=column, ondelete="CASCADE", sa_type=Text, **options)


class TitleTable(SQLModel, table=True):
    """`natural_key` is netflix:s123 or tvmaze:5; `type` MOVIE or SERIES; `duration` a film's, in seconds.

    `is_hidden` is an operator's, and no import touches it.
    """

    __tablename__ = "title"

    id: str = Field(primary_key=True, sa_type=Text)
    natural_key: str = Field(unique=True, sa_type=Text)
    type: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    original_name: str | None = Field(sa_type=Text)
    original_language: str | None = Field(sa_type=Text)
    synopsis: str = Field(sa_type=Text)
    release_year: int
    certificate: str | None = Field(sa_type=Text)
    maturity: int
    duration: float | None
    added_at: datetime = _instant()
    popularity: float
    average_rating: float | None
    rating_count: int
    is_hidden: bool = Field(sa_column_kwargs={"server_default": text("false")})


class SeasonTable(SQLModel, table=True):
    """`episode_count` is null where no source lists the episodes."""

    __tablename__ = "season"
    __table_args__ = (Index("season_title_id_number_idx", "title_id", "number", unique=True),)

    id: str = Field(primary_key=True, sa_type=Text)
    title_id: str = _belongs_to("title.id")
    number: int
    name: str = Field(sa_type=Text)
    episode_count: int | None


class EpisodeTable(SQLModel, table=True):
    """`number` counts within the season, which the import checks: two may swap theirs in one statement."""

    __tablename__ = "episode"
    __table_args__ = (Index("episode_season_id_number_idx", "season_id", "number"),)

    id: str = Field(primary_key=True, sa_type=Text)
    season_id: str = _belongs_to("season.id")
    number: int
    name: str = Field(sa_type=Text)
    synopsis: str | None = Field(sa_type=Text)
    released_at: datetime | None = _instant(nullable=True)
    duration: float | None


class PersonTable(SQLModel, table=True):
    __tablename__ = "person"

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    bio: str | None = Field(sa_type=Text)


class CreditTable(SQLModel, table=True):
    """`ordinal` is the place in billing order, from 0."""

    __tablename__ = "credit"
    __table_args__ = (Index("credit_person_id_idx", "person_id"),)

    title_id: str = _belongs_to("title.id", primary_key=True)
    ordinal: int = Field(primary_key=True)
    person_id: str = _belongs_to("person.id")
    role: str = Field(sa_type=Text)
    character: str | None = Field(sa_type=Text)


class GenreTable(SQLModel, table=True):
    """`ordinal` is the place in the list of genres, from 0."""

    __tablename__ = "genre"

    id: str = Field(primary_key=True, sa_type=Text)
    ordinal: int
    slug: str = Field(unique=True, sa_type=Text)
    name: str = Field(sa_type=Text)


class TitleGenreTable(SQLModel, table=True):
    """`ordinal` is the place among the title's genres, from 0."""

    __tablename__ = "title_genre"
    __table_args__ = (Index("title_genre_genre_id_idx", "genre_id"),)

    title_id: str = _belongs_to("title.id", primary_key=True)
    ordinal: int = Field(primary_key=True)
    genre_id: str = _belongs_to("genre.id")


class LicenceWindowTable(SQLModel, table=True):
    """`region` is ISO 3166-1 alpha-2; a window without `closes` stays open."""

    __tablename__ = "licence_window"

    title_id: str = _belongs_to("title.id", primary_key=True)
    region: str = Field(primary_key=True, sa_type=Text)
    opens: datetime = _instant()
    closes: datetime | None = _instant(nullable=True)


class MovieRatingTable(SQLModel, table=True):
    """What a user of MovieTweetings gave a title, 0..10; `rated_at` is moved like all dates of its source."""

    __tablename__ = "movie_rating"
    __table_args__ = (Index("movie_rating_title_id_idx", "title_id"),)

    user_number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title_id: str = _belongs_to("title.id", primary_key=True)
    rating: int
    rated_at: datetime = _instant()


class CatalogueSourceTable(SQLModel, table=True):
    """A file as it was imported last, so that the others can be imported again without it.

    `digest` covers the file and the rules of the import; `shift` moves the source's dates and `first_imported_on` is
    the day it was chosen.
    """

    __tablename__ = "catalogue_source"

    name: str = Field(primary_key=True, sa_type=Text)
    file_name: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)
    shift: timedelta = Field(sa_column=Column(Interval, nullable=False))
    first_imported_on: date
    imported_at: datetime = _instant()
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TitleCardTable(SQLModel, table=True):
    """What is read: `document` is a card of `domain.titles` as JSON, null once the title is gone (`deleted`).

    `version` comes from the sequence `title_card_version` and grows with every change of a card.
    """

    __tablename__ = "title_card"
    __table_args__ = (Index("title_card_version_idx", "version", unique=True),)

    title_id: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    document: str | None = Field(sa_type=Text)
    deleted: bool = Field(sa_column_kwargs={"server_default": text("false")})


class OutboxTable(SQLModel, table=True):
    """What has happened, written in the transaction of the change and delivered afterwards, at least once."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_pending_idx", "id", postgresql_where=text("delivered_at IS NULL")),)

    id: int | None = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    topic: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text)
    payload: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = _instant(server_default=text("now()"))
    delivered_at: datetime | None = _instant(nullable=True)
