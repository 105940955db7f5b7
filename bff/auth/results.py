"""What an attempt to sign in comes to."""

from datetime import datetime

from msgspec import Struct

from bff.auth.tokens import AccessToken
from bff.domain.accounts import Device


class SignedIn(Struct, frozen=True):
    """`expires_at` is the access token's end; the refresh token is good for one use.

    `device` is the implicit one, where it was made for this sign-in.
    """

    access_token: str
    refresh_token: str
    expires_at: datetime
    claims: AccessToken
    device: Device | None = None

    def __repr__(self) -> str:
        return f"SignedIn({self.claims!r})"


class InvalidCredentials(Struct, frozen=True):
    """The same whether the account or the password is wrong."""

    message: str


class PinRequired(Struct, frozen=True):
    """`was_wrong`: a PIN was looked at and is another. `retry_after`: seconds until the next try is looked at."""

    message: str
    was_wrong: bool = False
    retry_after: float | None = None


class PassedPin(Struct, frozen=True):
    """A profile's PIN as it was when somebody passed it, None for none; by the time they enter, it may be another."""

    pin_hash: str | None

    def __repr__(self) -> str:
        return "PassedPin(…)"


SignInResult = SignedIn | InvalidCredentials | PinRequired
