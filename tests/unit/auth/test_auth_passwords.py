"""Passwords: Argon2id, off the event loop, the same work for accounts that are not there."""

import threading

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from bff.auth.passwords import MEMORY_KIB, PASSES, Passwords


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


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
    checked = []
    check = passwords._check
    monkeypatch.setattr(passwords, "_check", lambda *arguments: checked.append(arguments) or check(*arguments))
    assert not await passwords.verify(None, "correct horse")
    [(stored, _)] = checked
    assert extract_parameters(stored) == extract_parameters(await passwords.hash("correct horse"))


async def test_composed_and_decomposed_characters_are_the_same_password(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("zo\u00eb"), "zoe\u0308")


async def test_odd_input_is_only_wrong(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("a"), "\ud800\x00")
    assert not await passwords.verify("no hash at all", "a")


async def test_work_is_done_off_the_loops_thread(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = []
    check = passwords._check

    def note_worker(stored: str, password: bytes) -> bool:
        workers.append(threading.current_thread().name)
        return check(stored, password)

    monkeypatch.setattr(passwords, "_check", note_worker)
    assert await passwords.verify(await passwords.hash("correct horse"), "correct horse")
    [worker] = workers
    assert worker.startswith("argon2")
