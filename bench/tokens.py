"""What tokens cost: verifying one, and signing in while a process serves homes, which must not wait for passwords."""

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from statistics import median
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from msgspec import Struct

from bench.beside import AT_ONCE, Deed
from bench.load import measure
from bench.pace import pace
from bench.report import SHARED, Table, find_percentile, write_results
from bench.stage import Server, Stage, run_api, warm
from bff.auth.keys import KeyRing, SigningKey
from bff.auth.tokens import AccessTokenVerifier, mint_access_token
from bff.domain.accounts import PlanCode

ROUNDS = 16
SHARE = 0.3
SECONDS = 2
BEGINNING = 0.25
"""Seconds of a round that do not count: connections are opened, and all of them asked over for the first time."""
HOMES_A_SIGN_IN = (500, 200, 50)
"""A sign-in lives on as long as it is used, so people sign in once a device. To those who see one home a day on it,
500 homes are sixteen months, 200 are half a year, and 50 a time in which they all do it anew."""
GROWTH = 0.2
"""What sign-ins may add to the p99 of homes."""
DRAWS = 200


class Beside(Struct, frozen=True):
    """When homes were asked for first, when each was due (seconds) and what it took from then on; milliseconds from
    then until each was sent; and what was done beside them."""

    begun: float
    homes: list[tuple[float, float]]
    sent: list[float]
    done: list[Deed]

    def list_homes(self) -> list[float]:
        return [took for _, took in self.homes]

    def find_away(self, dues: Sequence[float], lasting: float) -> list[float]:
        """Of the homes what those took, in milliseconds, that came to no `due` instant, nor to the `lasting` seconds
        after it."""
        return [
            took
            for due, took in self.homes
            if not any(due < begun + lasting and begun < due + took / 1000 for begun in dues)
        ]


class Growth(NamedTuple):
    """What was found, and between what it lies in eight of ten draws of as many rounds from those there were."""

    found: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.found:+.0%} ({self.least:+.0%} to {self.most:+.0%})"


class Compared(NamedTuple):
    """Homes of a round and those that they are compared with, by one measure."""

    homes: list[float]
    others: list[float]


Round = Mapping[str, Beside]
NOTHING = "nothing"
SIGN_INS = {homes: f"a sign-in for {homes} homes" for homes in HOMES_A_SIGN_IN}
OFTEN = SIGN_INS[HOMES_A_SIGN_IN[-1]]
OFTEN_OUTSIDE = f"as many hashes outside as for {HOMES_A_SIGN_IN[-1]}"
MOST = f"as many sign-ins as {AT_ONCE} clients can"
MOST_OUTSIDE = "as many hashes outside as for those"


async def bench_tokens(stage: Stage) -> None:
    """Six minutes."""
    hit, miss = _time_verification()
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await _pace_beside(stage, server, "sign-in", server.url, rate=100)
        homes = SHARE * (await measure(server, stage, seconds=3)).requests
        rounds = [await _run_round(stage, server, homes) for _ in range(ROUNDS)]
    growths = {kind: _find_growth(kind, rounds) for kind in rounds[0]}
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
        f"homes as the median of {ROUNDS} rounds of {SECONDS} s each. {SHARED}",
        "What is added to their p99 is told from homes of the same seconds, since whole rounds are several times as "
        "slow as others: the p99 of all homes over that of those which came to no sign-in, each as a multiple of what "
        "such a home took in its round (median). A sign-in counts for as long as nine in ten of them take; beside "
        f"{NOTHING} the instants are those of {OFTEN!r}. Where there is always one, it is the median over rounds of "
        f"their p99 to that beside {NOTHING}. A p99 is made by the few worst instants of all rounds, so in brackets is "
        "how exact that is: where it lies in eight of ten draws of as many rounds from those that there were.",
        Table(
            ("beside", "a second", "sign-ins, p50", "p99", "homes, p50", "p99", "p99 grows by", "asked for late, p99"),
            [_write_kind(kind, growth, rounds) for kind, growth in growths.items()],
        ),
        _explain(growths, rounds),
    )


async def _run_round(stage: Stage, server: Server, homes: float) -> Round:
    done = {NOTHING: await _pace_beside(stage, server, "wait", server.url, rate=homes)}
    for number, kind in SIGN_INS.items():
        done[kind] = await _pace_beside(stage, server, "sign-in", server.url, homes / number, rate=homes)
    done[OFTEN_OUTSIDE] = await _pace_beside(stage, server, "burn", len(done[OFTEN].done) / SECONDS, rate=homes)
    done[MOST] = await _pace_beside(stage, server, "sign-in", server.url, rate=homes)
    done[MOST_OUTSIDE] = await _pace_beside(stage, server, "burn", len(done[MOST].done) / SECONDS, rate=homes)
    return done


async def _pace_beside(stage: Stage, server: Server, kind: str, *target: object, rate: float) -> Beside:
    beside = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.beside", kind, str(SECONDS), *map(str, target), stdout=asyncio.subprocess.PIPE
    )
    if beside.stdout is None or await beside.stdout.readline() != b"ready\n":
        raise RuntimeError(f"what runs beside ({kind}) did not begin")
    paced = await pace(server.url, stage.tokens, rate=rate, seconds=SECONDS)
    done = msgspec.json.decode((await beside.communicate())[0], type=list[Deed])
    begun = min(paced.due)
    homes = [home for home in zip(paced.due, paced.answered, strict=True) if home[0] > begun + BEGINNING]
    return Beside(begun, homes, paced.sent, done)


def _write_kind(kind: str, growth: Growth, rounds: Sequence[Round]) -> tuple[str | float, ...]:
    took = [deed.took for each in rounds for deed in each[kind].done]
    signs_in = kind == MOST or kind in SIGN_INS.values()
    return (
        kind,
        _find_rate(kind, rounds) if took else "",
        *(find_percentile(took, share) if signs_in else "" for share in (0.5, 0.99)),
        *(median(find_percentile(each[kind].list_homes(), share) for each in rounds) for share in (0.5, 0.99)),
        str(growth),
        median(find_percentile(each[kind].sent, 0.99) for each in rounds),
    )


def _find_rate(kind: str, rounds: Sequence[Round]) -> float:
    return sum(len(each[kind].done) for each in rounds) / SECONDS / len(rounds)


def _find_growth(kind: str, rounds: Sequence[Round]) -> Growth:
    compared = [_compare(kind, each, rounds) for each in rounds]
    grow = _grow_within if kind in (MOST, MOST_OUTSIDE) else _grow_together
    draw = random.Random(0)
    drawn = [grow(draw.choices(compared, k=len(compared))) for _ in range(DRAWS)]
    return Growth(grow(compared), find_percentile(drawn, 0.1), find_percentile(drawn, 0.9))


def _compare(kind: str, each: Round, rounds: Sequence[Round]) -> Compared:
    if kind in (MOST, MOST_OUTSIDE):
        return Compared(each[kind].list_homes(), each[NOTHING].list_homes())
    source = OFTEN if kind == NOTHING else kind
    lasting = find_percentile([deed.took for one in rounds for deed in one[source].done], 0.9) / 1000
    shift = each[kind].begun - each[source].begun
    away = each[kind].find_away([deed.due + shift for deed in each[source].done], lasting)
    usual = median(away)
    return Compared([took / usual for took in each[kind].list_homes()], [took / usual for took in away])


def _grow_within(compared: Sequence[Compared]) -> float:
    return median(find_percentile(homes, 0.99) / find_percentile(others, 0.99) for homes, others in compared) - 1


def _grow_together(compared: Sequence[Compared]) -> float:
    homes = [took for each in compared for took in each.homes]
    others = [took for each in compared for took in each.others]
    return find_percentile(homes, 0.99) / find_percentile(others, 0.99) - 1


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


def _explain(growths: Mapping[str, Growth], rounds: Sequence[Round]) -> str:
    """How many sign-ins a second keep to GROWTH, and what of the growth is the server's doing: what the same hashes
    cost it elsewhere is not."""
    kept = list(takewhile(lambda kind: growths[kind].found <= GROWTH, SIGN_INS.values()))
    most = f"{_find_rate(kept[-1], rounds):.1f} ({kept[-1]})" if kept else "none of these"
    return (
        f"Of the constant rates the highest that adds at most {GROWTH:.0%} to the p99 of homes: {most}. "
        f"{OFTEN.capitalize()} adds {growths[OFTEN]}, the same hashes in a process outside "
        f"{growths[OFTEN_OUTSIDE]}; {MOST} {growths[MOST]}, those outside {growths[MOST_OUTSIDE]}."
    )
