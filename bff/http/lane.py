"""The way of the requests that are most: to the one app that answers them, past routes and the handling of errors."""

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send


class LanedApp(Starlette):
    """HTTP requests for `path` go to `target`, which raises nothing that is to be handled, behind the same middleware
    as all others."""

    def __init__(self, path: str, target: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._path = path
        for cls, arguments, named in reversed(self.user_middleware):
            target = cls(target, *arguments, **named)
        self._target = target

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + self._path:
            await self._target(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
