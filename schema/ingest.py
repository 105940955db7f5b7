"""What operators send, and what becomes of it."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.domain.devices import VideoCodec
from bff.domain.ingest import IngestJob as IngestJobValue
from bff.domain.ingest import IngestState, Preset, Priority
from bff.domain.paging import Edge, Page
from bff.domain.uploads import UploadState
from bff.execution import shows
from resolvers import ingest, uploads
from schema.access import field
from schema.common import PageInfo, Problem
from schema.results import InvalidInput
from schema.scalars import URL


@strawberry.type(
    description=(
        "A file on its way: PUT each part to its `url`, in any order and as often as it takes, then call "
        "`startIngest`. What arrived stays until `expiresAt`."
    )
)
@shows(uploads.UploadView)
class Upload:
    id: strawberry.ID
    file_name: str
    size_bytes: float
    sha256: str = field(name="sha256", description="Of the whole file, as it was announced.")
    part_bytes: float = field(description="Of every part but the last, which is the rest.")
    part_count: int
    arrived_count: int
    state: UploadState
    created_at: datetime
    expires_at: datetime
    parts: list["UploadPart"] = field(
        uploads.list_parts, description="At most 100, behind the number `after`; those that are missing, if asked so."
    )


@strawberry.type(description="Bytes of a file, from `offset` on; numbers begin with 1.")
@shows(uploads.PartView)
class UploadPart:
    number: int
    offset: float
    size_bytes: float
    has_arrived: bool
    url: URL | None = field(description="Takes a PUT of exactly these bytes; null once no more parts are taken.")


@strawberry.type(description="A master on its way to video.")
@shows(IngestJobValue)
class IngestJob:
    id: strawberry.ID
    title_id: strawberry.ID
    playable_id: strawberry.ID
    file_name: str
    sha256: str = field(name="sha256")
    preset: Preset
    codecs: list[VideoCodec]
    is_encrypted: bool
    priority: Priority
    state: IngestState
    percent: float = field(description="Of the work, 0 to 100.")
    working_on: list[str] = field(description="What is under way, like `h264-720/2 of 5`.")
    estimated_end: datetime | None = field(ingest.estimate_end, description="Null while nothing can be said.")
    error: str | None = field(
        description="Why it failed, or what it waits for; with the last lines of what the encoder said."
    )
    asset_id: strawberry.ID = field(description="What it becomes.")
    resembles: strawberry.ID | None = field(description="The asset of another file that shows the same picture.")
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@strawberry.type(description="A page of ingest jobs, latest first.")
@shows(Page)
class IngestJobConnection:
    edges: list["IngestJobEdge"]
    page_info: PageInfo


@strawberry.type(description="A job in its place; paging goes on behind `cursor`.")
@shows(Edge)
class IngestJobEdge:
    cursor: str
    node: IngestJob


@strawberry.type(description="Parts are missing, or not there in their length: send them, and call again.")
@shows(ingest.UploadIncomplete)
class UploadIncomplete(Problem):
    upload_id: strawberry.ID
    missing: list[int] = field(description="The numbers of the first hundred.")
    missing_count: int


CreateUploadResult = Annotated[
    Upload | InvalidInput,
    strawberry.union("CreateUploadResult", description="Where to send the file, or why it cannot be taken."),
]
StartIngestResult = Annotated[
    IngestJob | UploadIncomplete | InvalidInput,
    strawberry.union("StartIngestResult", description="The job, or what is missing for it."),
]
