"""The way of the requests that are most: to the one app that answers them, past the routes."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Lane:
    """ASGI middleware: HTTP requests for `path` go straight to `target`, which raises nothing that is to be handled."""

    def __init__(self, app: ASGIApp, path: str, target: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._target = target

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_for_target = scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + self._path
        await (self._target if is_for_target else self._app)(scope, receive, send)
