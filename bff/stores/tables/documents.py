"""The tables of trusted documents; `bff.stores.documents` reads and writes them."""

from datetime import datetime

from sqlalchemy import Column, DateTime, ForeignKey, Text, text
from sqlmodel import Field, SQLModel


class DocumentTable(SQLModel, table=True):
    """`hash` is the SHA-256 of `body` in lower-case hexadecimal."""

    __tablename__ = "document"

    hash: str = Field(primary_key=True, sa_type=Text)
    body: str = Field(sa_type=Text)


class DocumentReleaseTable(SQLModel, table=True):
    """A document that a version of a client sends."""

    __tablename__ = "document_release"

    client: str = Field(primary_key=True, sa_type=Text)
    version: str = Field(primary_key=True, sa_type=Text)
    hash: str = Field(sa_column=Column(Text, ForeignKey("document.hash"), primary_key=True))
    published_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )
