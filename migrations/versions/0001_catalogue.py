"""Catalogue: titles with seasons, episodes, people, genres and windows, their sources and cards; the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_titles()
    _create_credits()
    _create_licences()
    _create_sources()
    _create_cards()


def downgrade() -> None:
    for table in (
        "outbox",
        "title_card",
        "catalogue_source",
        "movie_rating",
        "licence_window",
        "title_genre",
        "genre",
        "credit",
        "person",
        "episode",
        "season",
        "title",
    ):
        op.drop_table(table)
    op.execute("DROP SEQUENCE title_card_version")


def _instant(name: str, *, nullable: bool = False, is_now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if is_now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _belongs_to(name: str, column: str, *, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, sa.ForeignKey(column, ondelete="CASCADE"), primary_key=primary_key, nullable=False)


def _create_titles() -> None:
    op.create_table(
        "title",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("natural_key", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("original_name", sa.Text),
        sa.Column("original_language", sa.Text),
        sa.Column("synopsis", sa.Text, nullable=False),
        sa.Column("release_year", sa.Integer, nullable=False),
        sa.Column("certificate", sa.Text),
        sa.Column("maturity", sa.Integer, nullable=False),
        sa.Column("duration", sa.Float),
        _instant("added_at"),
        sa.Column("popularity", sa.Float, nullable=False),
        sa.Column("average_rating", sa.Float),
        sa.Column("rating_count", sa.Integer, nullable=False),
        sa.Column("is_hidden", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.create_table(
        "season",
        sa.Column("id", sa.Text, primary_key=True),
        _belongs_to("title_id", "title.id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("episode_count", sa.Integer),
    )
    op.create_index("season_title_id_number_idx", "season", ["title_id", "number"], unique=True)
    op.create_table(
        "episode",
        sa.Column("id", sa.Text, primary_key=True),
        _belongs_to("season_id", "season.id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("synopsis", sa.Text),
        _instant("released_at", nullable=True),
        sa.Column("duration", sa.Float),
    )
    op.create_index("episode_season_id_number_idx", "episode", ["season_id", "number"])


def _create_credits() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bio", sa.Text),
    )
    op.create_table(
        "credit",
        _belongs_to("title_id", "title.id", primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        _belongs_to("person_id", "person.id"),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("character", sa.Text),
    )
    op.create_index("credit_person_id_idx", "credit", ["person_id"])
    op.create_table(
        "genre",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "title_genre",
        _belongs_to("title_id", "title.id", primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        _belongs_to("genre_id", "genre.id"),
    )
    op.create_index("title_genre_genre_id_idx", "title_genre", ["genre_id"])


def _create_licences() -> None:
    op.create_table(
        "licence_window",
        _belongs_to("title_id", "title.id", primary_key=True),
        sa.Column("region", sa.Text, primary_key=True),
        _instant("opens"),
        _instant("closes", nullable=True),
    )
    op.create_table(
        "movie_rating",
        sa.Column("user_number", sa.Integer, primary_key=True, autoincrement=False),
        _belongs_to("title_id", "title.id", primary_key=True),
        sa.Column("rating", sa.Integer, nullable=False),
        _instant("rated_at"),
    )
    op.create_index("movie_rating_title_id_idx", "movie_rating", ["title_id"])


def _create_sources() -> None:
    op.create_table(
        "catalogue_source",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("shift", sa.Interval, nullable=False),
        sa.Column("first_imported_on", sa.Date, nullable=False),
        _instant("imported_at"),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def _create_cards() -> None:
    op.execute("CREATE SEQUENCE title_card_version")
    op.create_table(
        "title_card",
        sa.Column("title_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.create_index("title_card_version_idx", "title_card", ["version"], unique=True)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        _instant("created_at", is_now=True),
        _instant("delivered_at", nullable=True),
    )
    op.create_index("outbox_pending_idx", "outbox", ["id"], postgresql_where=sa.text("delivered_at IS NULL"))
