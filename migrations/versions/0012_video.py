"""What plays: trailers, published videos, markers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trailer",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title_id", sa.Text, sa.ForeignKey("title.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
    )
    op.create_index("ix_trailer_title_id", "trailer", ["title_id"])
    op.create_table(
        "video",
        sa.Column("playable_id", sa.Text, primary_key=True),
        sa.Column("title_id", sa.Text, sa.ForeignKey("title.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.create_index("ix_video_title_id", "video", ["title_id"])
    op.create_table(
        "skip_marker",
        sa.Column("playable_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("starts", sa.Float, primary_key=True),
        sa.Column("ends", sa.Float, nullable=False),
        sa.Column("title_id", sa.Text, sa.ForeignKey("title.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_skip_marker_title_id", "skip_marker", ["title_id"])


def downgrade() -> None:
    op.drop_table("skip_marker")
    op.drop_table("video")
    op.drop_table("trailer")
