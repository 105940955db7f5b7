"""Registration, and what accounts change of themselves."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bff.auth import account_changes
from bff.auth.registration import AddressTaken, Registration, register
from bff.auth.results import InvalidCredentials
from bff.context import Info, OperationContext
from bff.domain.accounts import AccountRecord
from bff.domain.addresses import normalise_email, read_email_address
from bff.domain.devices import DeviceClass
from bff.domain.problems import InvalidInput, refuse_input
from bff.domain.registration import check_country, find_password_fault, read_language, read_name
from bff.errors import BadUserInput, Error, Unauthenticated
from resolvers.inputs import AccountPatch, RegisterAccountInput
from resolvers.passwords import confirm_password
from resolvers.reading import Reading
from resolvers.sign_in import LoginView, SessionView, enter_session, go_on

TAKEN = refuse_input("input.email", "This address has an account: sign in, or ask for a new password.")


class AccountGone(Struct, frozen=True):
    """When it went."""

    deleted_at: datetime


async def register_account(info: Info, input: RegisterAccountInput) -> SessionView | InvalidInput:
    """Raises RateLimited after too many taken addresses, or mails, asked for from one network address."""
    context = info.context
    services, address = context.services, context.caller.address
    registration = _read_registration(context, input)
    if isinstance(registration, InvalidInput):
        return registration
    await services.login_failures.begin_address_try(address)
    try:
        await services.mail_requests.count(address)
        result = await register(
            services.authority,
            registration,
            device_class=context.caller.device_class or DeviceClass.WEB,
            request_country=context.caller.country,
            client=context.caller.client,
            now=context.now,
        )
    except AddressTaken:
        return TAKEN
    except Error:
        await services.login_failures.take_back_address(address)
        raise
    await services.login_failures.take_back_address(address)
    return await enter_session(context, result)


async def verify_email(info: Info, token: str) -> AccountRecord:
    """Whoever has the mail may see the account as such, and no more of it unless signed in to it: the operation goes on
    as a visitor's."""
    context = info.context
    record = await account_changes.verify_email(context.services.authority, token, context.now)
    context.forget_account()
    if context.token is not None and context.token.account_id == record.account.id:
        return record
    context.become(replace(context.caller, token=None, device_id=None))
    return AccountRecord(account=record.account)


async def update_account(info: Info, input: AccountPatch) -> AccountRecord | InvalidInput | InvalidCredentials:
    """Raises RateLimited after too many wrong passwords, or mails to the new address."""
    context = info.context
    services = context.services
    reading = Reading()
    email = reading.read_given("input.email", read_email_address, input.email)
    country = reading.read_given("input.country", check_country, input.country)
    if (refusal := reading.refusal) is not None:
        return refusal
    confirmed = await confirm_password(context, input.password or None)
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    if email is not None:
        await services.mail_requests.count(context.caller.address)
        await services.login_failures.begin_address_try(context.caller.address)
    try:
        await account_changes.change_account(
            services.authority, confirmed, email=email, country=country, now=context.now
        )
    except AddressTaken:
        return TAKEN
    except Error:
        if email is not None:
            await services.login_failures.take_back_address(context.caller.address)
        raise
    if email is not None:
        await services.login_failures.take_back_address(context.caller.address)
    context.forget_account()
    record = await context.read_account()
    if record is None:
        raise Unauthenticated("This account is gone.")
    return record


async def change_password(info: Info, current: str, new: str) -> LoginView:
    """Ends every sign-in of the account, and goes on with a new one.

    Raises BadUserInput for a new password that cannot be taken, RateLimited after too many wrong ones.
    """
    context = info.context
    confirmed = await confirm_password(context, current)
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    if fault := find_password_fault(new, confirmed.email):
        raise BadUserInput(fault)
    result = await account_changes.change_password(
        context.services.authority,
        claims=context.require_token(),
        confirmed=confirmed,
        password=new,
        device_class=context.device_class,
        request_country=context.caller.country,
        client=context.caller.client,
        now=context.now,
    )
    return await go_on(context, result)


async def request_password_reset(info: Info, email: str) -> bool:
    """Does and answers the same whether or not there is such an account."""
    context = info.context
    await context.services.mail_requests.count(context.caller.address)
    try:
        address = read_email_address(email)
    except ValueError:
        return True  # nobody's
    await account_changes.ask_for_password_reset(context.services.pool, address, context.now)
    return True


async def reset_password(info: Info, token: str, password: str, remove_pins: bool | None = False) -> LoginView:
    """Raises BadUserInput for a password that cannot be taken; the link stays good then."""
    context = info.context
    result = await account_changes.reset_password(
        context.services.authority,
        token=token,
        password=password,
        takes_pins_away=bool(remove_pins),
        device_class=context.caller.device_class or DeviceClass.WEB,
        request_country=context.caller.country,
        client=context.caller.client,
        now=context.now,
    )
    return await go_on(context, result)


async def delete_account(info: Info, password: str) -> AccountGone | InvalidCredentials:
    """Ends the account and its sign-ins for good. Raises RateLimited after too many wrong passwords."""
    context = info.context
    confirmed = await confirm_password(context, password)
    if isinstance(confirmed, InvalidCredentials):
        return confirmed
    await account_changes.delete_account(context.services.authority, confirmed, context.now)
    return AccountGone(context.now)


def _read_registration(context: OperationContext, input: RegisterAccountInput) -> Registration | InvalidInput:
    reading = Reading()
    email = reading.read("input.email", read_email_address, input.email)
    country = reading.read("input.country", check_country, input.country)
    name = reading.read_given("input.name", read_name, input.name)
    language = reading.read("input.language", read_language, input.language or context.locale)
    if fault := find_password_fault(input.password, input.email):
        reading.refuse("input.password", fault)
    if reading.problems or email is None or country is None or language is None:
        return reading.write_refusal()
    return Registration(
        email=normalise_email(email), password=input.password, country=country, name=name, language=language
    )
