"""The tables of what operators do: their say in titles, the record of their changes, and what viewers write to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _now() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))


class TitleEditTable(SQLModel, table=True):
    """What of a title is an operator's, which no import changes (`bff.stores.kept_edits`).

    `part` is a column of `title`, or `genres`, `credits`, `trailers`, `season:{number}`, `window:{region}`.
    """

    __tablename__ = "title_edit"

    title_id: str = Field(primary_key=True, foreign_key="title.id", ondelete="CASCADE", sa_type=Text)
    part: str = Field(primary_key=True, sa_type=Text)
    edited_at: datetime = _now()


class OperatorActionTable(SQLModel, table=True):
    """Who changed what, and when. `operator_id` is null for a command, and where the operator's account is gone.

    `subject` is the id of what was changed, `details` what it was changed to or which parts of it.
    """

    __tablename__ = "operator_action"
    __table_args__ = (Index("operator_action_subject_idx", "subject"),)

    id: int | None = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    happened_at: datetime = _now()
    operator_id: str | None = Field(
        sa_column=Column(Text, ForeignKey("account.id", ondelete="SET NULL"), nullable=True, index=True)
    )
    action: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class FeedbackTable(SQLModel, table=True):
    """What a viewer wrote; who it was, is not kept. `title_id` is null where it is about no title."""

    __tablename__ = "feedback"
    __table_args__ = (Index("feedback_title_id_idx", "title_id"), Index("feedback_created_at_idx", "created_at", "id"))

    id: str = Field(primary_key=True, sa_type=Text)
    title_id: str | None = Field(foreign_key="title.id", ondelete="SET NULL", sa_type=Text, nullable=True)
    body: str = Field(sa_type=Text)
    created_at: datetime = _now()
