"""A process of its own that runs embedded engines: `python -m tests.faults.supervisor_process DIR`.

Prints one JSON line with its URLs once they answer; an EmbeddedError goes to stderr with exit code 1. SIGINT and
SIGTERM end it.
"""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from bff.embedded import EmbeddedEngines, EmbeddedError


async def main(data_dir: Path) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with EmbeddedEngines(data_dir) as engines:
        urls = json.dumps({"database": engines.database_url, "redis": engines.redis_url})
        sys.stdout.write(f"{urls}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    logging.basicConfig()
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except EmbeddedError as error:
        sys.exit(str(error))
