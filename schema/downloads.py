"""Downloads."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.domain.video import Quality
from bff.execution import shows
from resolvers.enums import DownloadState
from schema.access import Access, field
from schema.common import Node, Problem
from schema.playback import (
    DrmLicense,
    MembershipRequired,
    NotAvailable,
    NotReady,
    PinRequired,
    PlanUpgradeRequired,
)
from schema.scalars import URL
from schema.titles import Playable
from schema.viewer import Device


@strawberry.type(description="What a device or profile has downloaded; sizes in bytes.")
class DownloadLibrary:
    downloads: list["Download"]
    used_bytes: float
    limit_bytes: float


@strawberry.type(description="One playable on one device, to watch without a connection.")
@shows()
class Download(Node):
    playable: Playable
    device: Device = field(description="For adult profiles; FORBIDDEN to those of kids.", access=Access.ADULT)
    quality: Quality
    state: DownloadState
    size_bytes: float
    manifest_url: URL | None
    licenses: list[DrmLicense]
    requested_at: datetime
    expires_at: datetime


@strawberry.type(description="As many devices or bytes as the plan holds are in use.")
class DownloadLimitReached(Problem):
    limit_bytes: float | None
    used_bytes: float | None
    devices: int | None


RequestDownloadResult = Annotated[
    Download | NotAvailable | PlanUpgradeRequired | MembershipRequired | PinRequired | NotReady | DownloadLimitReached,
    strawberry.union("RequestDownloadResult", description="A download, or what stands in its way."),
]
