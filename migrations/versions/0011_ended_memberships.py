"""Whoever looks for memberships whose end has come need not pass those that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("membership_ends", "membership")
    op.create_index("membership_ends", "membership", ["ends_at"], postgresql_where=sa.text("status <> 'ENDED'"))


def downgrade() -> None:
    op.drop_index("membership_ends", "membership")
    op.create_index("membership_ends", "membership", ["ends_at"])
