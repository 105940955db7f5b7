"""Liveness and readiness, for whoever restarts the process and whoever sends it requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CHECK_DEADLINE = 1.0
"""Seconds an engine has to answer."""
Check = Callable[[], Awaitable[object]]

logger = logging.getLogger("bff.http")


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """`/healthz`: 200 while the process serves. `/readyz`: 200, or 503 where an engine does not answer.

    `checks` by the engine's name; a check fails by raising. The answer names engines, never what went wrong with
    them: that is logged.
    """

    async def report_liveness(_: Request) -> Response:
        return _json(200, {"status": "ok"})

    async def report_readiness(_: Request) -> Response:
        answers = await asyncio.gather(*(_answers(name, check) for name, check in checks.items()))
        ready = all(answers)
        engines = {name: "ok" if answer else "away" for name, answer in zip(checks, answers, strict=True)}
        return _json(200 if ready else 503, {"status": "ok" if ready else "away", "engines": engines})

    return [Route("/healthz", report_liveness), Route("/readyz", report_readiness)]


async def _answers(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_DEADLINE):
            await check()
    except Exception as error:  # an engine's client may raise anything; each way it is away
        logger.warning("%s is not ready: %r", name, error)
        return False
    return True


def _json(status: int, body: object) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=headers)
