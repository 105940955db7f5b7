"""Passwords whose check takes long enough for something to happen meanwhile."""

from collections.abc import Awaitable, Callable

from bff.auth.passwords import Passwords


class Slow(Passwords):
    """Something happens to an account while a password is checked."""

    def __init__(self, passwords: Passwords, happens: Callable[[], Awaitable[object]]) -> None:
        self._passwords = passwords
        self._happens = happens

    async def verify(self, stored: str | None, password: str) -> bool:
        is_right = await self._passwords.verify(stored, password)
        await self._happens()
        return is_right
