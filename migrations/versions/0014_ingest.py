"""Masters on their way to video: jobs and their tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingest_job",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("playable_id", sa.Text, nullable=False),
        sa.Column("title_id", sa.Text, sa.ForeignKey("title.id", ondelete="CASCADE"), nullable=False),
        sa.Column("content_key", sa.Text, nullable=False),
        sa.Column("source_key", sa.Text, nullable=False),
        sa.Column("source_sha256", sa.Text, nullable=False),
        sa.Column("source_name", sa.Text, nullable=False),
        sa.Column("ordered", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary),
        sa.Column("resembles", sa.Text),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ingest_job_content", "ingest_job", ["content_key"], unique=True, postgresql_where=sa.text("state <> 'FAILED'")
    )
    op.create_index(
        "ingest_job_open", "ingest_job", ["priority"], postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING')")
    )
    op.create_index("ix_ingest_job_title_id", "ingest_job", ["title_id"])
    op.create_table(
        "ingest_task",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("job_id", sa.Text, sa.ForeignKey("ingest_job.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("worker", sa.Text),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("share", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
    )
    op.create_index("ingest_task_name", "ingest_task", ["job_id", "name"], unique=True)
    op.create_index(
        "ingest_task_open", "ingest_task", ["state"], postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')")
    )


def downgrade() -> None:
    op.drop_table("ingest_task")
    op.drop_table("ingest_job")
