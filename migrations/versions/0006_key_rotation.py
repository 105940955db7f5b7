"""Signing keys that are published before they sign."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "signing_key",
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.execute("UPDATE signing_key SET signs_from = created_at")


def downgrade() -> None:
    op.drop_column("signing_key", "signs_from")
