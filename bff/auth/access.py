"""The one rule of who may use a field: levels that fields declare, and whether whoever asks has come so far."""

from collections.abc import Sequence
from enum import StrEnum

from bff.auth.tokens import AccessToken
from bff.domain.accounts import Permission, Profile
from bff.domain.profile_state import ProfileState
from bff.errors import Forbidden, Unauthenticated


class Access(StrEnum):
    """PUBLIC: visitors, too. SIGNED_IN: any account. PROFILE: a profile is chosen. ADULT: one that is not for kids.

    OWNER: an adult profile, or none by an account that may do without (`may_do_without_profile`). OPERATOR: has that
    permission.
    """

    PUBLIC = "PUBLIC"
    SIGNED_IN = "SIGNED_IN"
    PROFILE = "PROFILE"
    ADULT = "ADULT"
    OWNER = "OWNER"
    OPERATOR = "OPERATOR"


def check_token(access: Access, token: AccessToken | None) -> None:
    """Raises Unauthenticated or Forbidden where the token alone tells that the rule does not hold."""
    if access is Access.PUBLIC:
        return
    if token is None:
        raise Unauthenticated("Sign in first: call login, then send the access token in Authorization.")
    if access is Access.OPERATOR and Permission.OPERATOR not in token.permissions:
        raise Forbidden("This is for operators.")
    if access in (Access.PROFILE, Access.ADULT) and token.profile_id is None:
        raise no_profile()


def check_access(
    access: Access, token: AccessToken | None, state: ProfileState | None, profiles: Sequence[Profile]
) -> None:
    """Raises Unauthenticated or Forbidden where the rule does not hold.

    `state` is that of the token's profile, `profiles` are the account's where the token has none.
    """
    check_token(access, token)
    if access not in (Access.ADULT, Access.OWNER):
        return
    if state is None:
        if access is Access.ADULT or not may_do_without_profile(profiles):
            raise no_profile()
    elif state.is_kids:
        raise Forbidden("This is for adult profiles; switch to one.")


def may_do_without_profile(profiles: Sequence[Profile]) -> bool:
    """Whether whoever signed in before there were profiles may still act as an adult.

    So it is until every adult profile has a PIN: up to then they could as well switch to one.
    """
    adults = [profile for profile in profiles if not profile.is_kids]
    return not adults or any(not profile.has_pin for profile in adults)


def check_may_look_into(state: ProfileState | None, profile: Profile) -> None:
    """What a profile watched is for itself, and that of kids for adult profiles of the account, too.

    `state` is that of who asks, `profile` one of the same account. Raises Forbidden for the others.
    """
    if state is not None and (state.profile_id == profile.id or (profile.is_kids and not state.is_kids)):
        return
    raise Forbidden("What another profile watched is for that profile; adults see that of kids.")


def no_profile() -> Forbidden:
    """What is told to whoever signed in, and is nobody in particular yet."""
    return Forbidden("No profile is chosen: call `switchProfile`, or `createProfile` where the account has none.")
