"""Sign-ins that ended before their access tokens did."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_sign_in",
        sa.Column("family_id", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    )
    op.create_index("ended_sign_in_ended_at", "ended_sign_in", ["ended_at"])


def downgrade() -> None:
    op.drop_table("ended_sign_in")
