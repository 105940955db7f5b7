"""Uploads outlast the account that announced them, without its id."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("upload", "account_id", existing_type=sa.Text, nullable=True)
    op.execute("UPDATE upload SET account_id = NULL WHERE account_id NOT IN (SELECT id FROM account)")
    op.create_foreign_key("upload_account_id_fkey", "upload", "account", ["account_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_upload_account_id", "upload", ["account_id"])


def downgrade() -> None:
    op.drop_index("ix_upload_account_id")
    op.drop_constraint("upload_account_id_fkey", "upload")
    op.execute("UPDATE upload SET account_id = '' WHERE account_id IS NULL")
    op.alter_column("upload", "account_id", existing_type=sa.Text, nullable=False)
