"""What works on media steps back for everything else on the machine."""

import os
import sys

from bff.media.commands import run

WAIT_UNTIL_NICE = """
import os, pathlib, time
group = pathlib.Path("/proc/self/autogroup")
while group.exists() and not group.read_text().endswith("nice 10\\n"):
    time.sleep(0.01)
print(os.nice(0))
"""


async def test_a_command_is_nice_in_its_session_and_its_session_among_the_others() -> None:
    said = await run((sys.executable, "-c", WAIT_UNTIL_NICE), deadline=20)
    assert int(said) == min(os.nice(0) + 10, 19)
