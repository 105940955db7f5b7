"""Playback sessions and what stands in their way."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.auth import results
from bff.domain.accounts import MembershipStatus
from bff.domain.devices import DrmSystem
from bff.domain.entitlements import MembershipRequired as MembershipRequiredValue
from bff.domain.entitlements import NotAvailable as NotAvailableValue
from bff.domain.entitlements import NotReady as NotReadyValue
from bff.domain.entitlements import RefusalReason
from bff.domain.entitlements import RefusedRendition as RefusedRenditionValue
from bff.domain.playback import SessionEndReason
from bff.domain.video import VideoState
from bff.execution import shows
from resolvers import playback_views
from resolvers.enums import EdgeTier, PlaybackState
from resolvers.inputs import Seconds
from schema.access import field
from schema.common import Node, Problem
from schema.scalars import URL
from schema.titles import AudioTrack, Playable, Rendition, SkipMarker, SubtitleTrack, TrickPlay
from schema.viewer import ActiveStream, Device, Plan


@strawberry.type(description="One playing of one playable on one device.")
@shows(playback_views.SessionView)
class PlaybackSession(Node):
    playable: Playable
    device: Device
    state: PlaybackState
    dash_url: URL = field(description="Signed, for the session's own device; `hlsUrl` names the same segments.")
    hls_url: URL
    drm: list["DrmLicense"]
    start_position: Seconds
    position: Seconds
    audio_tracks: list[AudioTrack]
    subtitles: list[SubtitleTrack]
    audio: AudioTrack | None = field(description="What to start with, by the profile's preferences.")
    subtitle: SubtitleTrack | None
    skip_markers: list[SkipMarker]
    thumbnails: TrickPlay | None
    edge: "Edge"
    renditions: list[Rendition]
    refused: list["RefusedRendition"] = field(
        description="Renditions left out of the manifest for this device and plan, and why."
    )
    segment_url: URL | None = field(
        playback_views.find_segment,
        description="One segment, by quality, codec and position: for clients without a DASH or HLS player.",
    )
    heartbeat_interval: Seconds = field(
        description="Report at least this often; a session silent for three of these ends."
    )
    expires_at: datetime


@strawberry.type(description="A rendition that is left out, and why.")
@shows(RefusedRenditionValue)
class RefusedRendition:
    rendition: Rendition
    reason: RefusalReason


@strawberry.type(description="Where the key of one protection system comes from.")
@shows(playback_views.LicenseView)
class DrmLicense:
    system: DrmSystem
    license_url: URL
    certificate_url: URL | None
    expires_at: datetime | None


@strawberry.type(description="Where segments come from.")
@shows(playback_views.EdgeView)
class Edge:
    id: strawberry.ID
    region: str
    tier: EdgeTier
    steering_url: URL | None


@strawberry.type(description="The title cannot be watched in this region now.")
@shows(NotAvailableValue)
class NotAvailable(Problem):
    region: str
    available_from: datetime | None


@strawberry.type(description="The plan's streams all play already.")
class StreamLimitReached(Problem):
    limit: int
    active: list[ActiveStream]


@strawberry.type(description="The plan does not hold this.")
@shows(playback_views.PlanUpgradeView)
class PlanUpgradeRequired(Problem):
    required: Plan


@strawberry.type(description="No membership, or one that has ended, is past due, or belongs to a suspended account.")
@shows(MembershipRequiredValue)
class MembershipRequired(Problem):
    status: MembershipStatus | None


@strawberry.type(
    description=(
        "The profile has a PIN, and it is asked for: to enter the profile, and to play what is rated AGE_18. A PIN "
        "never lifts a ceiling."
    )
)
@shows(results.PinRequired)
class PinRequired(Problem):
    was_wrong: bool = field(description="TRUE when a PIN was given and is not the right one.")
    retry_after: Seconds | None = field(description="Seconds to wait before the next try.")


@strawberry.type(description="The video is still being transcoded, failed to be, or there is none.")
@shows(NotReadyValue)
class NotReady(Problem):
    video: VideoState
    ready_at: datetime | None


@strawberry.type(description="The session is over; start another one.")
@shows(playback_views.SessionEndedView)
class SessionEnded(Problem):
    reason: SessionEndReason


StartPlaybackResult = Annotated[
    PlaybackSession
    | NotAvailable
    | StreamLimitReached
    | PlanUpgradeRequired
    | MembershipRequired
    | PinRequired
    | NotReady,
    strawberry.union("StartPlaybackResult", description="A session, or what stands in its way."),
]
ReportProgressResult = Annotated[
    PlaybackSession | SessionEnded,
    strawberry.union("ReportProgressResult", description="The session as it stands, or how it ended."),
]


@strawberry.type(description="How many events were taken, and which were not.")
class EventsPayload:
    accepted: int
    refused: list["RefusedEvent"]


@strawberry.type(description="An event that was not taken: its place among those sent, and why.")
class RefusedEvent:
    index: int
    message: str


@strawberry.type(description="What a session of this profile does now, on whichever device.")
class PlaybackUpdate:
    cursor: str
    session_id: strawberry.ID
    playable: Playable
    state: PlaybackState
    position: Seconds
    device: Device
    at: datetime
