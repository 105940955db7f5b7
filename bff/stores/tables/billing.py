"""The tables of billing: what is charged, how, and what became of it; `bff.stores.billing` reads and writes them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text, text
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, **options))


class PaymentMethodTable(SQLModel, table=True):
    """One an account: what the gateway knows a card by, never a card."""

    __tablename__ = "payment_method"

    account_id: str = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    token: str = Field(sa_type=Text)
    updated_at: datetime = _instant()


class InvoiceTable(SQLModel, table=True):
    """`amount` and `plan_price` (that of a whole period) are in minor units; one is OPEN an account at most.

    A renewal's id is made of the membership and the end of the period before, so that it is drawn up once.
    `declined` counts its scheduled tries, `next_try_at` is when the next is due.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="invoice_amount_check"),
        Index("invoice_account", "account_id", "issued_at", "id"),
        Index("invoice_open", "account_id", unique=True, postgresql_where=text("status = 'OPEN'")),
        Index("invoice_next_try", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    kind: str = Field(sa_type=Text)
    plan: str = Field(foreign_key="plan.code", sa_type=Text)
    plan_price: int
    amount: int
    currency: str = Field(sa_type=Text)
    country: str = Field(sa_type=Text)
    covers_from: datetime = _instant()
    covers_until: datetime = _instant()
    anchor_at: datetime = _instant()
    status: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    issued_at: datetime = _instant()
    paid_at: datetime | None = _instant(nullable=True)
    declined: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    next_try_at: datetime | None = _instant(nullable=True)


class PaymentAttemptTable(SQLModel, table=True):
    """Written before the gateway is asked; without `outcome` nobody knows yet what it did, and one asks again."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        Index("payment_attempt_unfinished", "invoice_id", unique=True, postgresql_where=text("outcome IS NULL")),
    )

    invoice_id: str = Field(primary_key=True, foreign_key="invoice.id", ondelete="CASCADE", sa_type=Text)
    number: int = Field(primary_key=True)
    token: str = Field(sa_type=Text)
    is_scheduled: bool
    created_at: datetime = _instant()
    action_url: str | None = Field(default=None, sa_type=Text)
    outcome: str | None = Field(default=None, sa_type=Text)
    finished_at: datetime | None = _instant(nullable=True)


class MembershipRequestTable(SQLModel, table=True):
    """A client's own key of a `startMembership`; `fingerprint` is the SHA-256 of what it asked for.

    `invoice_id` is None where nothing was charged.
    """

    __tablename__ = "membership_request"

    account_id: str = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: bytes
    invoice_id: str | None = Field(default=None, foreign_key="invoice.id", ondelete="CASCADE", sa_type=Text)
    created_at: datetime = _instant()


class LocalChargeTable(SQLModel, table=True):
    """What the gateway of development remembers (`bff.stores.local_gateway`), as if it were elsewhere."""

    __tablename__ = "local_charge"

    key: str = Field(primary_key=True, sa_type=Text)
    amount: int
    currency: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    challenge: str = Field(sa_type=Text, unique=True)
    created_at: datetime = _instant(server_default=text("now()"))
