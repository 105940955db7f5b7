"""The one decision whether something plays for somebody, and in which renditions. Pure: all it goes by is given."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from bff.domain.accounts import MembershipStatus, Plan
from bff.domain.devices import DeviceCapabilities
from bff.domain.titles import MaturityRating, TitleCard
from bff.domain.video import Quality, Rendition, Video, VideoState

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
    """What somebody wants to play, and what is known of both. The title is one that the viewer may see by its id.

    `plan` is the one in force; `pin_passed` says that the profile's PIN was given and is right, or that it has none;
    `max_quality` is the most that the client wants.
    """

    title: TitleCard
    video: Video | None
    video_state: VideoState
    region: str
    membership: MembershipStatus | None
    plan: Plan | None
    pin_passed: bool
    capabilities: DeviceCapabilities
    saves_data: bool = False
    max_quality: Quality | None = None


Refusal = MembershipRequired | NotAvailable | PinAsked | NotReady | BetterPlanAsked


def decide_playback(asked: Asked, now: datetime) -> Choice | Refusal:
    """Membership, licence window, PIN, readiness, then what plan and device leave of the renditions."""
    if asked.plan is None:
        return MembershipRequired(_say_membership(asked.membership), asked.membership)
    away = _check_window(asked, now)
    if away is not None:
        return away
    if asked.title.maturity >= MaturityRating.AGE_18 and not asked.pin_passed:
        return PinAsked()
    if asked.video is None:
        return NotReady(_READINESS.get(asked.video_state, _READINESS[VideoState.NONE]), asked.video_state)
    return _choose(asked, asked.plan, asked.video)


def _check_window(asked: Asked, now: datetime) -> NotAvailable | None:
    window = asked.title.windows.get(asked.region)
    if window is not None and window.opens <= now and (window.closes is None or now < window.closes):
        return None
    opens = window.opens if window is not None and now < window.opens else None
    when = f" It opens on {opens.day} {opens:%B %Y}." if opens is not None else ""
    return NotAvailable(f"“{asked.title.name}” cannot be watched in this region now.{when}", asked.region, opens)


def _choose(asked: Asked, plan: Plan, video: Video) -> Choice | NotReady | BetterPlanAsked:
    choice = choose_renditions(
        video.renditions,
        plan_quality=plan.max_quality,
        capabilities=asked.capabilities,
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
    saves_data: bool = False,
    max_quality: Quality | None = None,
) -> Choice:
    """Part renditions, best first, into those that plan and device allow and those that they do not.

    The lowest of each codec stays whatever the device's height or the wish to save data says: something has to play.
    """
    most = min(
        DATA_SAVER_LINES if saves_data else Quality.P2160.lines,
        max_quality.lines if max_quality is not None else Quality.P2160.lines,
    )
    lowest = {
        codec: min(
            (rendition for rendition in renditions if rendition.codec is codec),
            key=lambda rendition: rendition.quality.lines,
        )
        for codec in {rendition.codec for rendition in renditions}
    }

    def find_reasons(rendition: Rendition) -> Iterator[RefusalReason]:
        lines = rendition.quality.lines
        must_stay = rendition is lowest[rendition.codec]
        if rendition.codec not in capabilities.video_codecs:
            yield RefusalReason.CODEC
        if rendition.hdr and not capabilities.hdr:
            yield RefusalReason.HDR
        if lines > capabilities.max_height and not must_stay:
            yield RefusalReason.DEVICE_HEIGHT
        if lines > plan_quality.lines:
            yield RefusalReason.PLAN
        if lines > most and not must_stay:
            yield RefusalReason.DATA_SAVER

    reasons = [next(find_reasons(rendition), None) for rendition in renditions]
    judged = list(zip(renditions, reasons, strict=True))
    return Choice(
        tuple(rendition for rendition, reason in judged if reason is None),
        tuple(RefusedRendition(rendition, reason) for rendition, reason in judged if reason is not None),
    )


def _say_membership(status: MembershipStatus | None) -> str:
    match status:
        case None:
            return "There is no membership: choose a plan with `startMembership`."
        case MembershipStatus.PAST_DUE:
            return "The last payment failed: give another card with `updatePaymentMethod`."
        case MembershipStatus.ENDED | MembershipStatus.CANCELLED:
            return "The membership has ended: begin another one with `startMembership`."
        case _:
            return "This account is suspended: write to support."


_READINESS = {
    VideoState.NONE: "There is no video of this yet.",
    VideoState.PROCESSING: "The video is being made; try again in a few minutes.",
    VideoState.FAILED: "The video could not be made; it is being looked into.",
}
