"""The pages that links in mail lead to: each shows a form and sends one mutation, with the token behind the address's
`#`, which browsers send to no server. Nothing happens before the reader presses the button: programs that look into
mail follow links, too.
"""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bff.domain.mail import TEMPLATES, MailKind
from bff.domain.registration import LONGEST_PASSWORD, SHORTEST_PASSWORD
from bff.stores.documents import hash_document

FindText = Callable[[str], Awaitable[str | None]]


class MailPage(Struct, frozen=True):
    """`fields` is HTML. `done` is what the reader is told where all went well, `ended` where the link is good
    for nothing any more, by the answer's type or its error's code: what the API says of that is for developers."""

    kind: MailKind
    title: str
    fields: str
    document: str
    done: str
    ended: Mapping[str, str]


_PASSWORD = (
    '<label>New password <input name="password" type="password" autocomplete="new-password" required '
    f'minlength="{SHORTEST_PASSWORD}" maxlength="{LONGEST_PASSWORD}"></label>'
)
_REMOVE_PINS = (
    '<label class="choice"><input name="removePins" type="checkbox"> I have forgotten my PIN: '
    "take the PINs of all profiles away</label>"
)

PAGES = (
    MailPage(
        kind=MailKind.VERIFY_EMAIL,
        title="Confirm your e-mail address",
        fields="",
        document="mutation VerifyEmail($token: String!) { answer: verifyEmail(token: $token) { __typename } }",
        done="Your e-mail address is confirmed.",
        ended={
            "NOT_FOUND": "This link was used, or has died. If your address is not confirmed yet, have another one sent "
            "from your account's settings.",
            "CONFLICT": "Another account has this address by now: choose another one in your account's settings.",
        },
    ),
    MailPage(
        kind=MailKind.RESET_PASSWORD,
        title="Choose a new password",
        fields=_PASSWORD + _REMOVE_PINS,
        document=(
            "mutation ResetPassword($token: String!, $password: String!, $removePins: Boolean) { "
            "answer: resetPassword(token: $token, password: $password, removePins: $removePins) { "
            "__typename ... on Session { accessToken } } }"
        ),
        done="Your password is changed, and all sign-ins have ended. You can sign in with it now.",
        ended={"InvalidCredentials": "This link was used, or has died. Ask for another one where you sign in."},
    ),
)

_LOGOUT = "mutation Logout { logout }"
"""Ends what a mutation began: who reads a mail signs in where they watch."""

_SCRIPT = """
const page = JSON.parse(document.getElementById("page").textContent);
const form = document.querySelector("form"), said = document.querySelector("output");
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);
async function send(documentId, variables, headers) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      "Content-Type": "application/json", "X-Client-Name": "marquee-mail", "X-Client-Version": "2", ...headers,
    },
    body: JSON.stringify({documentId, variables}),
  });
  return response.json();
}
if (!token) { form.hidden = true; said.textContent = "This link is not whole: open it from the mail again."; }
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  said.textContent = "";
  try {
    const variables = {token};
    for (const field of form.querySelectorAll("input"))
      variables[field.name] = field.type === "checkbox" ? field.checked : field.value;
    const {data, errors} = await send(page.documentId, variables);
    const ended = page.ended[errors?.[0].extensions.code ?? data.answer.__typename];
    const problem = ended ?? errors?.[0].message;
    const session = data?.answer?.accessToken;
    if (session) await send(page.logoutId, {}, {Authorization: `Bearer ${session}`});
    form.hidden = Boolean(ended) || !problem;
    said.textContent = problem ?? page.done;
  } catch {
    said.textContent = "The server cannot be reached: try again.";
  }
  button.disabled = false;
});
"""
_STYLE = """
body { font-family: system-ui, sans-serif; line-height: 1.5; max-width: 30em; margin: 4em auto; padding: 0 1em;
  background: #141414; color: #f2f2f2; }
label, input { display: block; width: 100%; box-sizing: border-box; }
.choice input { display: inline; width: auto; }
input, button { font: inherit; margin: .5em 0 1em; padding: .6em 1em; border-radius: 6px; border: 1px solid #777; }
button { background: #b00020; border-color: #b00020; color: #fff; cursor: pointer; }
"""


def _name_source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_name_source(_SCRIPT)}; style-src {_name_source(_STYLE)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


def mail_page_routes() -> list[Route]:
    return [_make_route(page) for page in PAGES]


def know_page_documents(find_text: FindText) -> FindText:
    """The texts of the pages are published with them; all else is found as before."""
    own = {hash_document(text): text for text in (_LOGOUT, *(page.document for page in PAGES))}

    async def find(document_hash: str) -> str | None:
        return own.get(document_hash) or await find_text(document_hash)

    return find


def _make_route(page: MailPage) -> Route:
    link = TEMPLATES[page.kind].link
    if link is None:
        raise ValueError(f"a mail of kind {page.kind} leads nowhere")
    config = json.dumps(
        {
            "documentId": _name_document(page.document),
            "logoutId": _name_document(_LOGOUT),
            "done": page.done,
            "ended": page.ended,
        }
    )
    html = (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{page.title} · Marquee</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{page.title}</h1>\n<form>{page.fields}<button>{link.label}</button></form>\n"
        f'<output aria-live="polite"></output>\n<noscript>This page needs JavaScript.</noscript>\n'
        f'<script type="application/json" id="page">{config}</script>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n'
    )

    async def show(_: Request) -> Response:
        return HTMLResponse(html, headers=_HEADERS)

    return Route(link.path, show)


def _name_document(text: str) -> str:
    return f"sha256:{hash_document(text)}"
