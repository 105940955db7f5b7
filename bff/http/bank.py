"""The bank of the local payment gateway: a page on which the card holder confirms a payment, in development only."""

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from bff.domain.billing import format_money
from bff.stores.gateway import ChargeState
from bff.stores.local_gateway import BANK_PATH, LocalGateway

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Local bank</title>
<h1>Local bank</h1>
{body}
</html>
"""
_FORM = """<p>{what}</p>
<form method="post" action="{path}/approve"><button>Confirm</button></form>
<form method="post" action="{path}/decline"><button>Refuse</button></form>"""
_ANSWERED = {
    ChargeState.SUCCEEDED: "You confirmed it. Go back and try again.",
    ChargeState.DECLINED: "It was refused, or withdrawn.",
}


def bank_routes(gateway: LocalGateway) -> list[BaseRoute]:
    """The page of a challenge, whose name cannot be guessed, and its two answers; 404 for any other name."""

    async def show(request: Request) -> Response:
        name = request.path_params["challenge"]
        challenge = await gateway.find_challenge(name)
        if challenge is None:
            return HTMLResponse(_PAGE.format(body="<p>There is no such payment.</p>"), 404, _HEADERS)
        if challenge.state is not ChargeState.ACTION_REQUIRED:
            return HTMLResponse(_PAGE.format(body=f"<p>{_ANSWERED[challenge.state]}</p>"), headers=_HEADERS)
        total = challenge.total
        what = f"Marquee asks for {format_money(total)}." if total.amount else "Marquee asks whether this is your card."
        body = _FORM.format(what=html.escape(what), path=html.escape(f"{BANK_PATH}/{name}"))
        return HTMLResponse(_PAGE.format(body=body), headers=_HEADERS)

    async def approve(request: Request) -> Response:
        await gateway.answer_challenge(request.path_params["challenge"], is_approved=True)
        return await show(request)

    async def decline(request: Request) -> Response:
        await gateway.answer_challenge(request.path_params["challenge"], is_approved=False)
        return await show(request)

    path = f"{BANK_PATH}/{{challenge}}"
    return [
        Route(path, show, methods=["GET"]),
        Route(f"{path}/approve", approve, methods=["POST"]),
        Route(f"{path}/decline", decline, methods=["POST"]),
    ]
