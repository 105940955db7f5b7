"""Profile state: My List, ratings, progress, history and the arrangement of the home."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "my_list_entry",
        _profile(),
        sa.Column("title_id", sa.Text, primary_key=True),
        sa.Column("position", sa.Float, nullable=False),
        _instant("added_at"),
    )
    op.create_table(
        "title_rating",
        _profile(),
        sa.Column("title_id", sa.Text, primary_key=True),
        sa.Column("thumb", sa.Text, nullable=False),
        _instant("rated_at"),
    )
    op.create_table(
        "watch_progress",
        _profile(),
        sa.Column("playable_id", sa.Text, primary_key=True),
        sa.Column("title_id", sa.Text, nullable=False),
        sa.Column("position", sa.Float, nullable=False),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("dismissed", sa.Boolean, nullable=False, server_default=sa.text("false")),
        _instant("updated_at"),
    )
    op.create_table(
        "viewing_history",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, sa.ForeignKey("profile.id", ondelete="CASCADE"), nullable=False),
        sa.Column("playable_id", sa.Text, nullable=False),
        sa.Column("title_id", sa.Text, nullable=False),
        _instant("watched_at"),
        sa.Column("watched_seconds", sa.Float, nullable=False),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("device_id", sa.Text),
    )
    op.create_index("viewing_history_by_time", "viewing_history", ["profile_id", "watched_at", "id"])
    op.create_table(
        "home_arrangement",
        _profile(),
        sa.Column("row_order", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("hidden", postgresql.ARRAY(sa.Text), nullable=False),
    )


def downgrade() -> None:
    for table in ("home_arrangement", "viewing_history", "watch_progress", "title_rating", "my_list_entry"):
        op.drop_table(table)


def _profile() -> sa.Column[str]:
    return sa.Column("profile_id", sa.Text, sa.ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
