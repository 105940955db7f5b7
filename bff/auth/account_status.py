"""What operators decide about an account: whether it may be used."""

from datetime import datetime

from msgspec import Struct

from bff.auth.authority import Authority
from bff.domain.accounts import AccountStatus
from bff.domain.problems import InvalidInput, refuse_input
from bff.errors import NotFound
from bff.stores.account_changes import find_account, write_status
from bff.stores.ended_sign_ins import end_sign_ins
from bff.stores.operator_actions import note_action

_DEADLINE = 2.0


class StandingAccount(Struct, frozen=True):
    """All that an operator is told of an account."""

    account_id: str
    status: AccountStatus


async def set_account_status(
    authority: Authority,
    *,
    account_id: str | None,
    email: str | None,
    status: AccountStatus,
    operator_id: str,
    now: datetime,
) -> StandingAccount | InvalidInput:
    """Suspend an account, which ends its sign-ins for good, or let it be used again.

    It is named by its id or else its address, which is normalised. Raises NotFound for an account that is gone.
    """
    async with authority.pool.acquire(timeout=_DEADLINE) as connection, connection.transaction():
        found = await find_account(connection, account_id, email)
        if found is None:
            raise _no_account()
        if found == operator_id:
            return refuse_input("accountId", "Nobody changes the status of their own account: ask another operator.")
        if not await write_status(connection, found, status):
            raise _no_account()
        ended = await end_sign_ins(connection, found, now) if status is not AccountStatus.ACTIVE else ()
        await note_action(connection, operator_id, "setAccountStatus", found, {"status": status})
    authority.ended.note(ended)
    return StandingAccount(found, status)


def _no_account() -> NotFound:
    return NotFound("There is no such account: name it by its id, or by the e-mail address that it has now.")
