"""Playback sessions whose rows went before their tokens ran out."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_playback",
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    )
    op.create_index("ended_playback_ended_at", "ended_playback", ["ended_at"])
    op.create_index("ix_playback_session_profile_id", "playback_session", ["profile_id"])


def downgrade() -> None:
    op.drop_index("ix_playback_session_profile_id")
    op.drop_table("ended_playback")
