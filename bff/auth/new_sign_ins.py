"""Tells an account of a sign-in from a device or a country that it was not signed in to from before."""

from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from bff.domain.accounts import AccountRecord, read_country
from bff.domain.devices import DeviceClass
from bff.domain.mail import MailKind
from bff.domain.notifications import NotificationKind
from bff.domain.sign_in_origins import describe_sign_in, recognise_device
from bff.stores.mail import queue_mail
from bff.stores.notifications import add_notifications
from bff.stores.sign_in_origins import OriginKind, note_origins


async def note_sign_in(
    connection: PoolConnectionProxy,
    record: AccountRecord,
    *,
    has_device: bool,
    device_class: DeviceClass,
    client: str,
    country: str | None,
    is_told: bool,
    now: datetime,
) -> None:
    """Remember where a sign-in comes from and, where it `is_told`, tell of what is new: by mail, and adult profiles.

    One that named a device of the account (`has_device`) comes from a known one; the account's own country is known.
    """
    origins = {}
    if not has_device:
        origins[OriginKind.DEVICE] = recognise_device(device_class, client)
    country = read_country(country)
    if country is not None and country != record.account.country:
        origins[OriginKind.COUNTRY] = country
    new = await note_origins(connection, record.account.id, origins, now)
    if not new or not is_told:
        return
    details = describe_sign_in(device_class, country, now)
    account = record.account
    await queue_mail(connection, MailKind.NEW_SIGN_IN, account.email, now=now, account_id=account.id, details=details)
    adults = [profile.id for profile in record.profiles if not profile.is_kids]
    text = "New sign-in on {device} in {country}, {at}. If it was not you, change the password.".format_map(details)
    await add_notifications(connection, adults, NotificationKind.ACCOUNT, text, now=now)
