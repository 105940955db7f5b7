"""The one decision whether something plays for somebody, and in which renditions. Pure: all it goes by is given."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from bff.domain.accounts import MembershipStatus, Plan
from bff.domain.devices import DeviceCapabilities
from bff.domain.key_signals import LICENSED_SYSTEMS
from bff.domain.titles import MaturityRating, TitleCard
from bff.domain.video import Quality, Rendition, Video, VideoState
from bff.domain.visibility import Audience, Visibility, judge

DATA_SAVER_LINES = Quality.P480.lines


class RefusalReason(StrEnum):
    PLAN = "PLAN"
    DEVICE_HEIGHT = "DEVICE_HEIGHT"
    CODEC = "CODEC"
    HDR = "HDR"
    DRM = "DRM"
    DATA_SAVER = "DATA_SAVER"
    LOAD = "LOAD"


class RefusedRendition(Struct, frozen=True):
    """A rendition that is left out."""

    rendition: Rendition
    reason: RefusalReason


class Choice(Struct, frozen=True):
    """Renditions that may be shown, best first, and those left out, each with the first reason that holds."""

    renditions: tuple[Rendition, ...]
    refused: tuple[RefusedRendition, ...]

    @property
    def max_quality(self) -> Quality:
        return max((rendition.quality for rendition in self.renditions), key=lambda quality: quality.lines)


class Absent(Struct, frozen=True):
    """For this viewer the title does not exist."""


class NotAvailable(Struct, frozen=True):
    message: str
    region: str
    available_from: datetime | None


class BetterPlanAsked(Struct, frozen=True):
    """A plan is needed that holds this quality."""

    quality: Quality


class MembershipRequired(Struct, frozen=True):
    message: str
    status: MembershipStatus | None


class PinAsked(Struct, frozen=True):
    """The profile's PIN has to be looked at before the decision can be made."""


class NotReady(Struct, frozen=True):
    """`ready_at` is when a video that is in the making is expected to play."""

    message: str
    video: VideoState
    ready_at: datetime | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody wants to play, and what is known of both.

    `plan` is the one in force, and `is_suspended` says why it may be none; `pin_passed` says that the profile's PIN was
    given and is right, or that it has none; `max_quality` is the most that the client wants.
    """

    title: TitleCard
    video: Video | None
    video_state: VideoState
    audience: Audience
    membership: MembershipStatus | None
    plan: Plan | None
    is_suspended: bool = False
    pin_passed: bool
    capabilities: DeviceCapabilities
    saves_data: bool = False
    max_quality: Quality | None = None


Refusal = Absent | MembershipRequired | NotAvailable | PinAsked | NotReady | BetterPlanAsked


def decide_playback(asked: Asked, now: datetime) -> Choice | Refusal:
    """Existence, membership, licence window, PIN, readiness, then what plan and device leave of the renditions."""
    visibility = judge(asked.title, asked.audience, now)
    if visibility is Visibility.ABSENT:
        return Absent()
    if asked.plan is None:
        return MembershipRequired(_say_membership(asked), asked.membership)
    if visibility is Visibility.CLOSED:
        return _say_window(asked, now)
    if asked.title.maturity >= MaturityRating.AGE_18 and not asked.pin_passed:
        return PinAsked()
    if asked.video is None:
        return NotReady(_READINESS.get(asked.video_state, _READINESS[VideoState.NONE]), asked.video_state)
    return _choose(asked, asked.plan, asked.video)


def _say_window(asked: Asked, now: datetime) -> NotAvailable:
    region = asked.audience.region
    opens = asked.title.windows[region].opens
    if opens <= now:
        return NotAvailable(f"“{asked.title.name}” cannot be watched in this region any more.", region, None)
    return NotAvailable(
        f"“{asked.title.name}” cannot be watched in this region before {opens.day} {opens:%B %Y}.", region, opens
    )


def _choose(asked: Asked, plan: Plan, video: Video) -> Choice | NotReady | BetterPlanAsked:
    choice = choose_renditions(
        video.renditions,
        plan_quality=plan.max_quality,
        capabilities=asked.capabilities,
        is_encrypted=video.is_encrypted,
        saves_data=asked.saves_data,
        max_quality=asked.max_quality,
    )
    if choice.renditions:
        return choice
    beyond = [left.rendition.quality for left in choice.refused if left.reason is RefusalReason.PLAN]
    if beyond:
        return BetterPlanAsked(min(beyond, key=lambda quality: quality.lines))
    return NotReady(
        "This device can play no rendition of this: say what it can by `registerDevice`.", asked.video_state
    )


def choose_renditions(
    renditions: Sequence[Rendition],
    *,
    plan_quality: Quality,
    capabilities: DeviceCapabilities,
    is_encrypted: bool = False,
    saves_data: bool = False,
    max_quality: Quality | None = None,
) -> Choice:
    """Part renditions, best first, into those that plan and device allow and those that they do not.

    The lowest that the device can decode stays whatever its height or the wish to save data says: something has to
    play. Above the plan nothing stays.
    """
    most = min(
        DATA_SAVER_LINES if saves_data else Quality.P2160.lines,
        max_quality.lines if max_quality is not None else Quality.P2160.lines,
    )
    can_decrypt = not is_encrypted or not LICENSED_SYSTEMS.isdisjoint(capabilities.drm)

    def find_obstacles(rendition: Rendition) -> Iterator[RefusalReason]:
        if rendition.codec not in capabilities.video_codecs:
            yield RefusalReason.CODEC
        if rendition.hdr and not capabilities.hdr:
            yield RefusalReason.HDR
        if not can_decrypt:
            yield RefusalReason.DRM

    decodable = [rendition for rendition in renditions if not any(find_obstacles(rendition))]
    least = min((rendition.quality.lines for rendition in decodable), default=0)

    def find_reasons(rendition: Rendition) -> Iterator[RefusalReason]:
        yield from find_obstacles(rendition)
        lines = rendition.quality.lines
        if lines > max(capabilities.max_height, least):
            yield RefusalReason.DEVICE_HEIGHT
        if lines > plan_quality.lines:
            yield RefusalReason.PLAN
        if lines > max(most, least):
            yield RefusalReason.DATA_SAVER

    reasons = [next(find_reasons(rendition), None) for rendition in renditions]
    judged = list(zip(renditions, reasons, strict=True))
    return Choice(
        tuple(rendition for rendition, reason in judged if reason is None),
        tuple(RefusedRendition(rendition, reason) for rendition, reason in judged if reason is not None),
    )


def _say_membership(asked: Asked) -> str:
    if asked.is_suspended:
        return "This account is suspended: write to support."
    match asked.membership:
        case None:
            return "There is no membership: choose a plan with `startMembership`."
        case MembershipStatus.PAST_DUE:
            return "The last payment failed: give another card with `updatePaymentMethod`."
        case _:
            return "The membership has ended: begin another one with `startMembership`."


_READINESS = {
    VideoState.NONE: "There is no video of this yet.",
    VideoState.PROCESSING: "The video is being made; try again in a few minutes.",
    VideoState.FAILED: "The video could not be made; it is being looked into.",
}
