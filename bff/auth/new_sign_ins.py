"""Tells an account of a new password, and of a sign-in from a device or a country that it was not signed in to from
before."""

from collections.abc import Mapping
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from bff.auth.refresh_tokens import Grant
from bff.domain.accounts import Household, read_country
from bff.domain.devices import DeviceClass
from bff.domain.mail import MailKind
from bff.domain.notifications import NotificationKind
from bff.domain.sign_in_origins import describe_sign_in, recognise_device
from bff.stores.mail import queue_mail
from bff.stores.notifications import add_notifications
from bff.stores.sign_in_origins import OriginKind

_NOTIFICATIONS = {
    MailKind.NEW_SIGN_IN: "New sign-in on {device} in {country}, {at}. If it was not you, change the password.",
    MailKind.PASSWORD_CHANGED: "The password was changed on {device} in {country}, {at}. If it was not you, reset it.",
}


def find_origins(grant: Grant, *, has_device: bool, device_class: DeviceClass, client: str) -> dict[OriginKind, str]:
    """Where a sign-in comes from, as far as that may be new.

    One that named a device of the account (`has_device`) comes from a known one; the account's own country is known.
    """
    origins = {}
    if not has_device:
        origins[OriginKind.DEVICE] = recognise_device(device_class, client)
    country = read_country(grant.request_country)
    if country is not None and country != grant.record.account.country:
        origins[OriginKind.COUNTRY] = country
    return origins


async def tell_of_sign_in(connection: PoolConnectionProxy, grant: Grant, device_class: DeviceClass) -> None:
    """Tell the account's address by mail, and its adult profiles."""
    details = describe_sign_in(device_class, read_country(grant.request_country), grant.now)
    await _tell(connection, MailKind.NEW_SIGN_IN, grant.record, details, grant.now)


async def tell_of_new_password(
    connection: PoolConnectionProxy,
    household: Household,
    device_class: DeviceClass,
    request_country: str | None,
    now: datetime,
) -> None:
    """The same; the sign-in that it begins is not told of besides."""
    details = describe_sign_in(device_class, read_country(request_country), now)
    await _tell(connection, MailKind.PASSWORD_CHANGED, household, details, now)


async def _tell(
    connection: PoolConnectionProxy, kind: MailKind, household: Household, details: Mapping[str, str], now: datetime
) -> None:
    account = household.account
    await queue_mail(connection, kind, account.email, now=now, account_id=account.id, details=details)
    adults = [profile.id for profile in household.profiles if not profile.is_kids]
    text = _NOTIFICATIONS[kind].format_map(details)
    await add_notifications(connection, adults, NotificationKind.ACCOUNT, text, now=now)
