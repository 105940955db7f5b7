"""Mail to viewers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE")),
        sa.Column("details", postgresql.JSONB, nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("link_hash", sa.LargeBinary, unique=True),
        sa.Column("link_expires_at", sa.DateTime(timezone=True)),
        sa.Column("link_used_at", sa.DateTime(timezone=True)),
    )
    op.create_index("mail_due", "mail", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index("mail_recipient", "mail", ["recipient", "slot_at"])
    op.create_index("mail_account", "mail", ["account_id"])


def downgrade() -> None:
    op.drop_table("mail")
