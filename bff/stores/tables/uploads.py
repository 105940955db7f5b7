"""The table of files that operators send; `bff.stores.uploads` owns it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Text
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, **options))


class UploadTable(SQLModel, table=True):
    """`account_id` announced it; null where that account is gone. `size` and `part_size` are in bytes; which parts are
    there the object store knows.

    `job_id` is the job that was last begun with it.
    """

    __tablename__ = "upload"

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str | None = Field(
        sa_column=Column(Text, ForeignKey("account.id", ondelete="SET NULL"), nullable=True, index=True)
    )
    file_name: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    sha256: str = Field(sa_type=Text)
    part_size: int
    state: str = Field(sa_type=Text)
    job_id: str | None = Field(sa_type=Text)
    created_at: datetime = _instant()
    expires_at: datetime = _instant(index=True)
