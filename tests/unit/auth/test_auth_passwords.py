"""Passwords: Argon2id, by a process of its own, the same work for accounts that are not there."""

import asyncio
import ctypes
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from msgspec.structs import replace

from bff.auth import passwords as module
from bff.auth.account_changes import reset_password
from bff.auth.authority import Authority
from bff.auth.hashing import MEMORY_KIB, NICENESS, PASSES, Outcome, Task
from bff.auth.passwords import HashingError, Passwords
from bff.auth.results import InvalidCredentials
from bff.auth.stepping_back import SCHED_ATTR, SLICE
from bff.domain.devices import DeviceClass

KERNEL = tuple(map(int, platform.release().split(".")[:2]))


@pytest.fixture(scope="module")
async def passwords() -> AsyncIterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tests run, processors may be short."""
    monkeypatch.setattr(module, "PATIENCE", 20.0)


def find_process(passwords: Passwords) -> "subprocess.Popen[bytes]":
    assert passwords._hasher is not None
    return passwords._hasher.process


def read_group_niceness(process: int | str) -> str:
    """Of the session, among which processors are shared out; empty where it has no group for that."""
    path = Path(f"/proc/{process}/autogroup")
    return path.read_text().strip().rpartition(" ")[2] if path.exists() else ""


def read_slice(process: int) -> int:
    """Nanoseconds, of sched_getattr(2)."""
    attributes = ctypes.create_string_buffer(SCHED_ATTR.size)
    number = {"x86_64": 315, "aarch64": 275}[platform.machine()]
    assert ctypes.CDLL(None).syscall(number, process, attributes, SCHED_ATTR.size, 0) == 0
    return SCHED_ATTR.unpack(attributes.raw)[5]


@pytest.fixture(scope="module")
def has_groups() -> bool:
    """Whether the kernel gives a new session such a group; that of the tests, if it is as old as init's, has none."""
    reader = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(reader, stdin=subprocess.PIPE, start_new_session=True) as process:
        return read_group_niceness(process.pid) != ""


async def test_only_the_right_password_is_right(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "correct horse ")
    assert not await passwords.verify(stored, "")


async def test_hash_is_salted_argon2id_at_the_stated_cost(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    parameters = extract_parameters(stored)
    assert (parameters.type, parameters.memory_cost, parameters.time_cost) == (Type.ID, MEMORY_KIB, PASSES)
    assert stored != await passwords.hash("correct horse")


async def test_unknown_account_costs_the_same_hash(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[Task] = []
    order = passwords._order

    async def note(task: Task) -> Outcome:
        tasks.append(task)
        return await order(task)

    monkeypatch.setattr(passwords, "_order", note)
    assert not await passwords.verify(None, "correct horse")
    [task] = tasks
    stored = await passwords.hash("correct horse")
    assert extract_parameters(str(task.stored)) == extract_parameters(stored)
    assert len(str(task.stored)) == len(stored)


async def test_a_link_that_leads_nowhere_costs_no_hash(authority: Authority, noon: datetime) -> None:
    """Whoever sends many would have those wait who sign in."""
    unused = Passwords()
    unused.close()
    answer = await reset_password(
        replace(authority, passwords=unused),
        token="x",
        password="another horse",
        takes_pins_away=False,
        device_class=DeviceClass.WEB,
        request_country=None,
        client="",
        now=noon,
    )
    assert isinstance(answer, InvalidCredentials)


async def test_composed_and_decomposed_characters_are_the_same_password(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("zo\u00eb"), "zoe\u0308")


async def test_odd_input_is_only_wrong(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("a"), "\ud800\x00")
    assert not await passwords.verify("no hash at all", "a")


async def test_another_process_does_it_and_gives_way(passwords: Passwords) -> None:
    await passwords.hash("correct horse")
    process = find_process(passwords).pid
    assert process != os.getpid()
    assert os.sched_getscheduler(process) == os.SCHED_IDLE
    assert os.getpriority(os.PRIO_PROCESS, process) == 19
    if KERNEL >= (6, 12):
        assert read_slice(process) == SLICE


async def test_it_gives_way_to_other_sessions_too(passwords: Passwords, has_groups: bool) -> None:
    await passwords.hash("correct horse")
    process = find_process(passwords).pid
    assert os.getsid(process) == process
    assert read_group_niceness(process) == ("19" if has_groups else "")


async def test_many_at_once_are_answered_each_with_its_own(passwords: Passwords) -> None:
    stored = await asyncio.gather(*(passwords.hash(f"horse {number}") for number in range(4)))
    asked = [(right, other) for right in range(4) for other in range(4)]
    answers = await asyncio.gather(*(passwords.verify(stored[right], f"horse {other}") for right, other in asked))
    assert answers == [right == other for right, other in asked]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_outlives_what_ends_the_others(passwords: Passwords, number: signal.Signals) -> None:
    stored = await passwords.hash("correct horse")
    process = find_process(passwords)
    process.send_signal(number)
    assert await passwords.verify(stored, "correct horse")
    assert find_process(passwords) is process


def test_it_ends_with_whoever_asks() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = module._start(theirs)
    ours.close()
    assert process.wait(10) == 0


async def test_another_takes_the_place_of_one_that_was_killed(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    find_process(passwords).kill()
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "wrong horse")


async def test_one_that_stands_still_is_given_up(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    await passwords.hash("correct horse")
    stopped = find_process(passwords)
    stopped.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    monkeypatch.setattr(module, "DEADLINE", 0.01)
    with pytest.raises(HashingError):  # nobody is as fast as that
        await passwords.verify(None, "correct horse")
    assert stopped.wait(10) == -signal.SIGKILL
    monkeypatch.undo()
    assert not await passwords.verify(None, "correct horse")


async def test_hashes_take_what_others_leave_unless_that_is_next_to_nothing(
    monkeypatch: pytest.MonkeyPatch, has_groups: bool
) -> None:
    passwords = Passwords()
    try:
        stored = await passwords.hash("correct horse")
        starved = find_process(passwords)
        starved.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(module, "PATIENCE", 0.01)
        for _ in range(2):
            assert await passwords.verify(stored, "correct horse")
            hurried = find_process(passwords).pid
            assert os.sched_getscheduler(hurried) == os.SCHED_OTHER
            assert os.getpriority(os.PRIO_PROCESS, hurried) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
            assert read_group_niceness(hurried) == (str(NICENESS) if has_groups else "")
        monkeypatch.setattr(module, "PATIENCE", 20.0)
        monkeypatch.setattr(passwords, "_hurries_until", 0.0)
        assert await passwords.verify(stored, "correct horse")
        assert os.sched_getscheduler(find_process(passwords).pid) == os.SCHED_IDLE
    finally:
        passwords.close()
    assert starved.returncode == -signal.SIGKILL


async def test_who_gives_up_disturbs_nobody(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    asked = [asyncio.ensure_future(passwords.verify(stored, f"{number} horses")) for number in range(3)]
    right = asyncio.ensure_future(passwords.verify(stored, "correct horse"))
    await asyncio.sleep(0.001)
    for given_up in asked:
        given_up.cancel()
    assert await right


async def test_closing_ends_the_process_and_what_it_works_at() -> None:
    passwords = Passwords()
    await passwords.hash("correct horse")
    process = find_process(passwords)
    working = [asyncio.ensure_future(passwords.hash("correct horse")) for _ in range(3)]
    await asyncio.sleep(0)
    passwords.close()
    outcomes = await asyncio.gather(*working, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == 3 * [HashingError]
    assert process.returncode == -signal.SIGKILL
    passwords.close()
