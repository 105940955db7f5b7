"""Playback sessions of any playable, put straight into PostgreSQL: it need have no video, and nobody asks who may."""

from datetime import timedelta

from bff.auth.tokens import read_bearer
from bff.domain.entitlements import RefusalReason, RefusedRendition
from bff.domain.ids import IdKind, random_id
from bff.domain.playback import PlaybackSession, SessionTerms
from bff.domain.video import Quality
from bff.stores.playback_sessions import begin_session
from tests.live import Client, Demo
from tests.media.screening import make_video


async def add_session(demo: Demo, client: Client, playable_id: str, title_id: str) -> str:
    """One of the client's sign-in that goes on, encrypted, with a rendition that was left out; answers its id."""
    now = demo.services.now()
    claims = demo.services.authority.verifier.verify(read_bearer(client.headers["Authorization"]), now)
    assert claims.profile_id is not None
    video = make_video("ast_nowhere", Quality.P240, Quality.P480, is_encrypted=True)
    best, *_ = video.renditions
    session = PlaybackSession(
        id=random_id(IdKind.PLAYBACK_SESSION),
        account_id=claims.account_id,
        profile_id=claims.profile_id,
        device_id=claims.device_id,
        family_id=claims.family_id,
        playable_id=playable_id,
        title_id=title_id,
        region=claims.region,
        terms=SessionTerms(
            video=video,
            refused=(RefusedRendition(best, RefusalReason.PLAN),),
            start_position=0.0,
            max_quality=Quality.P480,
        ),
        position=0.0,
        started_at=now.replace(microsecond=0),
        expires_at=now.replace(microsecond=0) + timedelta(hours=1),
    )
    return (await begin_session(demo.services.pool, session)).id
