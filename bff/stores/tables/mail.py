"""The table of mail: what is to be sent, what was sent lately, and what its links are good for."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class MailTable(SQLModel, table=True):
    """`slot_at` is the mail's place among those that its address may get in an hour; `due_at` the next try, NULL when
    there is none any more. `recipient` is a digest of the address where the account that had it is gone.

    `link_hash` is the SHA-256 of the token in the mail; a row whose `link_used_at` is set stays until the link would
    have died, so that it cannot be used again.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index("mail_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("mail_recipient", "recipient", "slot_at"),
        Index("mail_account", "account_id"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    recipient: str = Field(sa_type=Text)
    account_id: str | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    queued_at: datetime = _instant()
    slot_at: datetime = _instant()
    due_at: datetime | None = _instant(nullable=True)
    tries: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    link_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, unique=True))
    link_expires_at: datetime | None = _instant(nullable=True)
    link_used_at: datetime | None = _instant(nullable=True)
