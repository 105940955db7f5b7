"""Adds an account, with its first sign-in and the mail that verifies its address, in one transaction.

Whoever calls has checked that what is given can be taken, and that nobody tries too often.
"""

from datetime import datetime

from msgspec import Struct

from bff.artwork.portraits import AVATARS
from bff.auth.authority import Authority
from bff.auth.results import SignedIn
from bff.auth.sessions import begin_session_within
from bff.domain.accounts import Account, AccountStatus, choose_profile
from bff.domain.devices import DeviceClass
from bff.domain.ids import IdKind, random_id
from bff.domain.mail import MailKind
from bff.domain.titles import MaturityRating
from bff.stores.accounts import require_account
from bff.stores.mail import queue_mail
from bff.stores.new_accounts import NewAccount, NewProfile, add_account


class Registration(Struct, frozen=True, kw_only=True):
    """What a new account is made of, checked; `email` is normalised. With a `name` it gets an adult profile.

    `language` is that profile's, a BCP 47 tag.
    """

    email: str
    password: str
    country: str
    name: str | None
    language: str

    def __repr__(self) -> str:
        return f"Registration({self.email!r}, …)"


class AddressTaken(Exception):
    """Another account has the address."""


async def register(
    authority: Authority,
    registration: Registration,
    *,
    device_class: DeviceClass,
    request_country: str | None,
    client: str,
    now: datetime,
) -> SignedIn:
    """Make an account without a membership, sign in to it, and have its address verified.

    Raises AddressTaken, after the same work.
    """
    account = Account(
        id=random_id(IdKind.ACCOUNT),
        email=registration.email,
        email_verified=False,
        country=registration.country,
        status=AccountStatus.ACTIVE,
        permissions=(),
        created_at=now,
    )
    profiles = () if registration.name is None else (_draw_up_profile(registration.name, registration.language),)
    password_hash = await authority.passwords.hash(registration.password)
    new = NewAccount(account=account, password_hash=password_hash, profiles=profiles, membership=None)
    async with authority.pool.acquire(timeout=2) as connection, connection.transaction():
        if not await add_account(connection, new):
            raise AddressTaken
        await queue_mail(connection, MailKind.VERIFY_EMAIL, account.email, now=now, account_id=account.id)
        record = await require_account(connection, account.id)
        return await begin_session_within(
            authority,
            connection,
            record=record,
            profile=choose_profile(record.profiles, None, has_pin_at_hand=False),
            device_id=None,
            device_class=device_class,
            request_country=request_country,
            client=client,
            is_told=False,
            now=now,
        )


def _draw_up_profile(name: str, language: str) -> NewProfile:
    return NewProfile(
        id=random_id(IdKind.PROFILE),
        name=name,
        avatar=AVATARS[0],
        is_kids=False,
        language=language,
        maturity_ceiling=MaturityRating.AGE_18,
    )
