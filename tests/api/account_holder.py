"""Somebody who registers by hand, reads their mail and signs in: for tests of accounts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from msgspec.structs import replace as replace_struct

from bff.domain.ids import IdKind, derive_id
from bff.settings import Secret
from bff.stores import keys
from tests.live import Answer, Client, Demo
from tests.workers.smtp import Mailbox, read_token, serving_mail
from workers.mail import open_mail_room, send_due_mails

PASSWORD = "correct horse battery"
NEW_PASSWORD = "another horse, another battery"
SESSION = """__typename ... on Session { accessToken refreshToken viewer { region locale
    account { id email emailVerified country status profiles { id } } profile { id name } device { id class } } }
    ... on Problem { message } ... on InvalidInput { fields { path message } } """
REGISTER = f"mutation ($input: RegisterAccountInput!) {{ registerAccount(input: $input) {{ {SESSION} }} }}"
LOGIN_SESSION = SESSION.replace("... on InvalidInput { fields { path message } }", "")
LOGIN = f"mutation ($input: LoginInput!) {{ login(input: $input) {{ {LOGIN_SESSION} }} }}"
ME = "{ viewer { account { id email emailVerified country } } }"
VERIFY = "mutation ($token: String!) { verifyEmail(token: $token) { id email emailVerified } }"
UPDATE = """mutation ($input: AccountPatch!) { updateAccount(input: $input) { __typename
    ... on Account { id email emailVerified country } ... on Problem { message }
    ... on InvalidInput { fields { path message } } } }"""
CHANGE = (
    "mutation ($current: String!, $new: String!) { changePassword(current: $current, new: $new) "
    f"{{ {LOGIN_SESSION} }} }}"
)
ASK = "mutation ($email: String!) { requestPasswordReset(email: $email) }"
RESET = (
    "mutation ($token: String!, $password: String!, $removePins: Boolean) "
    "{ resetPassword(token: $token, password: $password, removePins: $removePins) "
    f"{{ {LOGIN_SESSION} }} }}"
)
DELETE = """mutation ($password: String!) { deleteAccount(password: $password) { __typename
    ... on AccountDeleted { deletedAt } ... on Problem { message } } }"""
REFRESH = f"mutation ($token: String!) {{ refreshToken(refreshToken: $token) {{ {LOGIN_SESSION} }} }}"

_numbers = count(1)


@dataclass
class Holder:
    """`client` is signed in; `mailbox` has what was delivered so far."""

    demo: Demo
    email: str
    client: Client
    session: dict[str, Any]
    password: str = PASSWORD
    mailbox: Mailbox = field(default_factory=Mailbox)

    @property
    def account_id(self) -> str:
        return str(self.session["viewer"]["account"]["id"])

    async def login(self, password: str | None = None, **options: Any) -> dict[str, Any]:
        """What `login` answers, from nowhere in particular."""
        given = {"email": self.email, "password": password or self.password, **options}
        return dict((await self.demo.visitor.fetch(LOGIN, input=given))["login"])

    async def sign_in(self) -> Client:
        """Another sign-in of the same account."""
        return carry(self.demo, await self.login())

    async def read_mail(self) -> list[str]:
        """Deliver what is due, and answer the subjects that came."""
        seen = len(self.mailbox.mails)
        self.mailbox.mails += [mail for mail in await deliver(self.demo) if mail["To"] == self.email]
        return [mail["Subject"] for mail in self.mailbox.mails[seen:]]

    async def read_token(self, subject: str = "Confirm your e-mail address") -> str:
        """The token of the last mail with the subject."""
        await self.read_mail()
        return read_token([mail for mail in self.mailbox.mails if mail["Subject"] == subject][-1])

    async def ask_for_reset(self) -> str:
        """The token that comes by mail."""
        await self.demo.visitor.fetch(ASK, email=self.email)
        return await self.read_token("Choose a new password")

    async def is_signed_in(self, client: Client) -> bool:
        answer = await client.run(ME)
        return answer.codes == []


async def add_profile(holder: Holder, *, is_kids: bool = False, pin_hash: str | None = None) -> str:
    """A profile of the account, from its next sign-in on."""
    profile_id = derive_id(IdKind.PROFILE, f"{holder.email}{is_kids}{pin_hash}")
    await holder.demo.services.pool.execute(
        """INSERT INTO profile (id, account_id, position, name, avatar, is_kids, language, maturity_ceiling, pin_hash)
        VALUES ($1, $2, (SELECT count(*) FROM profile WHERE account_id = $2), 'Ada', 'fox', $3, 'en', 7, $4)""",
        profile_id,
        holder.account_id,
        is_kids,
        pin_hash,
    )
    return profile_id


async def update(client: Client, **given: Any) -> dict[str, Any]:
    return dict((await client.fetch(UPDATE, input=given))["updateAccount"])


async def change(client: Client, current: str, new: str) -> dict[str, Any]:
    return dict((await client.fetch(CHANGE, current=current, new=new))["changePassword"])


async def reset(demo: Demo, token: str, password: str = NEW_PASSWORD, **options: bool) -> dict[str, Any]:
    return dict((await demo.visitor.fetch(RESET, token=token, password=password, **options))["resetPassword"])


async def deliver(demo: Demo) -> list[Any]:
    """Send all mail that is due by a real SMTP server, whoever it is for."""
    async with serving_mail() as mailbox:
        settings = replace_struct(demo.services.settings, smtp_url=Secret(mailbox.url), public_url="https://m.test")
        await send_due_mails(demo.services.pool, open_mail_room(settings))
    return list(mailbox.mails)


async def forget_tries(demo: Demo) -> None:
    """What the tests' own address has failed at and asked for."""
    network = "127.0.0.1"
    await demo.services.cache.forget(keys.login_failures_of_address(network), keys.mail_requests_of_address(network))


def new_address() -> str:
    return f"holder-{next(_numbers)}@example.org"


async def try_to_register(demo: Demo, email: str, **given: Any) -> Answer:
    fields = {"email": email, "password": PASSWORD, "country": "DE", **given}
    return await demo.visitor.run(REGISTER, {"input": fields})


async def register(demo: Demo, **given: Any) -> Holder:
    """A new account with an address of its own."""
    email = new_address()
    session = (await try_to_register(demo, email, **given)).data["registerAccount"]
    assert session["__typename"] == "Session", session
    return Holder(demo, email, carry(demo, session), session)


def carry(demo: Demo, session: dict[str, Any]) -> Client:
    assert session["__typename"] == "Session", session
    return replace(
        demo.visitor,
        headers={"Authorization": f"Bearer {session['accessToken']}"},
        account_id=session["viewer"]["account"]["id"],
    )
