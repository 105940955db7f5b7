"""What mutations of accounts answer: the thing that was changed, or what the viewer can do about it."""

from datetime import datetime
from typing import Annotated

import strawberry

from bff.auth import results
from bff.domain import billing, problems, profiles
from bff.execution import shows
from resolvers import accounts, sign_in
from schema.access import field
from schema.common import Problem
from schema.playback import PinRequired
from schema.scalars import URL
from schema.viewer import Account, Membership, Profile, Viewer


@strawberry.type(
    description="What a client signs its requests with: `accessToken` until `expiresAt`, then `refreshToken`, once."
)
@shows(sign_in.SessionView)
class Session:
    access_token: str
    refresh_token: str
    expires_at: datetime
    viewer: Viewer = field(sign_in.read_session_viewer)


@strawberry.type(
    description=(
        "The e-mail address or the password is wrong; which, is not said. Or the account's password is asked for."
    )
)
@shows(results.InvalidCredentials)
class InvalidCredentials(Problem):
    pass


@strawberry.type(description="Some of what was given cannot be taken.")
@shows(problems.InvalidInput)
class InvalidInput(Problem):
    fields: list["FieldProblem"]


@strawberry.type(description="Which input cannot be taken, and why.")
@shows(problems.FieldProblem)
class FieldProblem:
    path: str
    message: str


@strawberry.type(description="The account has as many profiles as it may.")
@shows(profiles.ProfileLimitReached)
class ProfileLimitReached(Problem):
    limit: int


@strawberry.type(description="The account is gone, and when it went.")
@shows(accounts.AccountGone)
class AccountDeleted:
    deleted_at: datetime


@strawberry.type(description="The payment was declined.")
@shows(billing.PaymentDeclined)
class PaymentDeclined(Problem):
    pass


@strawberry.type(description="The bank asks the card holder: go to `url`, then call again.")
@shows(billing.PaymentActionRequired)
class PaymentActionRequired(Problem):
    url: URL = field()


RegisterAccountResult = Annotated[
    Session | InvalidInput,
    strawberry.union("RegisterAccountResult", description="A session of the new account, or what cannot be taken."),
]
LoginResult = Annotated[
    Session | InvalidCredentials | PinRequired,
    strawberry.union("LoginResult", description="A session, or what is missing for one."),
]
AccountResult = Annotated[
    Account | InvalidInput | InvalidCredentials,
    strawberry.union("AccountResult", description="The account as it is now, or why it is not changed."),
]
DeleteAccountResult = Annotated[
    AccountDeleted | InvalidCredentials,
    strawberry.union("DeleteAccountResult", description="When the account went, or why it stays."),
]
ProfileResult = Annotated[
    Profile | InvalidInput | InvalidCredentials | ProfileLimitReached,
    strawberry.union("ProfileResult", description="The profile as it is now, or why it is not changed."),
]
MembershipResult = Annotated[
    Membership | PaymentDeclined | PaymentActionRequired | InvalidInput,
    strawberry.union("MembershipResult", description="The membership as it is now, or what the payment lacks."),
]
