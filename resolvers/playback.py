"""Playback sessions: whether something plays for who asks, and where its media is then."""

import hashlib
from datetime import datetime, timedelta

import strawberry
from msgspec import Struct
from msgspec.structs import replace

from bff.auth.media_tokens import media_claims
from bff.auth.results import PinRequired
from bff.auth.sessions import check_pin
from bff.context import Info, OperationContext
from bff.domain import entitlements, playback
from bff.domain.accounts import AccountRecord, Device, Plan, find_plan_in_force
from bff.domain.devices import DrmSystem, VideoCodec, default_capabilities
from bff.domain.entitlements import (
    Asked,
    BetterPlanAsked,
    Choice,
    MembershipRequired,
    NotAvailable,
    NotReady,
    PinAsked,
    RefusedRendition,
)
from bff.domain.ids import IdKind, kind_of, random_id
from bff.domain.key_signals import name_license
from bff.domain.playback import SessionEndReason, SessionTerms
from bff.domain.titles import AnyPlayable
from bff.domain.video import AudioTrack, Quality, Rendition, SkipMarker, Video
from bff.errors import BadUserInput, NotFound, Unauthenticated
from bff.stores.devices import find_device
from bff.stores.plans import read_plans
from bff.stores.playback_sessions import begin_session, end_session, find_begun, read_session
from resolvers.enums import EdgeTier, PlaybackState
from resolvers.inputs import Seconds, StartPlaybackInput
from resolvers.playables import SubtitleView, TrickPlayView, view_subtitle, view_thumbnails
from resolvers.titles import find_visible_playable, get_title

MAX_KEY = 255


class LicenseView(Struct, frozen=True):
    """`license_url` holds the session's token."""

    system: DrmSystem
    license_url: str
    certificate_url: str | None
    expires_at: datetime | None

    def __repr__(self) -> str:
        return f"LicenseView({self.system}, …)"


class EdgeView(Struct, frozen=True):
    id: str
    region: str
    tier: EdgeTier
    steering_url: str | None


class PlanUpgradeView(Struct, frozen=True):
    message: str
    required: Plan


class SessionEndedView(Struct, frozen=True):
    message: str
    reason: SessionEndReason


class SessionView(Struct, frozen=True, kw_only=True):
    """A session as its player sees it. URLs hold its token."""

    id: str
    playable: AnyPlayable
    device: Device
    state: PlaybackState
    dash_url: str
    hls_url: str
    drm: tuple[LicenseView, ...]
    start_position: float
    position: float
    audio_tracks: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleView, ...]
    audio: AudioTrack | None
    subtitle: SubtitleView | None
    skip_markers: tuple[SkipMarker, ...]
    thumbnails: TrickPlayView | None
    edge: EdgeView
    renditions: tuple[Rendition, ...]
    refused: tuple[RefusedRendition, ...]
    base_url: str
    terms: SessionTerms
    heartbeat_interval: float
    expires_at: datetime

    def __repr__(self) -> str:
        return f"SessionView({self.id!r})"


StartView = SessionView | NotAvailable | MembershipRequired | PlanUpgradeView | PinRequired | NotReady


async def start_playback(info: Info, input: StartPlaybackInput) -> StartView:
    """Raises NotFound for what the viewer cannot see, and for another's device; Conflict for a key used otherwise."""
    context = info.context
    state = context.require_state()
    playable = find_visible_playable(context, input.playable_id)
    if playable is None:
        raise NotFound("There is nothing of this id to play.")
    device = await _find_device(context, input.device_id)
    key, arguments = _read_key(input.idempotency_key), _digest(input, device)
    if key is not None:
        begun = await find_begun(context.services.pool, state.profile_id, key, arguments, context.now)
        if begun is not None:
            return _view(context, begun, playable, device)
    record = await context.read_account()
    if record is None:
        raise Unauthenticated("This account is gone; sign in with another one.")
    profile = next((held for held in record.profiles if held.id == state.profile_id), None)
    asked = Asked(
        title=get_title(playable),
        video=playable.video,
        video_state=playable.video_state,
        region=context.caller.region,
        membership=record.membership.status if record.membership is not None else None,
        plan=find_plan_in_force(record, context.now),
        pin_passed=profile is None or not profile.has_pin,
        capabilities=default_capabilities(context.device_class) if device.implicit else device.capabilities,
        saves_data=state.preferences.data_saver,
        max_quality=input.max_quality,
    )
    decision = entitlements.decide_playback(asked, context.now)
    if isinstance(decision, PinAsked):
        refusal = await check_pin(context.services.authority, profile, input.pin, context.now)
        if refusal is not None:
            return refusal
        decision = entitlements.decide_playback(replace(asked, pin_passed=True), context.now)
    match decision:
        case Choice():
            session = _begin(context, playable, device, decision, input.position)
            begun = await begin_session(context.services.pool, session, key=key, arguments=arguments)
            return _view(context, begun, playable, device)
        case BetterPlanAsked():
            return await _name_plan(context, record, decision.quality)
        case PinAsked():
            return PinRequired("This profile's PIN is needed to play this.")
        case _:
            return decision


async def find_session(info: Info, id: strawberry.ID) -> SessionView | None:
    """The profile's own, whether or not it is over."""
    context = info.context
    session = await _find_own(context, id)
    if session is None:
        return None
    return await _show(context, session)


async def stop_playback(
    info: Info, session_id: strawberry.ID, position: Seconds | None = None
) -> SessionView | SessionEndedView:
    """Raises NotFound for a session that is not the profile's own."""
    context = info.context
    session = await _find_own(context, session_id)
    if session is None:
        raise NotFound("There is no such playback session.")
    ended = session.find_end(context.now)
    if ended is not None:
        return SessionEndedView("This session is over; start another one with `startPlayback`.", ended)
    at = min(max(position, 0.0), session.terms.video.duration) if position is not None else session.position
    await end_session(context.services.pool, session.id, SessionEndReason.STOPPED, position=at)
    context.services.ended_sessions.note([session.id])
    shown = await _show(
        context, replace(session, position=at, ended_at=context.now, end_reason=SessionEndReason.STOPPED)
    )
    if shown is None:
        return SessionEndedView("This session is over.", SessionEndReason.STOPPED)
    return shown


def find_segment(
    root: strawberry.Parent[SessionView],
    position: Seconds,
    quality: Quality,
    codec: VideoCodec | None = VideoCodec.H264,
) -> str | None:
    """Null past the ends, and for a rendition that the session has not."""
    video = root.terms.video
    rendition = next((held for held in root.renditions if held.quality is quality and held.codec is codec), None)
    if rendition is None or not 0 <= position < video.duration:
        return None
    number = min(int(position // video.segment_duration) + 1, video.segment_count)
    return f"{root.base_url}/{rendition.name}/{number:05}.m4s"


def _begin(
    context: OperationContext, playable: AnyPlayable, device: Device, choice: Choice, position: float | None
) -> playback.PlaybackSession:
    token, state, video = context.require_token(), context.require_state(), playable.video
    if video is None:
        raise NotFound("There is nothing of this id to play.")
    start = playback.choose_start(position, state.progress.get(playable.id), video.duration)
    now = context.now.replace(microsecond=0)
    return playback.PlaybackSession(
        id=random_id(IdKind.PLAYBACK_SESSION),
        account_id=token.account_id,
        profile_id=state.profile_id,
        device_id=device.id,
        family_id=token.family_id,
        playable_id=playable.id,
        title_id=get_title(playable).id,
        region=context.caller.region,
        terms=SessionTerms(
            video=replace(video, renditions=choice.renditions),
            refused=choice.refused,
            start_position=start,
            max_quality=choice.max_quality,
        ),
        position=start,
        started_at=now,
        expires_at=now + timedelta(seconds=int(video.duration) + 1) + playback.GRACE,
    )


def _view(
    context: OperationContext, session: playback.PlaybackSession, playable: AnyPlayable, device: Device
) -> SessionView:
    services, terms = context.services, session.terms
    video: Video = terms.video
    preferences = context.require_state().preferences
    token = services.media_tokens.mint(
        media_claims(
            session_id=session.id,
            account_id=session.account_id,
            family_id=session.family_id,
            title_id=session.title_id,
            asset_id=video.asset_id,
            region=session.region,
            max_quality=terms.max_quality,
            now=session.started_at,
            age=session.expires_at - session.started_at,
        )
    )
    base = f"{services.settings.public_url.rstrip('/')}/media/{token}"
    views = {track.folder: view_subtitle(track, f"{base}/{track.file}") for track in video.subtitles}
    subtitle = playback.choose_subtitle(video.subtitles, preferences)
    return SessionView(
        id=session.id,
        playable=playable,
        device=device,
        state=PlaybackState.STOPPED if session.find_end(context.now) else PlaybackState.PLAYING,
        dash_url=f"{base}/manifest.mpd",
        hls_url=f"{base}/master.m3u8",
        drm=_list_licences(context, session, token),
        start_position=terms.start_position,
        position=session.position,
        audio_tracks=video.audio,
        subtitles=tuple(views.values()),
        audio=playback.choose_audio(video.audio, preferences),
        subtitle=views[subtitle.folder] if subtitle is not None else None,
        skip_markers=playable.markers,
        thumbnails=view_thumbnails(video.thumbnails, f"{base}/{video.thumbnails.file}") if video.thumbnails else None,
        edge=EdgeView("edge_origin", session.region, EdgeTier.ORIGIN, None),
        renditions=video.renditions,
        refused=terms.refused,
        base_url=base,
        terms=terms,
        heartbeat_interval=playback.HEARTBEAT,
        expires_at=session.expires_at,
    )


def _list_licences(context: OperationContext, session: playback.PlaybackSession, token: str) -> tuple[LicenseView, ...]:
    """Where keys come from: this server's own ClearKey, for what is encrypted."""
    if not session.terms.video.is_encrypted:
        return ()
    origin = context.services.settings.public_url.rstrip("/")
    return (LicenseView(DrmSystem.CLEARKEY, origin + name_license("clearkey", token), None, session.expires_at),)


async def _name_plan(context: OperationContext, record: AccountRecord, quality: Quality) -> PlanUpgradeView:
    plans = await read_plans(context.services.pool, record.account.country)
    plan = next((held for held in plans if held.max_quality.lines >= quality.lines), plans[-1])
    return PlanUpgradeView(f"This plays from the plan {plan.name} on: change with `changeMembership`.", plan)


async def _find_own(context: OperationContext, session_id: str) -> playback.PlaybackSession | None:
    if kind_of(session_id) is not IdKind.PLAYBACK_SESSION:
        return None
    session = await read_session(context.services.pool, session_id)
    return session if session is not None and session.profile_id == context.require_state().profile_id else None


async def _show(context: OperationContext, session: playback.PlaybackSession) -> SessionView | None:
    """None where the title is hidden from the viewer, or the device is gone, since the session began."""
    playable = find_visible_playable(context, session.playable_id)
    device = await find_device(context.services.pool, session.account_id, session.device_id)
    if playable is None or device is None:
        return None
    return _view(context, session, playable, device)


async def _find_device(context: OperationContext, device_id: str | None) -> Device:
    token = context.require_token()
    device = context.device
    if device_id is not None and (device is None or device.id != device_id):
        device = await find_device(context.services.pool, token.account_id, device_id)
    if device is None:
        raise NotFound("There is no such device: call `registerDevice` first.")
    return device


def _read_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise BadUserInput(f"`idempotencyKey` takes 1 to {MAX_KEY} printable characters, a UUID for instance.")
    return key


def _digest(input: StartPlaybackInput, device: Device) -> bytes:
    """What a retry repeats: all but the PIN, which may only have been asked for."""
    told = (input.playable_id, device.id, input.position, input.max_quality)
    return hashlib.sha256(repr(told).encode()).digest()
