"""One operation's context: who asks, from where, on what device, at what time, with loaders of its own.

It holds no rules: visibility is `domain.visibility`, access is `schema.access`.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import strawberry
from aiodataloader import DataLoader

from bff.artwork.sizes import choose_format
from bff.auth.access import Access, check_access, no_profile
from bff.auth.tokens import AccessToken
from bff.domain.accounts import AccountRecord, Device, Profile
from bff.domain.devices import DeviceCapabilities, DeviceClass, ImageFormat, default_capabilities
from bff.domain.home import PinnedHome
from bff.domain.profile_state import ProfileState
from bff.domain.titles import MaturityRating
from bff.domain.visibility import Audience
from bff.errors import Forbidden, NotFound, Unauthenticated
from bff.services import Services
from bff.stores import keys
from bff.stores.accounts import read_account
from bff.stores.devices import find_bound_device, find_device
from bff.stores.profile_state import Write, change_state, decode_state, read_state
from bff.stores.redis import Copy, RedisAway, read_document
from bff.stores.snapshot import Catalogue, Shelf
from loaders.document_by_key import DocumentByKey


class Reads(StrEnum):
    """What of a request a field's value may depend on, besides its parent and its arguments."""

    DAY = "DAY"
    DEVICE_CLASS = "DEVICE_CLASS"
    GENRES = "GENRES"
    IMAGE_FORMAT = "IMAGE_FORMAT"
    REGION = "REGION"
    TOP_TEN = "TOP_TEN"


DEVICE_AGE = 600
"""Seconds a device's copy in Redis lives."""

_decode_device = msgspec.msgpack.Decoder(Device).decode


class Caller(msgspec.Struct, frozen=True):
    """What a request says of itself, before anything was read.

    `country` is what a trusted proxy said, `device_id` and `accept` are the headers of those names; `device_class` is
    None where the client named none. `client` is how a visitor's program calls itself.
    """

    token: AccessToken | None
    region: str
    address: str
    country: str | None = None
    device_id: str | None = None
    device_class: DeviceClass | None = None
    accept: str = ""
    client: str = ""
    language: str = "en"
    time_zone: ZoneInfo | None = None


@dataclass(slots=True)
class OperationContext:
    """Built anew for every operation, and for every event of a subscription.

    `catalogue` and `now` hold still for the whole operation. `enter` must have been awaited before `audience`,
    `state` and `device` are read: fields at the root do so by their access rule.
    """

    services: Services
    caller: Caller
    catalogue: Catalogue = field(init=False)
    now: datetime = field(init=False)
    degraded: set[str] = field(default_factory=set)
    documents: DocumentByKey = field(init=False)
    batches: "dict[Hashable, DataLoader[Any, Any]]" = field(default_factory=dict)
    state: ProfileState | None = field(init=False, default=None)
    device: Device | None = field(init=False, default=None)
    home: PinnedHome | None = field(init=False, default=None)
    _choices: tuple[Profile, ...] = field(init=False, default=())
    _shelf: Shelf | None = field(init=False, default=None)
    _entering: "asyncio.Task[None] | None" = field(init=False, default=None)
    _account: "asyncio.Task[AccountRecord | None] | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.catalogue = self.services.follower.catalogue
        self.now = self.services.now()
        self._forget_documents()

    @property
    def token(self) -> AccessToken | None:
        return self.caller.token

    @property
    def locale(self) -> str:
        """What texts are written in: the profile's language comes before the client's."""
        return self.state.language if self.state is not None else self.caller.language

    @property
    def audience(self) -> Audience:
        state = self.state
        if state is None:
            ceiling = MaturityRating[self.services.settings.visitor_ceiling]
            return Audience(region=self.caller.region, ceiling=ceiling)
        return Audience(region=self.caller.region, ceiling=state.ceiling, is_kids=state.is_kids)

    @property
    def shelf(self) -> Shelf:
        """What this viewer may see in rows, lists and search."""
        if self._shelf is None:
            self._shelf = self.catalogue.shelve(self.audience, self.now)
        return self._shelf

    @property
    def device_class(self) -> DeviceClass:
        """The registered device's; else what the header says; else the implicit device's; else WEB."""
        if self.device is not None and (not self.device.implicit or self.caller.device_class is None):
            return self.device.device_class
        return self.caller.device_class or DeviceClass.WEB

    @property
    def capabilities(self) -> DeviceCapabilities:
        if self.device is not None and not self.device.implicit:
            return self.device.capabilities
        return default_capabilities(self.device_class)

    @property
    def image_formats(self) -> tuple[ImageFormat, ...] | None:
        """What a registered device said it can show; None where only `Accept` can tell."""
        return self.device.capabilities.image_formats if self.device is not None and not self.device.implicit else None

    def read_for_fragments(self, reads: tuple[str, ...]) -> tuple[Hashable, ...]:
        """The present values of what fields declare that they read, as a key."""
        return tuple([_READ[name](self) for name in reads])

    async def enter(self) -> None:
        """Read the profile's state and the device, once an operation, in one round trip with what else is asked for.

        Raises Unauthenticated when the profile or the device of the token is gone, NotFound for a device in a header
        that is not this account's.
        """
        token = self.caller.token
        if token is None or self.device is not None or await self._enter_by_copies(token):
            return
        if self._entering is None:
            self._entering = asyncio.ensure_future(self._read_viewer(token))
        await asyncio.shield(self._entering)

    def check(self, access: Access) -> None:
        """Raises Unauthenticated or Forbidden where the rule does not hold for who asks."""
        check_access(access, self.caller.token, self.state, self._choices)

    def allows(self, access: Access) -> bool:
        """Whether the rule holds for who asks."""
        try:
            self.check(access)
        except (Unauthenticated, Forbidden):
            return False
        return True

    def require_token(self) -> AccessToken:
        """Raises Unauthenticated for a visitor, should a field's rule have let one in."""
        if self.caller.token is None:
            raise Unauthenticated("Sign in first: call login, then send the access token in Authorization.")
        return self.caller.token

    def require_state(self) -> ProfileState:
        """Raises Forbidden where no profile is chosen, should a field's rule have let one in."""
        if self.state is None:
            raise no_profile()
        return self.state

    def become(self, caller: Caller) -> None:
        """Go on as somebody else, within the mutation that signed them in; `enter` reads them."""
        self.caller = caller
        self.state = self.device = self.home = self._shelf = self._entering = self._account = None
        self._choices = ()
        self._forget_documents()

    async def change_state(self, write: Write) -> ProfileState:
        """Run a change of the current profile; the operation goes on with the state after it."""
        profile_id = self.require_state().profile_id
        self.state = await change_state(self.services.pool, self.services.cache, profile_id, write)
        return self.state

    def _forget_documents(self) -> None:
        self.documents = DocumentByKey(self.services.cache, self.degraded)

    async def _enter_by_copies(self, token: AccessToken) -> bool:
        """Whether Redis has all that is read of who asks, as it mostly does."""
        if token.profile_id is None:
            return False
        device_key = keys.device(self.caller.device_id or token.device_id)
        stored = await self.documents.load_many((keys.profile_state(token.profile_id), device_key))
        if self.device is not None:  # another field of the root was here first
            return True
        state, device = read_document(stored[0], decode_state), read_document(stored[1], _decode_device)
        if state is None or device is None or device.account_id != token.account_id:
            return False
        self.state, self.device = state, device
        self.services.activity.note(device.id, self.now)
        return True

    async def _read_viewer(self, token: AccessToken) -> None:
        """In one task for all fields of the root: it may read and write more than once."""
        device_id = self.caller.device_id or token.device_id
        device = await self.documents.load(keys.device(device_id))
        if token.profile_id is None:
            record = await self.read_account()
            self._choices = record.profiles if record is not None else ()
        else:
            await self._read_state(token.profile_id, await self.documents.load(keys.profile_state(token.profile_id)))
        await self._read_device(token, device)

    async def _read_state(self, profile_id: str, stored: bytes | None) -> None:
        self.state = read_document(stored, decode_state)
        if self.state is None:
            self.state = await read_state(self.services.pool, self.services.cache, profile_id)
        if self.state is None:
            raise Unauthenticated("The profile of this token is gone: call `refreshToken`, or sign in again.")

    async def _read_device(self, token: AccessToken, stored: bytes | None) -> None:
        found = read_document(stored, _decode_device)
        if found is None:
            pool, named = self.services.pool, self.caller.device_id
            if named is None:
                found = await find_bound_device(pool, token.account_id, token.device_id, token.family_id)
            else:
                found = await find_device(pool, token.account_id, named)
            if found is not None:
                await self.keep_device(found, named_as=named or token.device_id)
        if found is not None and found.account_id == token.account_id:
            self.device = found
            self.services.activity.note(found.id, self.now)
        elif self.caller.device_id is not None:
            raise NotFound("X-Device-Id names no device of this account; call registerDevice first.")
        else:
            raise Unauthenticated("The device of this token is gone: call `refreshToken`, or sign in again.")

    async def read_account(self) -> AccountRecord | None:
        """The account of the token, read once an operation; None for a visitor."""
        if self.caller.token is None:
            return None
        if self._account is None:
            self._account = asyncio.ensure_future(read_account(self.services.pool, self.caller.token.account_id))
        return await asyncio.shield(self._account)

    def forget_account(self) -> None:
        """Read the account anew when it is asked for next: it was changed."""
        self._account = None

    async def keep_device(self, device: Device, *, named_as: str | None = None) -> None:
        """Leave a copy in Redis, so that the next operation reads it with the rest.

        `named_as` is what tokens call it that were issued when the sign-in had an implicit device yet.
        """
        copy = copy_device(device, named_as=named_as)
        try:
            await self.services.cache.put(copy.key, copy.document, age=copy.age)
        except RedisAway:
            self.degraded.add("redis")

    async def forget_device(self, device_id: str) -> None:
        """The next operation reads anew which device the id stands for, if any."""
        try:
            await self.services.cache.forget(keys.device(device_id))
        except RedisAway:
            self.degraded.add("redis")


def copy_device(device: Device, *, named_as: str | None = None) -> Copy:
    """What operations read of it in Redis."""
    return Copy(keys.device(named_as or device.id), msgspec.msgpack.encode(device), DEVICE_AGE)


def _choose_formats(context: OperationContext) -> Hashable:
    able, accept = context.image_formats, context.caller.accept
    return choose_format(able, accept), choose_format(able, accept, is_transparent=True)


_READ: Mapping[str, Callable[[OperationContext], Hashable]] = {
    Reads.DAY: lambda context: context.now.date(),
    Reads.DEVICE_CLASS: lambda context: context.device_class,
    Reads.GENRES: lambda context: context.catalogue.genres_version,
    Reads.IMAGE_FORMAT: _choose_formats,
    Reads.REGION: lambda context: context.caller.region,
    Reads.TOP_TEN: lambda context: context.shelf.ranking,
}


Info = strawberry.Info[OperationContext, None]
