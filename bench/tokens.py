"""What tokens cost: verifying one, and signing in while a process serves homes, which must not wait for passwords."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from msgspec import Struct

from bench.beside import AT_ONCE
from bench.load import measure
from bench.pace import Paced, pace
from bench.report import SHARED, Table, find_percentile, write_results
from bench.stage import Server, Stage, run_api, warm
from bff.auth.keys import KeyRing, SigningKey
from bff.auth.tokens import AccessTokenVerifier, mint_access_token
from bff.domain.accounts import PlanCode

ROUNDS = 5
SHARE = 0.3
SECONDS = 4
HOMES_A_SIGN_IN = 50
"""More sign-ins than people need who see one home a day, and sign in anew whenever the 60 days of theirs are over."""
GROWTH = 0.2
"""What sign-ins may add to the p99 of homes."""


class Beside(Struct, frozen=True):
    """Homes, and what ran beside them (milliseconds each)."""

    paced: Paced
    took: list[float]

    @property
    def rate(self) -> float:
        return len(self.took) / SECONDS

    def find_home(self, share: float) -> float:
        return find_percentile(self.paced.answered, share)


Round = dict[str, Beside]
ALONE, FEW, MOST, OUTSIDE = (
    "nothing",
    f"a sign-in for {HOMES_A_SIGN_IN} homes",
    f"as many as {AT_ONCE} clients can",
    "a process outside that hashes as often as for those",
)


async def bench_tokens(stage: Stage) -> None:
    """Three minutes."""
    hit, miss = _time_verification()
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await _pace_beside(stage, server, "sign-in", server.url, rate=100)
        homes = SHARE * (await measure(server, stage, seconds=3)).requests
        rounds = [await _run_round(stage, server, homes) for _ in range(ROUNDS)]
    write_results(
        "tokens",
        "What verifying an access token takes of a request, in microseconds.",
        Table(("", "µs", "at most"), [("remembered", hit, 20), ("for the first time", miss, 120)]),
        f"One process that serves {SHARE:.0%} of the homes that it can, {homes:,.0f} a second, whatever they take. "
        f"Beside are {AT_ONCE} clients. At first they are connected and ask for nothing. Then they sign in at a "
        f"constant rate, once for {HOMES_A_SIGN_IN} homes: that is more than people need who see one home a day and "
        "sign in anew when the 60 days of a sign-in are over. Then each signs in one time after the other: the hardest "
        "case, which takes all that is left of the processors. Then they are gone, and a process that the server knows "
        "nothing of hashes passwords as often as it did for them. Who asks for homes, signs in and hashes is a process "
        f"each, on the same {os.cpu_count()} processors as server and engines. Medians of {ROUNDS} rounds, in "
        f"milliseconds. {SHARED}",
        Table(
            ("beside", "sign-ins/s", "p50", "p99", "homes, p50", "homes, p99", "p99 grows by", "asked for late, p99"),
            [_write_kind(kind, rounds) for kind in rounds[0]],
        ),
        f"The p99 of homes in each round. Sign-ins may add {GROWTH:.0%} to it.",
        Table(
            ("round", *rounds[0]),
            [
                (str(number), *(each.find_home(0.99) for each in kinds.values()))
                for number, kinds in enumerate(rounds, 1)
            ],
        ),
        _explain(rounds),
    )


async def _run_round(stage: Stage, server: Server, homes: float) -> Round:
    alone = await _pace_beside(stage, server, "wait", server.url, rate=homes)
    few = await _pace_beside(stage, server, "sign-in", server.url, homes / HOMES_A_SIGN_IN, rate=homes)
    most = await _pace_beside(stage, server, "sign-in", server.url, rate=homes)
    outside = await _pace_beside(stage, server, "burn", most.rate, rate=homes)
    return {ALONE: alone, FEW: few, MOST: most, OUTSIDE: outside}


async def _pace_beside(stage: Stage, server: Server, kind: str, *target: object, rate: float) -> Beside:
    beside = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.beside", kind, str(SECONDS), *map(str, target), stdout=asyncio.subprocess.PIPE
    )
    if beside.stdout is None or await beside.stdout.readline() != b"ready\n":
        raise RuntimeError(f"what runs beside ({kind}) did not begin")
    paced = await pace(server.url, stage.tokens, rate=rate, seconds=SECONDS)
    took: list[float] = json.loads((await beside.communicate())[0])
    return Beside(paced, took)


def _write_kind(kind: str, rounds: list[Round]) -> tuple[str | float, ...]:
    besides = [each[kind] for each in rounds]
    signs_in = kind in (FEW, MOST)
    grows = "" if kind == ALONE else f"{_find_growth(kind, rounds):+.0%}"
    return (
        kind,
        median(beside.rate for beside in besides) if signs_in else "",
        *(median(find_percentile(each.took, share) for each in besides) if signs_in else "" for share in (0.5, 0.99)),
        *(median(each.find_home(share) for each in besides) for share in (0.5, 0.99)),
        grows,
        median(find_percentile(each.paced.sent, 0.99) for each in besides),
    )


def _find_growth(kind: str, rounds: list[Round]) -> float:
    beside, alone = (median(each[name].find_home(0.99) for each in rounds) for name in (kind, ALONE))
    return beside / alone - 1


def _time_verification() -> tuple[float, float]:
    now = datetime.now(UTC)
    private_key = generate_private_key(SECP256R1())
    keys = KeyRing([SigningKey("bench", private_key, private_key.public_key(), now - timedelta(hours=1))])
    authorizations = [
        "Bearer "
        + mint_access_token(
            keys,
            account_id="acc_aaaaaaaaaaaaaaaa",
            profile_id="pro_aaaaaaaaaaaaaaaa",
            family_id="fam_aaaaaaaaaaaaaaaaaaaaaaaa",
            device_id="dev_aaaaaaaaaaaaaaaaaaaaaaaa",
            plan=PlanCode.PREMIUM,
            region="US",
            permissions=(),
            now=now,
            age=900,
        )[0]
        for _ in range(2000)
    ]
    verifier = AccessTokenVerifier(keys)

    def verify_next(number: int) -> None:
        verifier.authenticate(authorizations[number], now)

    miss = _time(verify_next)
    return _time(verify_next), miss


def _time(verify: Callable[[int], None]) -> float:
    """The mean of 2,000, in microseconds."""
    started = time.perf_counter()
    for number in range(2000):
        verify(number)
    return (time.perf_counter() - started) / 2000 * 1e6


def _explain(rounds: list[Round]) -> str:
    """What of the growth is the server's doing: what the same hashes cost it elsewhere is not."""
    few, most, outside = (_find_growth(kind, rounds) for kind in (FEW, MOST, OUTSIDE))
    return (
        f"With a sign-in for {HOMES_A_SIGN_IN} homes their p99 changes by {few:+.0%}, with as many as can be by "
        f"{most:+.0%}; the same hashes in a process outside change it by {outside:+.0%}: so much is short on this "
        "machine, whoever hashes."
    )
