"""Playback sessions as their players see them. The addresses in them hold the session's token."""

from datetime import datetime

import strawberry
from msgspec import Struct

from bff.auth.media_tokens import media_claims
from bff.context import OperationContext
from bff.domain import playback
from bff.domain.accounts import Device, Plan
from bff.domain.devices import DrmSystem, VideoCodec
from bff.domain.entitlements import RefusedRendition
from bff.domain.key_signals import name_license
from bff.domain.playback import SessionEndReason, SessionTerms
from bff.domain.titles import AnyPlayable
from bff.domain.video import AudioTrack, Quality, Rendition, SkipMarker
from resolvers.enums import EdgeTier, PlaybackState
from resolvers.inputs import Seconds
from resolvers.playables import SubtitleView, TrickPlayView, view_subtitle, view_thumbnails


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


def view_session(
    context: OperationContext, session: playback.PlaybackSession, playable: AnyPlayable, device: Device
) -> SessionView:
    services, terms = context.services, session.terms
    video = terms.video
    preferences = context.require_state().preferences
    token = _mint_token(context, session)
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


def _mint_token(context: OperationContext, session: playback.PlaybackSession) -> str:
    """The same one for every look at a session."""
    return context.services.media_tokens.mint(
        media_claims(
            session_id=session.id,
            account_id=session.account_id,
            family_id=session.family_id,
            title_id=session.title_id,
            asset_id=session.terms.video.asset_id,
            region=session.region,
            max_quality=session.terms.max_quality,
            now=session.started_at,
            age=session.expires_at - session.started_at,
        )
    )


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
