"""Changes of profiles: who may do what stands at the fields; here is what each change takes, and what it reaches."""

from collections.abc import Mapping
from typing import Any, TypeVar

import strawberry
from msgspec import Struct
from strawberry.utils.str_converters import to_camel_case

from bff.artwork.portraits import AVATARS
from bff.auth.access import check_may_look_into
from bff.auth.results import InvalidCredentials
from bff.context import Info, OperationContext
from bff.domain import profiles as rules
from bff.domain.accounts import MAX_PROFILES, AccountRecord, Profile
from bff.domain.ids import IdKind, random_id
from bff.domain.problems import InvalidInput, refuse_input
from bff.domain.profile_state import Preferences
from bff.domain.profiles import ProfileLimitReached, Refusal
from bff.domain.registration import read_language, read_name
from bff.errors import NotFound
from bff.stores import profiles as store
from bff.stores.new_accounts import NewProfile
from bff.stores.profile_state import Write, bury_state, change_state
from bff.stores.redis import RedisAway
from resolvers.home_events import announce_whole_home
from resolvers.inputs import PlaybackPreferencesInput, ProfileInput, ProfilePatch
from resolvers.passwords import confirm_password
from resolvers.pictures import Picture
from resolvers.reading import Reading
from resolvers.viewer import picture_avatar_by_key

T = TypeVar("T")
ProfileView = Profile | InvalidInput | InvalidCredentials | ProfileLimitReached
AccountView = AccountRecord | InvalidInput | InvalidCredentials

_BEGINNING = Preferences()
_OF_HOME = ("language", "maturity_ceiling")
"""What of a profile its home is made from."""


class AvatarView(Struct, frozen=True):
    """One of the drawn avatars; `key` is what a profile is given."""

    key: str
    image: Picture


async def list_avatars(info: Info) -> list[AvatarView]:
    return [AvatarView(key, picture_avatar_by_key(info.context, key, alt=key)) for key in AVATARS]


async def create_profile(info: Info, input: ProfileInput) -> ProfileView:
    context = info.context
    record = await _require_account(context)
    is_kids = bool(input.is_kids)
    own = context.state.ceiling if context.state is not None else rules.find_highest_ceiling(record.profiles)
    usual = rules.choose_ceiling(is_kids=is_kids, own=own)
    ceiling = input.maturity_ceiling if input.maturity_ceiling is not None else usual
    reading = Reading()
    name = reading.read("input.name", read_name, input.name)
    language = reading.read("input.language", read_language, input.language or _choose_language(context))
    taken = [profile.avatar for profile in record.profiles]
    avatar = reading.read(
        "input.avatar", _read_avatar, input.avatar if input.avatar is not None else rules.choose_avatar(AVATARS, taken)
    )
    if name is None or language is None or avatar is None:
        return reading.write_refusal()
    is_above = own is not None and ceiling > own
    confirmed = await confirm_password(context, input.password or None) if is_above else None
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    profile = NewProfile(
        id=random_id(IdKind.PROFILE),
        name=name,
        avatar=avatar,
        is_kids=is_kids,
        language=language,
        maturity_ceiling=ceiling,
    )
    match await store.add_profile(context.services.pool, record.account.id, profile, confirmed=confirmed):
        case Refusal.LIMIT:
            return ProfileLimitReached(f"An account has at most {MAX_PROFILES} profiles.", MAX_PROFILES)
        case Refusal.FIRST_IS_KIDS:
            return refuse_input("input.isKids", "The first profile of an account is an adult's, who can add others.")
    return await _show(context, profile.id)


async def update_profile(info: Info, profile_id: strawberry.ID, input: ProfilePatch) -> ProfileView:
    """Null puts back what a profile begins with; a name cannot be cleared."""
    context = info.context
    record = await _require_account(context)
    held = _find_profile(record, profile_id)
    reading = Reading()
    values = _read_values(reading, context, held, input)
    preferences = _read_preferences(reading, input.preferences)
    if (refusal := reading.refusal) is not None:
        return refusal
    is_raised = values.get("maturity_ceiling", held.maturity_ceiling) > held.maturity_ceiling
    confirmed = await confirm_password(context, input.password or None) if is_raised else None
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    write = store.update_profile(held.id, values, preferences, confirmed=confirmed)
    try:
        await _change(context, held.id, write)
    except store.CeilingRaisedError:
        return InvalidCredentials("Enter the password of the account.")
    if any(name in values and values[name] != getattr(held, name) for name in _OF_HOME):
        await announce_whole_home(context, held.id)
    return await _show(context, held.id)


async def delete_profile(info: Info, profile_id: strawberry.ID, password: str) -> AccountView:
    """Ends the sign-ins that use the profile; the asking one may be refreshed into another profile."""
    context = info.context
    record = await _require_account(context)
    held = _find_profile(record, profile_id)
    confirmed = await confirm_password(context, password)
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    services, token = context.services, context.require_token()
    try:
        ended = await store.remove_profile(services.pool, confirmed, held.id, token.family_id, context.now)
    except store.LastAdultError:
        return refuse_input(
            "profileId", "The last adult profile stays: make another adult profile first, or delete the account."
        )
    services.authority.ended.note(ended)
    try:
        await bury_state(services.cache, held.id)
    except RedisAway:
        context.degraded.add("redis")  # the outbox's relay does it
    context.forget_account()
    return await _require_account(context)


async def set_pin(info: Info, profile_id: strawberry.ID, password: str, pin: str | None = None) -> ProfileView:
    """None takes the PIN away; a new one ends the sign-ins that use the profile, but for the asking one."""
    context = info.context
    record = await _require_account(context)
    held = _find_profile(record, profile_id)
    reading = Reading()
    if pin is not None:
        reading.read("pin", rules.read_pin, pin)
    if (refusal := reading.refusal) is not None:
        return refusal
    confirmed = await confirm_password(context, password)
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    pin_hash = await context.services.authority.passwords.hash(pin) if pin is not None else None
    family_id = context.require_token().family_id
    ended = await store.set_pin(
        context.services.pool, confirmed, held.id, pin_hash, family_id=family_id, now=context.now
    )
    context.services.authority.ended.note(ended)
    return await _show(context, held.id)


async def clear_history(info: Info, profile_id: strawberry.ID) -> ProfileView:
    """For who may see the history."""
    context = info.context
    held = _find_profile(await _require_account(context), profile_id)
    check_may_look_into(context.state, held)
    await _change(context, held.id, store.clear_history(held.id))
    await announce_whole_home(context, held.id)
    return await _show(context, held.id)


def _read_values(reading: Reading, context: OperationContext, held: Profile, patch: ProfilePatch) -> dict[str, Any]:
    """What of the patch is a column, by its name."""
    values: dict[str, Any] = {}
    if patch.name is not strawberry.UNSET:
        values["name"] = reading.read("input.name", read_name, patch.name or "")
    if patch.language is not strawberry.UNSET:
        language = patch.language if patch.language is not None else rules.DEFAULT_LANGUAGE
        values["language"] = reading.read("input.language", read_language, language)
    if patch.avatar is not strawberry.UNSET:
        avatar = patch.avatar if patch.avatar is not None else AVATARS[0]
        values["avatar"] = reading.read("input.avatar", _read_avatar, avatar)
    if patch.maturity_ceiling is not strawberry.UNSET:
        usual = rules.choose_ceiling(is_kids=held.is_kids, own=context.state.ceiling if context.state else None)
        values["maturity_ceiling"] = patch.maturity_ceiling if patch.maturity_ceiling is not None else usual
    return values


def _read_preferences(reading: Reading, given: PlaybackPreferencesInput | None) -> Mapping[str, Any] | None:
    """The preferences that change; None where all are put back."""
    if given is None:
        return None
    changed: dict[str, Any] = {}
    for name in Preferences.__struct_fields__ if given is not strawberry.UNSET else ():
        value = getattr(given, name)
        if value is strawberry.UNSET:
            continue
        path = f"input.preferences.{to_camel_case(name)}"
        if value is None:
            changed[name] = getattr(_BEGINNING, name)
        elif name in ("audio_language", "subtitle_language"):
            changed[name] = reading.read(path, read_language, value)
        elif name == "playback_speed":
            changed[name] = reading.read(path, rules.read_speed, value)
        else:
            changed[name] = value
    return changed


async def _change(context: OperationContext, profile_id: str, write: Write) -> None:
    if context.state is not None and context.state.profile_id == profile_id:
        await context.change_state(write)
    else:
        await change_state(context.services.pool, context.services.cache, profile_id, write)


async def _show(context: OperationContext, profile_id: str) -> Profile:
    context.forget_account()
    return _find_profile(await _require_account(context), profile_id)


async def _require_account(context: OperationContext) -> AccountRecord:
    record = await context.read_account()
    if record is None:
        raise NotFound("This account is gone.")
    return record


def _find_profile(record: AccountRecord, profile_id: str) -> Profile:
    for profile in record.profiles:
        if profile.id == profile_id:
            return profile
    raise NotFound("There is no such profile: take an id from `viewer.account.profiles`.")


def _read_avatar(key: str) -> str:
    return rules.read_avatar(key, AVATARS)


def _choose_language(context: OperationContext) -> str:
    """That of whoever makes the profile."""
    return context.locale
