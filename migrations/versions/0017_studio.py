"""What operators have the say in, what they did, and what viewers write to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "title_edit",
        sa.Column("title_id", sa.Text, sa.ForeignKey("title.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.create_table(
        "operator_action",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("operator_id", sa.Text, sa.ForeignKey("account.id", ondelete="SET NULL")),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
    )
    op.create_index("ix_operator_action_operator_id", "operator_action", ["operator_id"])
    op.create_index("operator_action_subject_idx", "operator_action", ["subject"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title_id", sa.Text, sa.ForeignKey("title.id", ondelete="SET NULL")),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.create_index("feedback_title_id_idx", "feedback", ["title_id"])
    op.create_index("feedback_created_at_idx", "feedback", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("feedback")
    op.drop_table("operator_action")
    op.drop_table("title_edit")
