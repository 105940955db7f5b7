"""`bff dev` as its user meets it: a ready line, messages, ends and kills, in real processes."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from bff.embedded.leftovers import find_supervised_processes
from tests.engines import execute
from tests.faults.dev_process import COMMAND, clean_environment, dev
from tests.faults.processes import DEADLINE, command_line, engine_processes, run_to_end, wait_until


def read_environment(data_dir: Path) -> dict[str, str]:
    environment: dict[str, str] = json.loads((data_dir / "environment.json").read_text())
    return environment


async def is_ready(url: str) -> bool:
    async with httpx.AsyncClient(timeout=DEADLINE) as client:
        try:
            return (await client.get(f"{url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_is_ready_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    async with dev(tmp_path) as running:
        assert await is_ready(running.url)
        assert f"{running.url}/graphql" in running.said
        running.process.send_signal(number)
        assert await asyncio.wait_for(running.process.wait(), DEADLINE) == 0
        assert (await running.process.stderr.read()).decode() == ""
    assert not engine_processes(tmp_path)
    assert not find_supervised_processes(tmp_path)
    for private in ("key_encryption_key", "environment.json"):
        assert (tmp_path / private).stat().st_mode & 0o777 == 0o600


async def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = await run_to_end(
            *(*COMMAND, "dev", "--port", str(port), "--data-dir", str(tmp_path)), environment=clean_environment()
        )
    assert code == 1
    assert f"Port {port} of 127.0.0.1 is taken" in said
    assert "--port" in said
    assert "Traceback" not in said
    assert not (tmp_path / "postgres").exists()


async def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with dev(tmp_path) as running:
        arguments = ("dev", "--port", "0", "--data-dir", str(tmp_path))
        code, said = await run_to_end(*COMMAND, *arguments, environment=clean_environment())
        assert code == 1
        assert f"is in use by process {running.process.pid}" in said
        assert "Traceback" not in said
        assert await is_ready(running.url)


async def test_a_killed_one_gives_its_port_and_its_data_to_the_next(tmp_path: Path) -> None:
    async with dev(tmp_path, "--processes", "2") as first:
        await execute(read_environment(tmp_path)["BFF_DATABASE_URL"], "CREATE TABLE kept (value text)")
        key = (tmp_path / "key_encryption_key").read_text()
        await first.kill()
        async with dev(tmp_path, "--port", str(first.port)) as second:
            assert second.port == first.port
            assert await is_ready(second.url)
            await execute(read_environment(tmp_path)["BFF_DATABASE_URL"], "SELECT value FROM kept")
            assert (tmp_path / "key_encryption_key").read_text() == key


@pytest.mark.parametrize("role", ["serve", "worker"])
async def test_a_child_that_dies_is_started_again(tmp_path: Path, role: str) -> None:
    def find_role() -> set[int]:
        return {pid for pid in find_supervised_processes(tmp_path) if f"\0{role}\0" in f"{command_line(pid)}\0"}

    async with dev(tmp_path) as running:
        dead = find_role()
        assert dead
        for pid in dead:
            os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: bool(find_role() - dead))
        async with asyncio.timeout(DEADLINE):
            while not await is_ready(running.url):  # noqa: ASYNC110 -- what it waits for is outside of this process
                await asyncio.sleep(0.05)


async def test_other_commands_find_its_engines(tmp_path: Path) -> None:
    command = (*COMMAND, "migrate", "--data-dir", str(tmp_path))
    code, said = await run_to_end(*command, environment=clean_environment())
    assert (code, f"No `bff dev` runs on {tmp_path}" in said) == (1, True)
    async with dev(tmp_path):
        assert await run_to_end(*command, environment=clean_environment()) == (0, "")
    code, said = await run_to_end(*command, environment=clean_environment())
    assert (code, f"No `bff dev` runs on {tmp_path}" in said) == (1, True)


async def test_a_command_without_engines_says_what_to_set() -> None:
    code, said = await run_to_end(*COMMAND, "serve", environment=clean_environment())
    assert code == 1
    assert "BFF_DATABASE_URL is not set" in said
    assert "Traceback" not in said
