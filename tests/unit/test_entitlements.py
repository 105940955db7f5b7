"""Who may play what, in which renditions: the decision against every mixture of what it goes by."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bff.domain.accounts import BillingPeriod, MembershipStatus, Money, Plan, PlanCode
from bff.domain.devices import DeviceCapabilities, DeviceClass, DrmSystem, VideoCodec, default_capabilities
from bff.domain.entitlements import (
    DATA_SAVER_LINES,
    Absent,
    Asked,
    BetterPlanAsked,
    Choice,
    MembershipRequired,
    NotAvailable,
    NotReady,
    PinAsked,
    RefusalReason,
    choose_renditions,
    decide_playback,
)
from bff.domain.titles import Artwork, LicenceWindow, MaturityRating, MovieCard
from bff.domain.video import Quality, Rendition, Video, VideoState
from bff.domain.visibility import Audience

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEB = default_capabilities(DeviceClass.WEB)
OPEN = LicenceWindow(NOW - timedelta(days=1), NOW + timedelta(days=1))
SOON = LicenceWindow(NOW + timedelta(days=1))
PAST = LicenceWindow(NOW - timedelta(days=2), NOW)
STANDARD = Plan(
    code=PlanCode.STANDARD,
    name="Standard",
    price=Money(1549, "USD"),
    period=BillingPeriod.MONTHLY,
    max_streams=2,
    max_quality=Quality.P1080,
    download_devices=2,
)


def make_rendition(quality: Quality, codec: VideoCodec = VideoCodec.H264, *, hdr: bool = False) -> Rendition:
    return Rendition(
        name=f"{codec.lower()}-{quality.lines}{'-hdr' if hdr else ''}",
        quality=quality,
        width=quality.lines * 16 // 9,
        height=quality.lines,
        bitrate=quality.lines * 3000,
        average_bitrate=quality.lines * 2000,
        codec=codec,
        codecs="avc1.64001f",
        hdr=hdr,
    )


def make_video(*renditions: Rendition, is_encrypted: bool = False) -> Video:
    return Video(
        asset_id="ast_1", duration=60, segment_duration=4, segment_count=15, renditions=renditions,
        is_encrypted=is_encrypted,
    )  # fmt: skip


FILM = MovieCard(
    id="tit_1",
    name="Film",
    synopsis="",
    release_year=2010,
    maturity=MaturityRating.AGE_13,
    genre_ids=(),
    credits=(),
    windows={"US": OPEN},
    added_at=NOW,
    popularity=1.0,
    artwork=Artwork("1", (), {}),
)
ASKED = Asked(
    title=FILM,
    video=make_video(make_rendition(Quality.P480)),
    video_state=VideoState.READY,
    audience=Audience(region="US", ceiling=MaturityRating.AGE_18),
    membership=MembershipStatus.ACTIVE,
    plan=STANDARD,
    pin_passed=True,
    capabilities=WEB,
)

qualities = st.sampled_from(Quality)
renditions = st.builds(make_rendition, qualities, st.sampled_from(VideoCodec), hdr=st.booleans())
ladders = st.lists(renditions, max_size=8, unique_by=lambda rendition: rendition.name)
capabilities = st.builds(
    DeviceCapabilities,
    max_height=st.sampled_from([144, 240, 480, 720, 1080, 2160]),
    pixel_ratio=st.just(1.0),
    hdr=st.booleans(),
    video_codecs=st.lists(st.sampled_from(VideoCodec), unique=True).map(tuple),
    audio_codecs=st.just(()),
    image_formats=st.just(()),
    drm=st.lists(st.sampled_from(DrmSystem), unique=True).map(tuple),
)
wishes = st.fixed_dictionaries(
    {
        "plan_quality": qualities,
        "capabilities": capabilities,
        "is_encrypted": st.booleans(),
        "saves_data": st.booleans(),
        "max_quality": st.none() | qualities,
    }
)


def can_decode(rendition: Rendition, wish: dict[str, Any]) -> bool:
    able = wish["capabilities"]
    return (
        rendition.codec in able.video_codecs
        and (able.hdr or not rendition.hdr)
        and (not wish["is_encrypted"] or DrmSystem.CLEARKEY in able.drm)
    )


@given(ladders, wishes)
def test_each_rendition_is_shown_or_refused_once_in_its_order(ladder: list[Rendition], wish: dict[str, Any]) -> None:
    choice = choose_renditions(ladder, **wish)
    refused = [left.rendition for left in choice.refused]
    assert sorted([*choice.renditions, *refused], key=ladder.index) == ladder
    for kept in (list(choice.renditions), refused):
        assert kept == sorted(kept, key=ladder.index)


@given(ladders, wishes)
def test_nothing_is_shown_that_plan_or_device_do_not_allow(ladder: list[Rendition], wish: dict[str, Any]) -> None:
    decodable = [rendition.quality.lines for rendition in ladder if can_decode(rendition, wish)]
    for rendition in choose_renditions(ladder, **wish).renditions:
        lines = rendition.quality.lines
        assert can_decode(rendition, wish)
        assert lines <= wish["plan_quality"].lines
        if lines > min(decodable):
            assert lines <= wish["capabilities"].max_height
            assert not wish["saves_data"] or lines <= DATA_SAVER_LINES
            assert wish["max_quality"] is None or lines <= wish["max_quality"].lines


@given(ladders, wishes)
def test_each_reason_holds(ladder: list[Rendition], wish: dict[str, Any]) -> None:
    able = wish["capabilities"]
    for left in choose_renditions(ladder, **wish).refused:
        lines = left.rendition.quality.lines
        most = min(wish["max_quality"].lines if wish["max_quality"] else 2160, 480 if wish["saves_data"] else 2160)
        assert {
            RefusalReason.CODEC: left.rendition.codec not in able.video_codecs,
            RefusalReason.HDR: left.rendition.hdr and not able.hdr,
            RefusalReason.DRM: wish["is_encrypted"] and DrmSystem.CLEARKEY not in able.drm,
            RefusalReason.DEVICE_HEIGHT: lines > able.max_height,
            RefusalReason.PLAN: lines > wish["plan_quality"].lines,
            RefusalReason.DATA_SAVER: lines > most,
        }[left.reason]


@given(ladders, wishes)
def test_the_lowest_that_can_be_decoded_stays_unless_the_plan_is_too_small(
    ladder: list[Rendition], wish: dict[str, Any]
) -> None:
    lowest = min((one.quality.lines for one in ladder if can_decode(one, wish)), default=None)
    kept = choose_renditions(ladder, **wish).renditions
    assert bool(kept) == (lowest is not None and lowest <= wish["plan_quality"].lines)
    assert not kept or min(one.quality.lines for one in kept) == lowest


def test_the_lowest_is_the_lowest_that_this_device_can_decode() -> None:
    """A lower one in a coding that it does not know is no reason to leave it without any."""
    ladder = [make_rendition(Quality.P1080), make_rendition(Quality.P480), make_rendition(Quality.P240, hdr=True)]
    choice = choose_renditions(ladder, plan_quality=Quality.P2160, capabilities=replace(WEB, max_height=360))
    assert [one.name for one in choice.renditions] == ["h264-480"]
    assert choice.max_quality is Quality.P480
    assert [left.reason for left in choice.refused] == [RefusalReason.DEVICE_HEIGHT, RefusalReason.HDR]


asked = st.builds(
    Asked,
    title=st.builds(
        replace,
        st.just(FILM),
        windows=st.dictionaries(st.sampled_from(["US", "GB"]), st.sampled_from([OPEN, SOON, PAST])),
        maturity=st.sampled_from(MaturityRating),
        is_hidden=st.booleans(),
    ),
    video=st.none()
    | st.builds(lambda ladder, locked: make_video(*ladder, is_encrypted=locked), ladders, st.booleans()),
    video_state=st.sampled_from(VideoState),
    audience=st.builds(Audience, region=st.sampled_from(["US", "GB"]), ceiling=st.sampled_from(MaturityRating)),
    membership=st.none() | st.sampled_from(MembershipStatus),
    plan=st.none() | st.builds(replace, st.just(STANDARD), max_quality=qualities),
    is_suspended=st.booleans(),
    pin_passed=st.booleans(),
    capabilities=capabilities,
    saves_data=st.booleans(),
    max_quality=st.none() | qualities,
)


def expect_kind(one: Asked) -> type:
    """The first rule that holds, each told once more."""
    window = one.title.windows.get(one.audience.region)
    choice = one.video and choose_renditions(
        one.video.renditions,
        plan_quality=one.plan.max_quality if one.plan is not None else Quality.P240,
        capabilities=one.capabilities,
        is_encrypted=one.video.is_encrypted,
        saves_data=one.saves_data,
        max_quality=one.max_quality,
    )
    rules: dict[type, bool] = {
        Absent: one.title.is_hidden or one.title.maturity > one.audience.ceiling or window is None,
        MembershipRequired: one.plan is None,
        NotAvailable: window is not OPEN,
        PinAsked: one.title.maturity is MaturityRating.AGE_18 and not one.pin_passed,
        Choice: choice is not None and bool(choice.renditions),
        BetterPlanAsked: choice is not None and any(left.reason is RefusalReason.PLAN for left in choice.refused),
        NotReady: True,
    }
    return next(kind for kind, holds in rules.items() if holds)


@given(asked)
def test_refusals_come_in_their_order(one: Asked) -> None:
    assert type(decide_playback(one, NOW)) is expect_kind(one)


@given(asked)
def test_a_grant_is_within_everything(one: Asked) -> None:
    decision = decide_playback(one, NOW)
    if not isinstance(decision, Choice):
        return
    window = one.title.windows[one.audience.region]
    assert window.opens <= NOW
    assert window.closes is None or window.closes > NOW
    assert one.title.maturity <= one.audience.ceiling
    assert not one.title.is_hidden
    assert one.plan is not None
    assert one.video is not None
    assert decision.renditions
    assert decision.max_quality.lines <= one.plan.max_quality.lines
    assert {*decision.renditions, *(left.rendition for left in decision.refused)} == {*one.video.renditions}


@given(asked)
def test_a_better_plan_is_one_that_plays(one: Asked) -> None:
    decision = decide_playback(one, NOW)
    if isinstance(decision, BetterPlanAsked):
        assert one.plan is not None
        better = replace(one, plan=replace(one.plan, max_quality=decision.quality))
        assert isinstance(decide_playback(better, NOW), Choice)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"plan": None, "membership": None}, "`startMembership`"),
        ({"plan": None, "membership": MembershipStatus.PAST_DUE}, "`updatePaymentMethod`"),
        ({"plan": None, "membership": MembershipStatus.ENDED}, "`startMembership`"),
        ({"plan": None, "membership": MembershipStatus.CANCELLED}, "`startMembership`"),
        ({"plan": None, "membership": MembershipStatus.PAST_DUE, "is_suspended": True}, "support"),
        ({"title": replace(FILM, windows={"US": SOON})}, "before 22 November 2026"),
        ({"title": replace(FILM, windows={"US": PAST})}, "any more"),
        ({"video": None, "video_state": VideoState.NONE}, "no video of this yet"),
        ({"video": None, "video_state": VideoState.PROCESSING}, "try again in a few minutes"),
        ({"video": None, "video_state": VideoState.FAILED}, "looked into"),
        ({"video": make_video(make_rendition(Quality.P480, VideoCodec.HEVC))}, "`registerDevice`"),
    ],
)
def test_each_refusal_says_what_can_be_done(change: dict[str, Any], words: str) -> None:
    decision = decide_playback(replace(ASKED, **change), NOW)
    assert isinstance(decision, MembershipRequired | NotAvailable | NotReady)
    assert words in decision.message


def test_a_window_includes_its_first_instant_and_excludes_its_last() -> None:
    closes = OPEN.closes or NOW
    assert isinstance(decide_playback(ASKED, OPEN.opens), Choice)
    assert isinstance(decide_playback(ASKED, closes - timedelta(microseconds=1)), Choice)
    assert isinstance(decide_playback(ASKED, closes), NotAvailable)
    early = decide_playback(ASKED, OPEN.opens - timedelta(microseconds=1))
    assert isinstance(early, NotAvailable)
    assert early.available_from == OPEN.opens
