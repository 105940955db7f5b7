"""The input types of the graph: the arguments that resolvers take. In patches, UNSET leaves as is and None clears."""

from datetime import datetime
from typing import NewType

import strawberry

from bff.domain.accounts import PlanCode
from bff.domain.devices import AudioCodec, DeviceClass, DrmSystem, ImageFormat, VideoCodec
from bff.domain.titles import MaturityRating
from bff.domain.video import Quality
from resolvers.enums import DownloadQuality, EventKind, PlaybackState, TitleType

Seconds = NewType("Seconds", float)


def _hide_values(holder: object) -> str:
    """The repr of an input that may hold a secret."""
    return f"{type(holder).__name__}(…)"


@strawberry.input(description="`language` is that of the original sound. What is left out does not narrow.")
class BrowseFilter:
    genre: strawberry.ID | None = None
    type: TitleType | None = None
    maturity_at_most: MaturityRating | None = None
    released_from: int | None = None
    released_to: int | None = None
    language: str | None = None


NO_FILTER = BrowseFilter()


@strawberry.input(
    description=(
        "`country` is ISO 3166-1 alpha-2, `language` a BCP 47 tag. With a `name` the account begins with an adult "
        "profile of that name."
    )
)
class RegisterAccountInput:
    __repr__ = _hide_values

    email: str
    password: str
    country: str
    name: str | None = None
    language: str | None = None


@strawberry.input(description="`deviceId` binds the sign-in to a registered device.")
class LoginInput:
    __repr__ = _hide_values

    email: str
    password: str
    device_id: strawberry.ID | None = None
    profile_id: strawberry.ID | None = None
    pin: str | None = None


@strawberry.input(description="`password` is the current one. A new address is verified before it counts.")
class AccountPatch:
    __repr__ = _hide_values

    email: str | None = strawberry.UNSET
    country: str | None = strawberry.UNSET
    password: str | None = strawberry.UNSET


@strawberry.input(description="`password` is the account's; asked for where the ceiling is above the asking profile's.")
class ProfileInput:
    __repr__ = _hide_values

    name: str
    is_kids: bool | None = False
    language: str | None = None
    avatar: str | None = None
    maturity_ceiling: MaturityRating | None = None
    password: str | None = None


@strawberry.input(description="How a profile likes to watch.")
class PlaybackPreferencesInput:
    autoplay_next: bool | None = strawberry.UNSET
    autoplay_previews: bool | None = strawberry.UNSET
    auto_download_next: bool | None = strawberry.UNSET
    audio_language: str | None = strawberry.UNSET
    subtitle_language: str | None = strawberry.UNSET
    audio_description: bool | None = strawberry.UNSET
    playback_speed: float | None = strawberry.UNSET
    data_saver: bool | None = strawberry.UNSET
    high_contrast: bool | None = strawberry.UNSET
    keep_history: bool | None = strawberry.UNSET


@strawberry.input(description="`password` is the account's; asked for where a ceiling is raised.")
class ProfilePatch:
    __repr__ = _hide_values

    name: str | None = strawberry.UNSET
    language: str | None = strawberry.UNSET
    avatar: str | None = strawberry.UNSET
    maturity_ceiling: MaturityRating | None = strawberry.UNSET
    preferences: PlaybackPreferencesInput | None = strawberry.UNSET
    password: str | None = strawberry.UNSET


@strawberry.input(description="What is left out is what every device of the class can do.")
class DeviceCapabilitiesInput:
    max_height: int | None = None
    pixel_ratio: float | None = None
    hdr: bool | None = None
    video_codecs: list[VideoCodec] | None = None
    audio_codecs: list[AudioCodec] | None = None
    image_formats: list[ImageFormat] | None = None
    drm: list[DrmSystem] | None = None


@strawberry.input(
    description="With the `id` of a device of this account that one is changed; without, a new one is made."
)
class DeviceInput:
    device_class: DeviceClass = strawberry.field(name="class")
    id: strawberry.ID | None = None
    name: str | None = None
    capabilities: DeviceCapabilitiesInput | None = None


@strawberry.input(description="What to subscribe to, and how it is paid.")
class StartMembershipInput:
    __repr__ = _hide_values

    plan: PlanCode
    payment_token: str | None = None
    idempotency_key: str | None = strawberry.field(
        default=None, description="Makes a retried call return the first call's result."
    )


@strawberry.input(description="What to play, on what, from where; without a position it goes on where it stopped.")
class StartPlaybackInput:
    __repr__ = _hide_values

    playable_id: strawberry.ID
    device_id: strawberry.ID | None = None
    position: Seconds | None = None
    pin: str | None = None
    max_quality: Quality | None = None
    idempotency_key: str | None = strawberry.field(
        default=None, description="Makes a retried call return the first call's session."
    )


@strawberry.input(description="Where a session stands.")
class ReportProgressInput:
    session_id: strawberry.ID
    position: Seconds
    state: PlaybackState
    seq: int = strawberry.field(
        description="Counts the reports of this session; a report that arrives late never wins."
    )
    at: datetime | None = None
    quality: Quality | None = strawberry.field(default=None, description="What is being shown.")


@strawberry.input(description="Where a download was watched to without a connection; `at` is when.")
class OfflineProgressInput:
    playable_id: strawberry.ID
    device_id: strawberry.ID
    position: Seconds
    at: datetime
    watched_seconds: Seconds | None = None


@strawberry.input(
    description="`id` is the client's own (a UUID): an event sent twice counts once. `index` is the place in the row."
)
class EventInput:
    id: strawberry.ID
    kind: EventKind
    at: datetime
    title_id: strawberry.ID | None = None
    playable_id: strawberry.ID | None = None
    session_id: strawberry.ID | None = None
    row_id: strawberry.ID | None = None
    index: int | None = None
    position: Seconds | None = None
    value: float | None = None
    text: str | None = None


@strawberry.input(description="What to download to which device.")
class RequestDownloadInput:
    __repr__ = _hide_values

    playable_id: strawberry.ID
    device_id: strawberry.ID
    quality: DownloadQuality | None = DownloadQuality.STANDARD
    pin: str | None = None


@strawberry.input(description="What the party should do, based on the `revision` that was seen.")
class ControlWatchPartyInput:
    party_id: strawberry.ID
    revision: int
    state: PlaybackState
    position: Seconds
    speed: float | None = 1
    playable_id: strawberry.ID | None = None
