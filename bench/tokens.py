"""What tokens cost: verifying one, and signing in while a process serves homes, which must not wait for passwords."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
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

ROUNDS = 16
SHARE = 0.3
SECONDS = 2
HOMES_A_SIGN_IN = (500, 200, 50)
"""A sign-in lives on as long as it is used, so people sign in once a device. To those who see one home a day on it,
500 homes are sixteen months, 200 are half a year, and 50 a time in which they all do it anew."""
GROWTH = 0.2
"""What sign-ins may add to the p99 of homes."""


class Beside(Struct, frozen=True):
    """Homes, and what ran beside them for so many `seconds` (milliseconds each)."""

    paced: Paced
    took: list[float]
    seconds: float = SECONDS

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def find_home(self, share: float) -> float:
        return find_percentile(self.paced.answered, share)


Round = dict[str, Beside]
ALONE, AGAIN = "nothing", "nothing, at the end of a round"
SIGN_INS = {homes: f"a sign-in for {homes} homes" for homes in HOMES_A_SIGN_IN}
MOST = f"as many sign-ins as {AT_ONCE} clients can"
OUTSIDE = {
    SIGN_INS[HOMES_A_SIGN_IN[-1]]: f"as many hashes outside as for {HOMES_A_SIGN_IN[-1]}",
    MOST: "as many hashes outside as for those",
}


async def bench_tokens(stage: Stage) -> None:
    """Six minutes."""
    hit, miss = _time_verification()
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await _pace_beside(stage, server, "sign-in", server.url, rate=100)
        homes = SHARE * (await measure(server, stage, seconds=3)).requests
        rounds = [await _run_round(stage, server, homes) for _ in range(ROUNDS)]
    pooled = {kind: _pool([each[kind] for each in rounds]) for kind in rounds[0]}
    write_results(
        "tokens",
        "What verifying an access token takes of a request, in microseconds.",
        Table(("", "µs", "at most"), [("remembered", hit, 20), ("for the first time", miss, 120)]),
        f"One process that serves {SHARE:.0%} of the homes that it can, {homes:,.0f} a second, whatever they take. "
        f"Beside are {AT_ONCE} clients. At first they are connected and ask for nothing. Then they sign in at constant "
        "rates: whoever uses a sign-in keeps it, so people sign in once a device, and one sign-in for "
        f"{HOMES_A_SIGN_IN[0]} homes is what people need who see one home a day and change their device after sixteen "
        "months. Then each client signs in one time after the other: the hardest case, which takes all that is left of "
        "the processors. What of that the machine is short of, whoever hashes, shows a process that the server knows "
        "nothing of, which hashes as often and does nothing else. Who asks for homes, signs in and hashes is a process "
        f"each, on the same {os.cpu_count()} processors as server and engines. Milliseconds from when they were due; "
        f"homes as the median of {ROUNDS} rounds of {SECONDS} s each, {len(pooled[ALONE].paced.answered):,} in all; "
        "what is added to their p99 as the median of what each round added to its own: on shared hardware whole rounds "
        "are several times as slow as others, and what nothing adds at the end of a round is how exact all this is. "
        f"{SHARED}",
        Table(
            ("beside", "a second", "sign-ins, p50", "p99", "homes, p50", "p99", "p99 grows by", "asked for late, p99"),
            [_write_kind(kind, pooled[kind], rounds) for kind in pooled],
        ),
        f"The p99 of homes in each round. Sign-ins may add {GROWTH:.0%} to it.",
        Table(
            ("round", *rounds[0]),
            [
                (str(number), *(each.find_home(0.99) for each in kinds.values()))
                for number, kinds in enumerate(rounds, 1)
            ],
        ),
        _explain(rounds, pooled),
    )


async def _run_round(stage: Stage, server: Server, homes: float) -> Round:
    done = {ALONE: await _pace_beside(stage, server, "wait", server.url, rate=homes)}
    for number, kind in SIGN_INS.items():
        done[kind] = await _pace_beside(stage, server, "sign-in", server.url, homes / number, rate=homes)
    done[MOST] = await _pace_beside(stage, server, "sign-in", server.url, rate=homes)
    for kind, outside in OUTSIDE.items():
        done[outside] = await _pace_beside(stage, server, "burn", done[kind].rate, rate=homes)
    done[AGAIN] = await _pace_beside(stage, server, "wait", server.url, rate=homes)
    return done


async def _pace_beside(stage: Stage, server: Server, kind: str, *target: object, rate: float) -> Beside:
    beside = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.beside", kind, str(SECONDS), *map(str, target), stdout=asyncio.subprocess.PIPE
    )
    if beside.stdout is None or await beside.stdout.readline() != b"ready\n":
        raise RuntimeError(f"what runs beside ({kind}) did not begin")
    paced = await pace(server.url, stage.tokens, rate=rate, seconds=SECONDS)
    took: list[float] = json.loads((await beside.communicate())[0])
    return Beside(paced, took)


def _pool(besides: list[Beside]) -> Beside:
    """All rounds as one: there are few sign-ins in each."""
    return Beside(
        Paced(
            [time for beside in besides for time in beside.paced.answered],
            [time for beside in besides for time in beside.paced.sent],
        ),
        [time for beside in besides for time in beside.took],
        sum(beside.seconds for beside in besides),
    )


def _write_kind(kind: str, pooled: Beside, rounds: Sequence[Round]) -> tuple[str | float, ...]:
    signs_in = kind == MOST or kind in SIGN_INS.values()
    return (
        kind,
        pooled.rate if pooled.took else "",
        *(find_percentile(pooled.took, share) if signs_in else "" for share in (0.5, 0.99)),
        *(median(each[kind].find_home(share) for each in rounds) for share in (0.5, 0.99)),
        "" if kind == ALONE else f"{_find_growth(kind, ALONE, rounds):+.0%}",
        median(find_percentile(each[kind].paced.sent, 0.99) for each in rounds),
    )


def _find_growth(kind: str, base: str, rounds: Sequence[Round]) -> float:
    return median(each[kind].find_home(0.99) / each[base].find_home(0.99) for each in rounds) - 1


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


def _explain(rounds: Sequence[Round], pooled: Mapping[str, Beside]) -> str:
    """How many sign-ins a second keep to GROWTH, and what of the growth is the server's doing: what the same hashes
    cost it elsewhere is not."""
    kept = list(takewhile(lambda kind: _find_growth(kind, ALONE, rounds) <= GROWTH, (*SIGN_INS.values(), MOST)))
    most = f"{pooled[kept[-1]].rate:.1f} ({kept[-1]})" if kept else "none of these"
    return " ".join(
        (
            f"Sign-ins a second that add at most {GROWTH:.0%} to the p99 of homes: {most}.",
            *(
                f"{kind.capitalize()}: {_find_growth(kind, ALONE, rounds):+.0%}; the same hashes in a process outside: "
                f"{_find_growth(outside, ALONE, rounds):+.0%}; the rest of signing in: "
                f"{_find_growth(kind, outside, rounds):+.0%}."
                for kind, outside in OUTSIDE.items()
            ),
        )
    )
