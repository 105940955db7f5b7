"""Tells an account of a sign-in from a device or a country that it was not signed in to from before."""

from asyncpg.pool import PoolConnectionProxy

from bff.auth.refresh_tokens import Grant
from bff.domain.accounts import read_country
from bff.domain.devices import DeviceClass
from bff.domain.mail import MailKind
from bff.domain.notifications import NotificationKind
from bff.domain.sign_in_origins import describe_sign_in, recognise_device
from bff.stores.mail import queue_mail
from bff.stores.notifications import add_notifications
from bff.stores.sign_in_origins import OriginKind


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
    account, now = grant.record.account, grant.now
    details = describe_sign_in(device_class, read_country(grant.request_country), now)
    await queue_mail(connection, MailKind.NEW_SIGN_IN, account.email, now=now, account_id=account.id, details=details)
    adults = [profile.id for profile in grant.record.profiles if not profile.is_kids]
    text = "New sign-in on {device} in {country}, {at}. If it was not you, change the password.".format_map(details)
    await add_notifications(connection, adults, NotificationKind.ACCOUNT, text, now=now)
