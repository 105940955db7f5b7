"""Asks for the account's password where more than a sign-in is needed; wrong ones count like failed sign-ins."""

from bff.auth.results import InvalidCredentials
from bff.context import OperationContext
from bff.domain.accounts import AccountStatus
from bff.errors import Unauthenticated
from bff.stores.accounts import Credentials, read_credentials


async def confirm_password(context: OperationContext, password: str | None) -> Credentials | InvalidCredentials:
    """The credentials of the account that asks, where the password is its own.

    Raises RateLimited after too many failures, Unauthenticated where the account is gone.
    """
    services = context.services
    credentials = await read_credentials(services.pool, context.require_token().account_id)
    if credentials is None or credentials.status is AccountStatus.CANCELLED:
        raise Unauthenticated("This account is gone.")
    if password is None:
        return InvalidCredentials("Enter the password of the account.")
    failures, address = services.login_failures, context.caller.address
    await failures.begin_try(credentials.email, address)
    if not await services.authority.passwords.verify(credentials.password_hash, password):
        return InvalidCredentials("The password is wrong.")
    await failures.take_back(credentials.email, address)
    return credentials
