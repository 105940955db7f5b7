"""The tables of masters on their way to video: jobs, and the tasks they are done in. `bff.stores.ingest_jobs` and
`ingest_tasks` own them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class IngestJobTable(SQLModel, table=True):
    """`ordered` is an IngestOrder as JSON, `plan` what was decided about it, `fingerprint` that of its picture.

    `content_key` names what comes out: the same master, order and playable never have two jobs that have not failed.
    `served_at` is when a worker last took a task of it: who waited longest is next.
    """

    __tablename__ = "ingest_job"
    __table_args__ = (
        Index("ingest_job_content", "content_key", unique=True, postgresql_where=text("state <> 'FAILED'")),
        Index("ingest_job_open", "priority", postgresql_where=text("state IN ('QUEUED', 'RUNNING')")),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    playable_id: str = Field(sa_type=Text)
    title_id: str = Field(foreign_key="title.id", ondelete="CASCADE", sa_type=Text, index=True)
    content_key: str = Field(sa_type=Text)
    source_key: str = Field(sa_type=Text)
    source_sha256: str = Field(sa_type=Text)
    source_name: str = Field(sa_type=Text)
    ordered: str = Field(sa_type=Text)
    priority: int
    state: str = Field(sa_type=Text)
    plan: str | None = Field(sa_type=Text)
    error: str | None = Field(sa_type=Text)
    asset_id: str = Field(sa_type=Text)
    fingerprint: bytes | None = Field(sa_column=Column(LargeBinary))
    resembles: str | None = Field(sa_type=Text)
    queued_at: datetime = _instant()
    served_at: datetime | None = _instant(nullable=True)
    started_at: datetime | None = _instant(nullable=True)
    finished_at: datetime | None = _instant(nullable=True)


class IngestTaskTable(SQLModel, table=True):
    """A task waits until all of its job's lower stages are done, and until `due_at`; a worker has it until
    `lease_until`. `share` of it is done; `result` is what it found out, as JSON.
    """

    __tablename__ = "ingest_task"
    __table_args__ = (
        Index("ingest_task_name", "job_id", "name", unique=True),
        Index("ingest_task_open", "state", postgresql_where=text("state IN ('WAITING', 'RUNNING')")),
    )

    id: int | None = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    job_id: str = Field(foreign_key="ingest_job.id", ondelete="CASCADE", sa_type=Text)
    kind: str = Field(sa_type=Text)
    stage: int
    name: str = Field(sa_type=Text)
    spec: str = Field(sa_type=Text)
    weight: float
    state: str = Field(sa_type=Text)
    attempt: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    tries: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    worker: str | None = Field(sa_type=Text)
    due_at: datetime = _instant()
    lease_until: datetime | None = _instant(nullable=True)
    share: float = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    result: str | None = Field(sa_type=Text)
    error: str | None = Field(sa_type=Text)
