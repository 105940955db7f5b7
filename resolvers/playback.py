"""Playback sessions: whether something plays for who asks, and where its media is then."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import strawberry
from msgspec.structs import replace

from bff.auth.results import PinRequired
from bff.auth.sessions import check_pin
from bff.context import Info, OperationContext
from bff.domain import entitlements, playback
from bff.domain.accounts import AccountStatus, Device, find_plan_in_force
from bff.domain.devices import default_capabilities
from bff.domain.entitlements import (
    Absent,
    Asked,
    BetterPlanAsked,
    Choice,
    MembershipRequired,
    NotAvailable,
    NotReady,
    PinAsked,
    Refusal,
)
from bff.domain.ids import IdKind, kind_of, random_id
from bff.domain.ingest import IngestState
from bff.domain.playback import SessionEndReason, SessionTerms
from bff.domain.titles import AnyPlayable
from bff.domain.video import Quality, VideoState
from bff.errors import BadUserInput, NotFound, Unauthenticated
from bff.stores.devices import find_device
from bff.stores.ingest_progress import read_ingest_jobs
from bff.stores.plans import read_plans
from bff.stores.playback_sessions import begin_session, end_session, find_begun, read_sessions
from resolvers.inputs import Seconds, StartPlaybackInput
from resolvers.playback_views import PlanUpgradeView, SessionEndedView, SessionView, view_session
from resolvers.titles import find_visible_playable, get_title

MAX_KEY = 255

StartView = SessionView | NotAvailable | MembershipRequired | PlanUpgradeView | PinRequired | NotReady


async def start_playback(info: Info, input: StartPlaybackInput) -> StartView:
    """Raises NotFound for what the viewer cannot see, and for another's device; Conflict for a key used otherwise."""
    context = info.context
    playable = find_visible_playable(context, input.playable_id)
    if playable is None:
        raise _nothing_to_play()
    device = await _find_device(context, input.device_id)
    if device is None:
        raise NotFound("There is no such device: call `registerDevice` first.")
    pool, profile_id = context.services.pool, context.require_state().profile_id
    key, arguments = _read_key(input.idempotency_key), _digest(input, device)
    if key is not None:
        begun = await find_begun(pool, profile_id, key, arguments, context.now)
        if begun is not None:
            return view_session(context, begun, playable, device)
    decision = await _decide(context, playable, device, input)
    if not isinstance(decision, Choice):
        return await _explain(context, playable, decision)
    session = _begin(context, playable, device, decision, input.position)
    return view_session(context, await begin_session(pool, session, key=key, arguments=arguments), playable, device)


async def _decide(
    context: OperationContext, playable: AnyPlayable, device: Device, input: StartPlaybackInput
) -> Choice | Refusal | PinRequired:
    record, state = await context.read_account(), context.require_state()
    if record is None:
        raise Unauthenticated("This account is gone; sign in with another one.")
    profile = next((held for held in record.profiles if held.id == state.profile_id), None)
    if profile is None:
        raise Unauthenticated("The profile of this token is gone; sign in again.")
    asked = Asked(
        title=get_title(playable),
        video=playable.video,
        video_state=playable.video_state,
        audience=context.audience,
        membership=record.membership.status if record.membership is not None else None,
        plan=find_plan_in_force(record, context.now),
        is_suspended=record.account.status is AccountStatus.SUSPENDED,
        pin_passed=not profile.has_pin,
        capabilities=default_capabilities(context.device_class) if device.implicit else device.capabilities,
        saves_data=state.preferences.data_saver,
        max_quality=input.max_quality,
    )
    decision = entitlements.decide_playback(asked, context.now)
    if not isinstance(decision, PinAsked):
        return decision
    passed = await check_pin(context.services.authority, profile, input.pin, context.now)
    if isinstance(passed, PinRequired):
        return passed
    return entitlements.decide_playback(replace(asked, pin_passed=True), context.now)


async def _explain(context: OperationContext, playable: AnyPlayable, refusal: Refusal | PinRequired) -> StartView:
    """What the viewer is told. Raises NotFound for what does not exist for them."""
    match refusal:
        case Absent():
            raise _nothing_to_play()
        case BetterPlanAsked(quality=quality):
            return await _name_plan(context, quality)
        case NotReady(video=VideoState.PROCESSING):
            return replace(refusal, ready_at=await _estimate_ready(context, playable))
        case PinAsked():
            return PinRequired("This profile's PIN is needed to play this.")
        case _:
            return refusal


async def find_session(info: Info, id: strawberry.ID) -> SessionView | None:
    return (await find_own_sessions(info.context, [id])).get(id)


async def find_own_sessions(context: OperationContext, ids: Sequence[str]) -> dict[str, SessionView]:
    """The profile's own, by their ids, whether or not they are over; without those whose title is hidden since."""
    sessions = await _read_own(context, ids)
    return {session.id: shown for session in sessions if (shown := await _show(context, session)) is not None}


async def stop_playback(
    info: Info, session_id: strawberry.ID, position: Seconds | None = None
) -> SessionView | SessionEndedView:
    """Raises NotFound for a session that is not the profile's own."""
    context = info.context
    found = await _read_own(context, [session_id])
    if not found:
        raise NotFound("There is no such playback session.")
    [session] = found
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


def _begin(
    context: OperationContext, playable: AnyPlayable, device: Device, choice: Choice, position: float | None
) -> playback.PlaybackSession:
    token, state, video = context.require_token(), context.require_state(), playable.video
    if video is None:
        raise _nothing_to_play()
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


async def _name_plan(context: OperationContext, quality: Quality) -> PlanUpgradeView:
    """At the price of the account's country."""
    record = await context.read_account()
    plans = await read_plans(context.services.pool, record.account.country if record is not None else "")
    plan = next((held for held in plans if held.max_quality.lines >= quality.lines), plans[-1])
    return PlanUpgradeView(f"This plays from the plan {plan.name} on: change with `changeMembership`.", plan)


async def _estimate_ready(context: OperationContext, playable: AnyPlayable) -> datetime | None:
    """When the job that makes its video is expected to end; None while it waits, or has hardly begun."""
    jobs = await read_ingest_jobs(context.services.pool, states=[IngestState.RUNNING])
    return next((job.estimate_end(context.now) for job in jobs if job.playable_id == playable.id), None)


async def _read_own(context: OperationContext, ids: Sequence[str]) -> list[playback.PlaybackSession]:
    wanted = [identifier for identifier in ids if kind_of(identifier) is IdKind.PLAYBACK_SESSION]
    return await read_sessions(context.services.pool, context.require_state().profile_id, wanted) if wanted else []


async def _show(context: OperationContext, session: playback.PlaybackSession) -> SessionView | None:
    """None where the title is hidden from the viewer, or the device is gone, since the session began."""
    playable = find_visible_playable(context, session.playable_id)
    device = await _find_device(context, session.device_id) if playable is not None else None
    if playable is None or device is None:
        return None
    return view_session(context, session, playable, device)


async def _find_device(context: OperationContext, device_id: str | None) -> Device | None:
    """The account's of this id; the one that asks where there is none."""
    if device_id is None or (context.device is not None and context.device.id == device_id):
        return context.device
    return await find_device(context.services.pool, context.require_token().account_id, device_id)


def _read_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise BadUserInput(f"`idempotencyKey` takes 1 to {MAX_KEY} printable characters, a UUID for instance.")
    return key


def _digest(input: StartPlaybackInput, device: Device) -> bytes:
    """What a retry repeats: all but the PIN, which may only have been asked for."""
    told = (input.playable_id, device.id, input.position, input.max_quality)
    return hashlib.sha256(repr(told).encode()).digest()


def _nothing_to_play() -> NotFound:
    return NotFound("There is nothing of this id to play.")
