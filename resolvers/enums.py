"""The enums of the graph, domain enums among them, described for clients; what names one imports this module first."""

from enum import StrEnum

import strawberry

from bff.domain.accounts import AccountStatus, BillingPeriod, MembershipStatus, PlanCode
from bff.domain.billing import InvoiceStatus
from bff.domain.devices import AudioCodec, DeviceClass, DrmSystem, ImageFormat, VideoCodec
from bff.domain.entitlements import RefusalReason
from bff.domain.home import RowKind, RowLayout
from bff.domain.ingest import IngestState, Preset, Priority
from bff.domain.notifications import NotificationKind
from bff.domain.playback import SessionEndReason
from bff.domain.profile_state import Thumb
from bff.domain.search import MatchKind
from bff.domain.titles import ArtworkKind, Badge, CreditRole, MaturityRating
from bff.domain.uploads import UploadState
from bff.domain.video import AudioKind, Quality, SkipKind, SubtitleKind, VideoState


class EdgeTier(StrEnum):
    ISP = "ISP"
    REGIONAL = "REGIONAL"
    ORIGIN = "ORIGIN"


class DownloadState(StrEnum):
    QUEUED = "QUEUED"
    READY = "READY"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    FAILED = "FAILED"
    DELETED = "DELETED"


class TitleType(StrEnum):
    MOVIE = "MOVIE"
    SERIES = "SERIES"


class BrowseSort(StrEnum):
    POPULARITY = "POPULARITY"
    RATING = "RATING"
    RELEASED = "RELEASED"
    ADDED = "ADDED"
    NAME = "NAME"


class SynopsisLength(StrEnum):
    AUTO = "AUTO"
    SHORT = "SHORT"
    FULL = "FULL"


class PlaybackState(StrEnum):
    PLAYING = "PLAYING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


class DownloadQuality(StrEnum):
    STANDARD = "STANDARD"
    HIGH = "HIGH"


class EventKind(StrEnum):
    IMPRESSION = "IMPRESSION"
    CLICK = "CLICK"
    PREVIEW = "PREVIEW"
    PLAY = "PLAY"
    PAUSE = "PAUSE"
    SEEK = "SEEK"
    COMPLETE = "COMPLETE"
    SEARCH = "SEARCH"
    STARTUP = "STARTUP"
    REBUFFER = "REBUFFER"
    QUALITY_SWITCH = "QUALITY_SWITCH"
    PLAYBACK_ERROR = "PLAYBACK_ERROR"


_DESCRIPTIONS = {
    AccountStatus: "Whether an account may be used.",
    ArtworkKind: "BOXART stands upright (2:3), WIDE lies (16:9), HERO lies and leaves room for text, LOGO a wordmark.",
    AudioCodec: "How sound is coded.",
    AudioKind: "What a sound track is.",
    Badge: "What a card is marked with: NEW for 30 days, LEAVING_SOON for the last 14, TOP_TEN while it is.",
    BillingPeriod: "How often a plan is paid for.",
    CreditRole: "What a person did for a title.",
    DeviceClass: "Decides layout, page sizes and picture widths.",
    DownloadState: "How far the server has brought it; transfer is the client's own affair until it says COMPLETE.",
    DrmSystem: "A system of content protection.",
    EdgeTier: "How near to the viewer an edge stands.",
    ImageFormat: "How a picture is coded.",
    IngestState: "How far a master is: it waits, is being worked on, plays, or failed for a reason.",
    InvoiceStatus: "What became of an invoice.",
    MatchKind: "Where a text was found.",
    MaturityRating: "The lowest age a title is meant for; what has no certificate counts as AGE_18.",
    MembershipStatus: "CANCELLED runs on until `endsAt`; PAST_DUE waits for a payment.",
    NotificationKind: "What a notification is about.",
    PlanCode: "The plans, from small to large.",
    Quality: "Lines of the picture.",
    RefusalReason: "Why a rendition is left out.",
    RowKind: "What a row is made from; expect more.",
    RowLayout: "How a row is drawn: upright cards, wide cards, or upright ones with large numbers.",
    SessionEndReason: "Why a playback session ended.",
    SkipKind: "What can be skipped.",
    SubtitleKind: "CLOSED_CAPTIONS say sounds, too; FORCED are for foreign lines only.",
    Thumb: "A profile's own verdict.",
    BrowseSort: "The order of a browsed list; ties go by popularity, then id.",
    DownloadQuality: "STANDARD is at most 720p, HIGH at most 1080p.",
    EventKind: "What a client saw happen.",
    Preset: "QUICK is three rungs of H.264 at set qualities; STANDARD finds the quality of every rung for the title.",
    Priority: "What waits with a higher one goes first.",
    UploadState: "OPEN takes parts, TAKEN is being put together, RECEIVED is whole and checked, CANCELLED is gone.",
    PlaybackState: "What a player does.",
    SynopsisLength: "AUTO goes by the device: short on phones and tablets.",
    TitleType: "What a title is.",
    VideoCodec: "How pictures are coded.",
    VideoState: "Whether there is something to play: NONE, in the making, ready, or failed.",
}

_NAMES: dict[object, str] = {Preset: "IngestPreset", Priority: "IngestPriority"}

for _enum, _description in _DESCRIPTIONS.items():
    strawberry.enum(_enum, name=_NAMES.get(_enum), description=_description)
