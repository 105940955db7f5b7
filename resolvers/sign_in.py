"""Signing in and changing profiles, and the devices that sign-ins are bound to."""

from datetime import datetime

import msgspec
import strawberry
from msgspec import Struct

from bff.auth import refresh_tokens, sessions
from bff.auth.results import InvalidCredentials, PinRequired, SignedIn, SignInResult
from bff.context import Info, OperationContext, copy_device
from bff.domain.accounts import AccountRecord, Device
from bff.domain.addresses import normalise_email
from bff.domain.devices import DeviceCapabilities, DeviceClass, default_capabilities
from bff.domain.registration import read_name
from bff.errors import BadUserInput, Error, NotFound
from bff.stores.devices import register_device as store_device
from bff.stores.devices import remove_device as forget_device
from bff.stores.ended_sign_ins import end_sign_ins
from resolvers.inputs import DeviceInput, LoginInput
from resolvers.viewer import ViewerView

MAX_NAME = 100


class SessionView(Struct, frozen=True):
    """What a client signs its requests with; the operation goes on as whoever signed in."""

    access_token: str
    refresh_token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "SessionView(…)"


LoginView = SessionView | InvalidCredentials | PinRequired


async def login(info: Info, input: LoginInput) -> LoginView:
    """Raises RateLimited after too many failures of the account or from the address."""
    context = info.context
    email, address = normalise_email(input.email), context.caller.address
    failures = context.services.login_failures
    await failures.begin_try(email, address)
    try:
        result = await sessions.sign_in(
            context.services.authority,
            email=email,
            password=input.password,
            device_id=input.device_id,
            device_class=context.caller.device_class or DeviceClass.WEB,
            profile_id=input.profile_id,
            pin=input.pin,
            request_country=context.caller.country,
            client=context.caller.client,
            now=context.now,
        )
    except Error:
        await failures.take_back(email, address)
        raise
    if isinstance(result, InvalidCredentials):
        return result
    if isinstance(result, PinRequired) or result.device is None:
        await failures.take_back(email, address)
        return await go_on(context, result)
    if not await failures.take_back(email, address, put=copy_device(result.device)):
        context.degraded.add("redis")
    return _open_session(context, result)


async def read_session_viewer(info: Info) -> ViewerView:
    """Who signed in is read only where it is asked for."""
    context = info.context
    await context.enter()
    return ViewerView(region=context.caller.region, locale=context.locale)


async def refresh_token(info: Info, refresh_token: str) -> LoginView:
    context = info.context
    result = await refresh_tokens.refresh(
        context.services.authority,
        refresh_token=refresh_token,
        request_country=context.caller.country,
        now=context.now,
    )
    return await go_on(context, result)


async def switch_profile(info: Info, profile_id: strawberry.ID, pin: str | None = None) -> LoginView:
    context = info.context
    result = await sessions.switch_profile(
        context.services.authority,
        claims=context.require_token(),
        profile_id=profile_id,
        pin=pin,
        request_country=context.caller.country,
        now=context.now,
    )
    return await go_on(context, result)


async def logout(info: Info) -> bool:
    """Ends the sign-in: its tokens are good no more."""
    context = info.context
    token = context.require_token()
    async with context.services.pool.acquire(timeout=2) as connection, connection.transaction():
        ended = await end_sign_ins(connection, token.account_id, context.now, family_id=token.family_id)
    context.services.authority.ended.note(ended)
    return True


async def register_device(info: Info, input: DeviceInput) -> Device:
    context = info.context
    token = context.require_token()
    device = await store_device(
        context.services.pool,
        account_id=token.account_id,
        family_id=token.family_id,
        profile_id=token.profile_id,
        device_id=input.id,
        device_class=input.device_class,
        name=_read_name(input.name),
        capabilities=_read_capabilities(input),
        now=context.now,
    )
    await context.keep_device(device)
    if token.device_id != device.id:  # which tokens that were issued before go on to name
        await context.forget_device(token.device_id)
    context.device = device
    context.forget_account()
    return device


async def remove_device(info: Info, device_id: strawberry.ID) -> AccountRecord:
    """Ends the sign-ins on the device."""
    context = info.context
    services = context.services
    account_id = context.require_token().account_id
    services.authority.ended.note(await forget_device(services.pool, account_id, device_id, context.now))
    await context.forget_device(device_id)
    context.forget_account()
    account = await context.read_account()
    if account is None:
        raise NotFound("This account is gone.")
    return account


async def go_on(context: OperationContext, result: SignInResult) -> LoginView:
    if isinstance(result, InvalidCredentials | PinRequired):
        return result
    return await enter_session(context, result)


async def enter_session(context: OperationContext, result: SignedIn) -> SessionView:
    """The operation goes on as whoever signed in, for what it asks of the session."""
    if result.device is not None:
        await context.keep_device(result.device)
    return _open_session(context, result)


def _open_session(context: OperationContext, result: SignedIn) -> SessionView:
    context.become(
        msgspec.structs.replace(context.caller, token=result.claims, region=result.claims.region, device_id=None)
    )
    return SessionView(
        access_token=result.access_token, refresh_token=result.refresh_token, expires_at=result.expires_at
    )


def _read_name(given: str | None) -> str | None:
    try:
        return None if given is None else read_name(given, longest=MAX_NAME)
    except ValueError as error:
        raise BadUserInput(f"`name` of a device: {error}") from error


def _read_capabilities(input: DeviceInput) -> DeviceCapabilities:
    given = input.capabilities
    defaults = default_capabilities(input.device_class)
    if given is None:
        return defaults
    if given.max_height is not None and not 144 <= given.max_height <= 8640:
        raise BadUserInput("`maxHeight` is 144 to 8640 lines.")
    if given.pixel_ratio is not None and not 0.5 <= given.pixel_ratio <= 8:
        raise BadUserInput("`pixelRatio` is 0.5 to 8.")
    said = {
        name: tuple(value) if isinstance(value, list) else value
        for name in defaults.__struct_fields__
        if (value := getattr(given, name)) is not None
    }
    return msgspec.structs.replace(defaults, **said)
