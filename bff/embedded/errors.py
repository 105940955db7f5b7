"""What can keep the engines from running, each said in a sentence that names the way out."""

import errno
from pathlib import Path

_SIGNS_OF_A_FULL_DISK = ("No space left on device", "Disk quota exceeded", "Check free disk space")


class EmbeddedError(Exception):
    """The engines cannot run; the message is for the person at the terminal and needs no traceback."""


def explain_os_error(error: OSError, directory: Path) -> EmbeddedError:
    """Turn a failed write below the data directory into a message."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full_disk(directory)
    reason = error.strerror or str(error)
    return EmbeddedError(f"{directory} cannot be written: {reason}. Choose another folder with --data-dir.")


def explain_log(name: str, text: str, directory: Path, log_file: Path) -> EmbeddedError:
    """Turn the end of an engine's log into a message; `text` is what it wrote since it was started."""
    if any(sign in text for sign in _SIGNS_OF_A_FULL_DISK):
        return full_disk(directory)
    if "Permission denied" in text:
        return EmbeddedError(
            f"{name} may not use {directory}. Its owner must be the user who runs this, and every folder above it "
            f"must be open to that user (PostgreSQL never runs with root's rights). Choose another with --data-dir."
        )
    lines = [line for line in text.splitlines() if line.strip()][-8:]
    said = "\n  ".join(lines) or "(it said nothing)"
    return EmbeddedError(f"{name} did not start. Its last words, the whole is in {log_file}:\n  {said}")


def full_disk(directory: Path) -> EmbeddedError:
    return EmbeddedError(f"The disk that holds {directory} is full. Free some space or choose another with --data-dir.")
