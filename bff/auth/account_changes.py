"""Accounts change and go: each in one transaction, with the mail that it takes and the sign-ins that it ends.

Whoever calls has checked that what is given can be taken, and that nobody tries too often.
"""

from datetime import datetime

import asyncpg
from msgspec.structs import replace

from bff.auth.authority import Authority
from bff.auth.new_sign_ins import tell_of_new_password
from bff.auth.registration import AddressTaken
from bff.auth.results import InvalidCredentials, PinRequired, SignInResult
from bff.auth.sessions import begin_session_within, suspended
from bff.auth.tokens import AccessToken
from bff.domain.accounts import AccountRecord, AccountStatus, choose_profile
from bff.domain.devices import DeviceClass
from bff.domain.mail import MailKind
from bff.domain.registration import find_password_fault
from bff.errors import BadUserInput, Conflict, NotFound, RateLimited
from bff.stores.account_changes import is_address_taken, set_country, set_password, verify_address
from bff.stores.account_locks import lock_confirmed
from bff.stores.account_removal import close_account
from bff.stores.accounts import Credentials, read_account, require_account
from bff.stores.ended_sign_ins import end_sign_ins
from bff.stores.mail import find_mail_wait, queue_mail
from bff.stores.mail_links import find_link, revoke_intrusive_links, revoke_links, use_link
from bff.stores.profiles import remove_pins
from bff.stores.sessions import lock_family

DEADLINE = 2.0
"""Seconds that a connection is waited for."""


async def verify_email(authority: Authority, token: str, now: datetime) -> AccountRecord:
    """Make the address that a mail went to the account's; the one before is told.

    Raises NotFound for a link that leads nowhere, Conflict where another account has got the address meanwhile,
    Forbidden for a suspended account, whose link stays good.
    """
    async with authority.pool.acquire(timeout=DEADLINE) as connection:
        try:
            async with connection.transaction():
                link = await use_link(connection, MailKind.VERIFY_EMAIL, token, now)
                before = await verify_address(connection, link.account_id, link.address) if link else None
                record = await read_account(connection, link.account_id) if link else None
                if link is None or before is None or record is None:
                    raise NotFound("This link was used, or has died: ask for a new one with `updateAccount`.")
                if record.account.status is AccountStatus.SUSPENDED:
                    raise suspended()
                if before != link.address:
                    await queue_mail(connection, MailKind.EMAIL_CHANGED, before, now=now, account_id=link.account_id)
                    await revoke_links(connection, MailKind.RESET_PASSWORD, link.account_id, now)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("Another account has this address by now: choose another with `updateAccount`.") from error
    return record


async def change_account(
    authority: Authority, confirmed: Credentials, *, email: str | None, country: str | None, now: datetime
) -> None:
    """Take over a country at once, and an address once the mail that is sent there was answered.

    The address that the account has already gets such a mail again, until it is verified; after that it calls off a
    change that waits for its answer. The address before, if it is verified, is told of what is asked for, while that
    can still be called off from there. Raises AddressTaken, RateLimited where the address gets no mail for a while,
    Unauthenticated where the password that was confirmed is not the account's any more.
    """
    account_id = confirmed.account_id
    async with authority.pool.acquire(timeout=DEADLINE) as connection, connection.transaction():
        await lock_confirmed(connection, confirmed)
        if country is not None:
            await set_country(connection, account_id, country)
        if email is None:
            return
        record = await require_account(connection, account_id)
        if record.account.email == email and record.account.email_verified:
            await revoke_links(connection, MailKind.VERIFY_EMAIL, account_id, now)
            return
        if record.account.email != email and await is_address_taken(connection, email):
            raise AddressTaken
        wait = await find_mail_wait(connection, MailKind.VERIFY_EMAIL, email, now)
        if wait:
            raise RateLimited(
                "This address gets too many mails; wait as long as `retryAfter` says.",
                retryAfter=int(wait.total_seconds()) + 1,
            )
        await revoke_links(connection, MailKind.VERIFY_EMAIL, account_id, now)
        await queue_mail(connection, MailKind.VERIFY_EMAIL, email, now=now, account_id=account_id)
        if record.account.email != email and record.account.email_verified:
            await queue_mail(
                connection, MailKind.EMAIL_CHANGE_ASKED, record.account.email, now=now, account_id=account_id
            )


async def change_password(
    authority: Authority,
    *,
    claims: AccessToken,
    confirmed: Credentials,
    password: str,
    device_class: DeviceClass,
    request_country: str | None,
    client: str,
    now: datetime,
) -> SignInResult:
    """Set the password, end every sign-in, and go on with a new one of the same profile on the same device.

    Raises Unauthenticated where the password that was confirmed is not the account's any more.
    """
    account_id = confirmed.account_id
    password_hash = await authority.passwords.hash(password)
    async with authority.pool.acquire(timeout=DEADLINE) as connection, connection.transaction():
        await lock_confirmed(connection, confirmed)
        family = await lock_family(connection, account_id, claims.family_id)
        ended = await end_sign_ins(connection, account_id, now)
        record = await require_account(connection, account_id)
        await set_password(connection, account_id, password_hash)
        await revoke_intrusive_links(connection, account_id, now)
        await tell_of_new_password(connection, record, device_class, request_country, now)
        signed_in = await begin_session_within(
            authority,
            connection,
            record=record,
            profile=next((profile for profile in record.profiles if profile.id == claims.profile_id), None),
            device_id=family.device_id if family is not None else claims.device_id,
            device_class=device_class,
            request_country=request_country,
            client=client,
            is_told=False,
            now=now,
        )
    authority.ended.note(ended)
    return signed_in


async def ask_for_password_reset(pool: asyncpg.Pool, email: str, now: datetime) -> None:
    """Have a link sent, should there be such an account: the worker finds out, so that nobody here can tell."""
    async with pool.acquire(timeout=DEADLINE) as connection, connection.transaction():
        if not await find_mail_wait(connection, MailKind.RESET_PASSWORD, email, now):
            await queue_mail(connection, MailKind.RESET_PASSWORD, email, now=now, account_id=None)


async def reset_password(
    authority: Authority,
    *,
    token: str,
    password: str,
    takes_pins_away: bool,
    device_class: DeviceClass,
    request_country: str | None,
    client: str,
    now: datetime,
) -> SignInResult:
    """Set the password by a link in a mail, end every sign-in, and begin a new one on an implicit device.

    Who has the mail has the address, so it counts as verified. PinRequired says that all profiles have a PIN, which
    `login` takes; the password is set. Who has forgotten that of every adult profile has them taken away here: those
    who could do it can't be entered. Raises BadUserInput for a password that can't be taken and Forbidden for a
    suspended account; the link stays good.
    """
    dead = InvalidCredentials("This link was used, or has died: ask for a new one with `requestPasswordReset`.")
    sent = await find_link(authority.pool, MailKind.RESET_PASSWORD, token)
    if sent is None:
        return dead  # and nothing is hashed, for which people wait who sign in
    if fault := find_password_fault(password, sent.address):
        raise BadUserInput(fault)
    password_hash = await authority.passwords.hash(password)
    async with authority.pool.acquire(timeout=DEADLINE) as connection, connection.transaction():
        link = await use_link(connection, MailKind.RESET_PASSWORD, token, now)
        record = await read_account(connection, link.account_id) if link else None
        if link is None or record is None or record.account.email != link.address:
            return dead
        if record.account.status is AccountStatus.SUSPENDED:
            raise suspended()
        ended = await end_sign_ins(connection, link.account_id, now)
        await set_password(connection, link.account_id, password_hash)
        if takes_pins_away:
            await remove_pins(connection, link.account_id)
            record = replace(record, profiles=[replace(profile, has_pin=False) for profile in record.profiles])
        await verify_address(connection, link.account_id, link.address)
        await revoke_intrusive_links(connection, link.account_id, now)
        await tell_of_new_password(connection, record, device_class, request_country, now)
        profile = choose_profile(record.profiles, None, has_pin_at_hand=False)
        result: SignInResult
        if profile is not None and profile.has_pin:
            result = PinRequired(
                f"The password is set. {profile.name} has a PIN: sign in with both. Who has forgotten it sets the "
                "password once more, with `removePins`."
            )
        else:
            result = await begin_session_within(
                authority,
                connection,
                record=replace(record, account=replace(record.account, email_verified=True)),
                profile=profile,
                device_id=None,
                device_class=device_class,
                request_country=request_country,
                client=client,
                is_told=False,
                now=now,
            )
    authority.ended.note(ended)
    return result


async def delete_account(authority: Authority, confirmed: Credentials, now: datetime) -> None:
    """End the account and its sign-ins at once; a job removes the rest.

    Raises Unauthenticated where the password that was confirmed is not the account's any more.
    """
    async with authority.pool.acquire(timeout=DEADLINE) as connection, connection.transaction():
        await lock_confirmed(connection, confirmed, with_address=True)
        ended = await close_account(connection, confirmed.account_id, now)
    authority.ended.note(ended)
