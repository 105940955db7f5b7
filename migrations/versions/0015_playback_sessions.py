"""Playback sessions, from their start."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "playback_session",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
        sa.Column("profile_id", sa.Text, sa.ForeignKey("profile.id", ondelete="CASCADE"), nullable=False),
        sa.Column("device_id", sa.Text, nullable=False),
        sa.Column("family_id", sa.Text, nullable=False),
        sa.Column("playable_id", sa.Text, nullable=False),
        sa.Column("title_id", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("position", sa.Float, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("end_reason", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("arguments", sa.LargeBinary),
    )
    op.create_index("ix_playback_session_account_id", "playback_session", ["account_id"])
    op.create_index(
        "playback_session_key",
        "playback_session",
        ["profile_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "playback_session_live", "playback_session", ["expires_at"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "playback_session_ended", "playback_session", ["ended_at"], postgresql_where=sa.text("ended_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_table("playback_session")
