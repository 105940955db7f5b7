"""Billing: payment methods, invoices, attempts at paying them, clients' keys; the local gateway's memory."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("membership", _instant("anchor_at", nullable=True))
    op.add_column("membership", _instant("period_start", nullable=True))
    op.create_index("membership_renews", "membership", ["renews_at"])
    op.create_index("membership_ends", "membership", ["ends_at"])
    op.create_table(
        "payment_method",
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("token", sa.Text, nullable=False),
        _instant("updated_at"),
    )
    _create_invoices()
    op.create_table(
        "membership_request",
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoice.id", ondelete="CASCADE")),
        _instant("created_at"),
    )
    op.create_table(
        "local_charge",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("challenge", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )


def downgrade() -> None:
    for table in ("local_charge", "membership_request", "payment_attempt", "invoice", "payment_method"):
        op.drop_table(table)
    op.drop_index("membership_ends", "membership")
    op.drop_index("membership_renews", "membership")
    op.drop_column("membership", "period_start")
    op.drop_column("membership", "anchor_at")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _create_invoices() -> None:
    op.create_table(
        "invoice",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, sa.ForeignKey("plan.code"), nullable=False),
        sa.Column("plan_price", sa.Integer, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        _instant("covers_from"),
        _instant("covers_until"),
        _instant("anchor_at"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        _instant("issued_at"),
        _instant("paid_at", nullable=True),
        sa.Column("declined", sa.Integer, nullable=False, server_default=sa.text("0")),
        _instant("next_try_at", nullable=True),
        sa.CheckConstraint("amount >= 0", name="invoice_amount_check"),
    )
    op.create_index("invoice_account", "invoice", ["account_id", "issued_at", "id"])
    op.create_index("invoice_open", "invoice", ["account_id"], unique=True, postgresql_where=sa.text("status = 'OPEN'"))
    op.create_index("invoice_next_try", "invoice", ["next_try_at"], postgresql_where=sa.text("next_try_at IS NOT NULL"))
    op.create_table(
        "payment_attempt",
        sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoice.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("is_scheduled", sa.Boolean, nullable=False),
        _instant("created_at"),
        sa.Column("action_url", sa.Text),
        sa.Column("outcome", sa.Text),
        _instant("finished_at", nullable=True),
    )
    op.create_index(
        "payment_attempt_unfinished",
        "payment_attempt",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )
