"""Accounts: plans and prices, profiles, devices, memberships, sign-ins and signing keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_plans()
    _create_accounts()
    _create_sign_ins()


def downgrade() -> None:
    for table in (
        "signing_key",
        "refresh_token",
        "session_family",
        "membership",
        "device",
        "profile",
        "account",
        "plan_price",
        "plan",
    ):
        op.drop_table(table)


def _instant(name: str, *, nullable: bool = False, is_now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if is_now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _create_plans() -> None:
    op.create_table(
        "plan",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("max_streams", sa.Integer, nullable=False),
        sa.Column("max_quality", sa.Text, nullable=False),
        sa.Column("download_devices", sa.Integer, nullable=False),
    )
    op.create_table(
        "plan_price",
        sa.Column("plan", sa.Text, sa.ForeignKey("plan.code", ondelete="CASCADE"), primary_key=True),
        sa.Column("country", sa.Text, primary_key=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.CheckConstraint("amount >= 0", name="plan_price_amount_check"),
    )


def _create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),
        sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default=sa.text("'ACTIVE'")),
        sa.Column("permissions", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
        _instant("created_at", is_now=True),
    )
    op.create_table(
        "profile",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("avatar", sa.Text, nullable=False),
        sa.Column("is_kids", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("maturity_ceiling", sa.Integer, nullable=False),
        sa.Column("pin_hash", sa.Text),
        sa.Column("pin_failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        _instant("pin_locked_until", nullable=True),
        sa.Column("preferences", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("state_version", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    )
    op.create_index("profile_account", "profile", ["account_id", "position"])
    op.create_table(
        "membership",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("plan", sa.Text, sa.ForeignKey("plan.code"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        _instant("started_at"),
        _instant("renews_at", nullable=True),
        _instant("ends_at", nullable=True),
        sa.Column("pending_plan", sa.Text, sa.ForeignKey("plan.code")),
    )


def _create_sign_ins() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
        sa.Column("device_class", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("capabilities", postgresql.JSONB, nullable=False),
        sa.Column("implicit", sa.Boolean, nullable=False),
        sa.Column("last_profile_id", sa.Text, sa.ForeignKey("profile.id", ondelete="SET NULL")),
        _instant("last_active_at", is_now=True),
    )
    op.create_index("device_account", "device", ["account_id", "last_active_at"])
    op.create_table(
        "session_family",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
        sa.Column("device_id", sa.Text, sa.ForeignKey("device.id", ondelete="CASCADE"), nullable=False),
        _instant("created_at", is_now=True),
        _instant("expires_at"),
        _instant("revoked_at", nullable=True),
    )
    op.create_index("session_family_account", "session_family", ["account_id"])
    op.create_index("session_family_device", "session_family", ["device_id"])
    op.create_table(
        "refresh_token",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("family_id", sa.Text, sa.ForeignKey("session_family.id", ondelete="CASCADE"), nullable=False),
        sa.Column("profile_id", sa.Text, sa.ForeignKey("profile.id", ondelete="SET NULL")),
        _instant("issued_at"),
        _instant("expires_at"),
        _instant("used_at", nullable=True),
    )
    op.create_index("refresh_token_family", "refresh_token", ["family_id"])
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_private_key", sa.LargeBinary, nullable=False),
        _instant("created_at"),
        _instant("retires_at", nullable=True),
    )
