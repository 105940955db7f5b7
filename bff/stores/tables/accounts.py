"""The tables of accounts: who pays, who watches, on what, and what they are signed in with.

The store modules read and write them by explicit SQL; what stands here is the shape that migrations are held to.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

_NOW = text("now()")
_EMPTY_OBJECT = text("'{}'::jsonb")


def _instant(*, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, **options))


class PlanTable(SQLModel, table=True):
    """What can be bought; `position` orders them from small to large, `max_quality` is a height like P1080."""

    __tablename__ = "plan"

    code: str = Field(primary_key=True, sa_type=Text)
    position: int
    name: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text)
    max_streams: int
    max_quality: str = Field(sa_type=Text)
    download_devices: int


class PlanPriceTable(SQLModel, table=True):
    """`amount` is in minor units of `currency`."""

    __tablename__ = "plan_price"
    __table_args__ = (CheckConstraint("amount >= 0", name="plan_price_amount_check"),)

    plan: str = Field(primary_key=True, foreign_key="plan.code", ondelete="CASCADE", sa_type=Text)
    country: str = Field(primary_key=True, sa_type=Text)
    amount: int
    currency: str = Field(sa_type=Text)


class AccountTable(SQLModel, table=True):
    """`email` is normalised (`domain.addresses`), so that an address is one account."""

    __tablename__ = "account"

    id: str = Field(primary_key=True, sa_type=Text)
    email: str = Field(unique=True, sa_type=Text)
    email_verified: bool = Field(sa_column_kwargs={"server_default": text("false")})
    password_hash: str = Field(sa_type=Text)
    country: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text, sa_column_kwargs={"server_default": text("'ACTIVE'")})
    permissions: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")))
    created_at: datetime = _instant(server_default=_NOW)


class AccountRemovalTable(SQLModel, table=True):
    """An account that was deleted, until nothing is left of it; it stands alone, because it outlasts the account."""

    __tablename__ = "account_removal"

    account_id: str = Field(primary_key=True, sa_type=Text)
    email: str = Field(sa_type=Text)
    profile_ids: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    device_ids: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    requested_at: datetime = _instant()


class ProfileTable(SQLModel, table=True):
    """`position` orders the profiles of an account; `state_version` grows with each change of the profile's state.

    `pin_failures` and `pin_locked_until` hold wrong tries since the last right one, and the wait they brought.
    """

    __tablename__ = "profile"
    __table_args__ = (Index("profile_account", "account_id", "position"),)

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    position: int
    name: str = Field(sa_type=Text)
    avatar: str = Field(sa_type=Text)
    is_kids: bool = Field(sa_column_kwargs={"server_default": text("false")})
    language: str = Field(sa_type=Text)
    maturity_ceiling: int
    pin_hash: str | None = Field(default=None, sa_type=Text)
    pin_failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    pin_locked_until: datetime | None = _instant(nullable=True)
    preferences: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=_EMPTY_OBJECT))
    state_version: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})


class DeviceTable(SQLModel, table=True):
    """`implicit`: made by a sign-in that named no device; it turns into a registered one when it says what it is."""

    __tablename__ = "device"
    __table_args__ = (Index("device_account", "account_id", "last_active_at"),)

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    device_class: str = Field(sa_type=Text)
    name: str | None = Field(default=None, sa_type=Text)
    capabilities: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    implicit: bool
    last_profile_id: str | None = Field(default=None, foreign_key="profile.id", ondelete="SET NULL", sa_type=Text)
    last_active_at: datetime = _instant(server_default=_NOW)


class MembershipTable(SQLModel, table=True):
    """One an account: what it pays for now, and what it turns into at the end of the period.

    Without `anchor_at` its periods are counted from the end of the present one, without `period_start` that began with
    the membership.
    """

    __tablename__ = "membership"
    __table_args__ = (
        Index("membership_renews", "renews_at"),
        Index("membership_ends", "ends_at", postgresql_where=text("status <> 'ENDED'")),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", unique=True, sa_type=Text)
    plan: str = Field(foreign_key="plan.code", sa_type=Text)
    status: str = Field(sa_type=Text)
    started_at: datetime = _instant()
    renews_at: datetime | None = _instant(nullable=True)
    ends_at: datetime | None = _instant(nullable=True)
    pending_plan: str | None = Field(default=None, foreign_key="plan.code", sa_type=Text)
    anchor_at: datetime | None = _instant(nullable=True)
    period_start: datetime | None = _instant(nullable=True)


class SignInOriginTable(SQLModel, table=True):
    """Where an account was signed in to from: `kind` and `value` as `stores.sign_in_origins` has them."""

    __tablename__ = "sign_in_origin"
    __table_args__ = (Index("sign_in_origin_last_seen_at", "last_seen_at"),)

    account_id: str = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(primary_key=True, sa_type=Text)
    first_seen_at: datetime = _instant()
    last_seen_at: datetime = _instant()


class NotificationTable(SQLModel, table=True):
    """What a profile should hear of; `title_id` names a title of the catalogue, where it is about one."""

    __tablename__ = "notification"
    __table_args__ = (Index("notification_profile", "profile_id", "created_at", "id"),)

    id: str = Field(primary_key=True, sa_type=Text)
    profile_id: str = Field(foreign_key="profile.id", ondelete="CASCADE", sa_type=Text)
    kind: str = Field(sa_type=Text)
    title_id: str | None = Field(default=None, sa_type=Text)
    text: str = Field(sa_type=Text)
    created_at: datetime = _instant()
    read_at: datetime | None = _instant(nullable=True)


class SessionFamilyTable(SQLModel, table=True):
    """One sign-in: all the refresh tokens that came out of it live and die together."""

    __tablename__ = "session_family"
    __table_args__ = (Index("session_family_account", "account_id"), Index("session_family_device", "device_id"))

    id: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Text)
    device_id: str = Field(foreign_key="device.id", ondelete="CASCADE", sa_type=Text)
    created_at: datetime = _instant(server_default=_NOW)
    expires_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)


class RefreshTokenTable(SQLModel, table=True):
    """`hash` is the SHA-256 of the token; a row whose `used_at` is set stays, so that its reuse is noticed."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index("refresh_token_family", "family_id"),)

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    family_id: str = Field(foreign_key="session_family.id", ondelete="CASCADE", sa_type=Text)
    profile_id: str | None = Field(default=None, foreign_key="profile.id", ondelete="SET NULL", sa_type=Text)
    issued_at: datetime = _instant()
    expires_at: datetime = _instant()
    used_at: datetime | None = _instant(nullable=True)


class EndedSignInTable(SQLModel, table=True):
    """A sign-in whose access tokens may outlive it; outlasts the family itself, and goes after hours."""

    __tablename__ = "ended_sign_in"
    __table_args__ = (Index("ended_sign_in_ended_at", "ended_at"),)

    family_id: str = Field(primary_key=True, sa_type=Text)
    ended_at: datetime = _instant(server_default=text("clock_timestamp()"))


class SigningKeyTable(SQLModel, table=True):
    """Each key verifies until `retires_at`; of those whose `signs_from` has come, the newest signs.

    `public_key` is DER (SubjectPublicKeyInfo); `wrapped_private_key` is a nonce of 12 bytes, then PKCS 8 DER under
    AES-256-GCM.
    """

    __tablename__ = "signing_key"

    kid: str = Field(primary_key=True, sa_type=Text)
    algorithm: str = Field(sa_type=Text)
    public_key: bytes
    wrapped_private_key: bytes
    created_at: datetime = _instant()
    signs_from: datetime = _instant(server_default=_NOW)
    retires_at: datetime | None = _instant(nullable=True)
