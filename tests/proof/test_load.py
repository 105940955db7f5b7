"""Fifty clients for a minute against `bff dev` as a newcomer starts it."""

from pathlib import Path

import pytest

from tests.faults.dev_process import dev
from tests.faults.load import load


@pytest.mark.proof
@pytest.mark.timeout(300)
async def test_fifty_clients_for_a_minute_meet_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with dev(tmp_path, empty=False) as running:
        tally = await load(running.url, clients=50, seconds=60)
    with capsys.disabled():
        print(
            f"\n{tally.done} answers in 60 s, {len(tally.failed)} failed; "
            f"p50 {tally.percentile(0.5) * 1000:.0f} ms, p99 {tally.percentile(0.99) * 1000:.0f} ms"
        )
    assert tally.failed == []
