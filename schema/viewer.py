"""Who is asking: accounts, profiles, devices, memberships."""

from datetime import datetime

import strawberry

from bff.domain.accounts import AccountRecord, AccountStatus, BillingPeriod, MembershipStatus, PlanCode
from bff.domain.accounts import Device as DeviceValue
from bff.domain.accounts import Membership as MembershipValue
from bff.domain.accounts import Plan as PlanValue
from bff.domain.accounts import Profile as ProfileValue
from bff.domain.billing import Invoice as InvoiceValue
from bff.domain.billing import InvoiceStatus
from bff.domain.devices import AudioCodec, DeviceClass, DrmSystem, ImageFormat, VideoCodec
from bff.domain.devices import DeviceCapabilities as DeviceCapabilitiesValue
from bff.domain.paging import Edge, Page
from bff.domain.profile_state import Preferences, Thumb
from bff.domain.titles import MaturityRating
from bff.domain.video import Quality
from bff.execution import shows
from resolvers import memberships, viewer
from resolvers.inputs import Seconds
from resolvers.profiles import AvatarView
from schema.access import Access, field
from schema.common import Money, Node, PageInfo
from schema.titles import Image, Playable, Title


@strawberry.type(description="Who is asking. Account, profile and device are null for a visitor.")
@shows(viewer.ViewerView)
class Viewer:
    account: "Account | None" = field(viewer.get_account, access=Access.SIGNED_IN, hides=True)
    profile: "Profile | None" = field(viewer.get_profile, access=Access.PROFILE, hides=True)
    device: "Device | None" = field(viewer.get_device, access=Access.SIGNED_IN, hides=True)
    region: str = field(description="ISO 3166-1 alpha-2; decides what is licensed and what it costs.")
    locale: str = field(description="A BCP 47 tag: the language that texts come in, where translated.")


@strawberry.type(description="Who pays.")
@shows(AccountRecord)
class Account(Node):
    id: strawberry.ID = field(viewer.get_account_id, description="`email`, billing and devices are for adult profiles.")
    email: str | None = field(
        viewer.get_email, description="For adult profiles; null to those of kids.", access=Access.OWNER, hides=True
    )
    email_verified: bool = field(viewer.is_email_verified)
    country: str = field(viewer.get_country)
    status: AccountStatus = field(viewer.get_status)
    created_at: datetime = field(viewer.get_created_at)
    membership: "Membership | None" = field(viewer.get_membership)
    billing_history: "InvoiceConnection | None" = field(
        memberships.page_billing_history, description="For adult profiles.", access=Access.OWNER, hides=True
    )
    profiles: list["Profile"] = field(viewer.list_profiles, description="At most five.")
    devices: list["Device"] | None = field(
        viewer.list_devices,
        description="Last used first, at most 100; for adult profiles.",
        access=Access.OWNER,
        hides=True,
    )
    active_streams: list["ActiveStream"] | None = field(
        viewer.list_active_streams, description="Streams playing right now, over all profiles and devices."
    )


@strawberry.type(
    description="What can be bought, at the price of the account's country; for visitors, of the request's region."
)
@shows(PlanValue)
class Plan:
    code: PlanCode
    name: str
    price: Money
    period: BillingPeriod
    max_streams: int
    max_quality: Quality
    download_devices: int


@strawberry.type(
    description="The paid subscription; called membership so that it is not mistaken for a GraphQL subscription."
)
@shows(MembershipValue)
class Membership(Node):
    plan: Plan
    status: MembershipStatus
    started_at: datetime
    renews_at: datetime | None = field(description="For adult profiles.", access=Access.OWNER, hides=True)
    ends_at: datetime | None = field(description="For adult profiles.", access=Access.OWNER, hides=True)
    pending_plan: Plan | None = field(
        description="The plan from the next period on, when a smaller one was chosen. For adult profiles.",
        access=Access.OWNER,
        hides=True,
    )


@strawberry.type(description="What was, or is to be, charged at once: for a period, or for what is left of one.")
@shows(InvoiceValue)
class Invoice(Node):
    issued_at: datetime
    total: Money
    status: InvoiceStatus
    description: str


@strawberry.type(description="A page of invoices, latest first.")
@shows(Page)
class InvoiceConnection:
    edges: list["InvoiceEdge"]
    page_info: PageInfo


@strawberry.type(description="An invoice in its place.")
@shows(Edge)
class InvoiceEdge:
    cursor: str
    node: Invoice


@strawberry.type(
    description=(
        "A stream that plays. `id` is not the session's; `title` is null where the asking profile may not see it, and "
        "always for a kids profile."
    )
)
class ActiveStream:
    id: strawberry.ID
    profile_name: str
    device: "Device" = field(description="For adult profiles; FORBIDDEN to those of kids.", access=Access.OWNER)
    title: Title | None
    since: datetime


@strawberry.type(description="Who watches.")
@shows(ProfileValue)
class Profile(Node):
    name: str
    avatar: Image = field(viewer.picture_avatar)
    is_kids: bool
    language: str = field(description="A BCP 47 tag.")
    maturity_ceiling: MaturityRating = field(description="Nothing above it exists for this profile.")
    has_pin: bool
    preferences: "PlaybackPreferences"
    history: "HistoryConnection | None" = field(
        viewer.page_history,
        description="For the profile itself, and adult profiles those of kids; null to others, with FORBIDDEN.",
        access=Access.PROFILE,
    )
    ratings: "RatingConnection | None" = field(
        viewer.page_ratings, description="Latest first; for the same as `history`.", access=Access.PROFILE
    )


@strawberry.type(description="A drawn picture that a profile may have: `key` is what `ProfileInput.avatar` takes.")
@shows(AvatarView)
class Avatar:
    key: str
    image: Image


@strawberry.type(description="How a profile likes to watch.")
@shows(Preferences)
class PlaybackPreferences:
    autoplay_next: bool
    autoplay_previews: bool
    auto_download_next: bool
    audio_language: str | None
    subtitle_language: str | None
    audio_description: bool
    playback_speed: float
    data_saver: bool
    high_contrast: bool
    keep_history: bool = field(description="Whether what is watched shapes recommendations.")


@strawberry.type(description="A page of sittings, latest first.")
@shows(Page)
class HistoryConnection:
    edges: list["HistoryEdge"]
    page_info: PageInfo


@strawberry.type(description="A sitting in its place; paging goes on behind `cursor`.")
@shows(Edge)
class HistoryEdge:
    cursor: str
    node: "HistoryEntry"


@strawberry.type(description="One sitting. `title` and `playable` are null where they may not be seen.")
@shows(viewer.HistoryView)
class HistoryEntry:
    title: Title | None
    playable: Playable | None
    watched_at: datetime
    watched_seconds: Seconds
    completed: bool
    device: "Device | None" = field(description="For adult profiles.", access=Access.ADULT, hides=True)


@strawberry.type(description="A page of ratings, latest first.")
@shows(viewer.RatingPage)
class RatingConnection:
    edges: list["RatingEdge"]
    page_info: PageInfo


@strawberry.type(description="A title with the thumb that it was given, and when.")
@shows(viewer.RatingEdge)
class RatingEdge:
    cursor: str
    node: Title
    thumb: Thumb
    rated_at: datetime


@strawberry.type(description="What somebody watches on.")
@shows(DeviceValue)
class Device(Node):
    device_class: DeviceClass = field(name="class")
    name: str | None
    last_active_at: datetime | None
    capabilities: "DeviceCapabilities"


@strawberry.type(description="What a device can show; `maxHeight` in lines.")
@shows(DeviceCapabilitiesValue)
class DeviceCapabilities:
    max_height: int
    pixel_ratio: float
    hdr: bool
    video_codecs: list[VideoCodec]
    audio_codecs: list[AudioCodec]
    image_formats: list[ImageFormat]
    drm: list[DrmSystem]
