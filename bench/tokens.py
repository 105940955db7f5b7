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


class Round(Struct, frozen=True):
    """Sign-ins a second, and milliseconds: of sign-ins; p99 of homes at one rate, with nothing beside, with sign-ins,
    and with a process that hashes as often as these did and has nothing to do with the server; how late homes were
    asked for."""

    rate: float
    p50: float
    p99: float
    alone: float
    signing_in: float
    burning: float
    late: float


async def bench_tokens(stage: Stage) -> None:
    """Two minutes."""
    hit, miss = _time_verification()
    rounds = []
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await _pace_beside(stage, server, "sign-in", server.url, rate=100)
        most = (await measure(server, stage, seconds=3)).requests
        homes = SHARE * most
        for _ in range(ROUNDS):
            alone = await _pace_beside(stage, server, "wait", server.url, rate=homes)
            signing_in = await _pace_beside(stage, server, "sign-in", server.url, rate=homes)
            rate = len(signing_in.took) / SECONDS
            burning = await _pace_beside(stage, server, "burn", rate, rate=homes)
            rounds.append(
                Round(
                    rate=rate,
                    p50=median(signing_in.took),
                    p99=find_percentile(signing_in.took, 0.99),
                    alone=find_percentile(alone.paced.answered, 0.99),
                    signing_in=find_percentile(signing_in.paced.answered, 0.99),
                    burning=find_percentile(burning.paced.answered, 0.99),
                    late=find_percentile(signing_in.paced.sent, 0.99),
                )
            )
    write_results(
        "tokens",
        "What verifying an access token takes of a request, in microseconds.",
        Table(("", "µs", "at most"), [("remembered", hit, 20), ("for the first time", miss, 120)]),
        f"One process that serves {SHARE:.0%} of the homes that it can, {homes:,.0f} a second. Beside are {AT_ONCE} "
        "clients: at first they are connected and ask for nothing, then they sign in, each one time after the other. "
        "Then they are gone, and a process that the server knows nothing of hashes passwords as often as it did for "
        f"them. Who asks for homes, signs in and hashes is a process each. {SHARED}",
        Table(
            ("round", "sign-ins/s", "p50 ms", "p99 ms", "homes alone, p99 ms", "beside sign-ins", "growth",
             "beside the other process", "growth", "asked for late, p99 ms"),
            [_write_row(str(number), [each]) for number, each in enumerate(rounds, 1)]
            + [_write_row("median", rounds)],
        ),
        _explain(rounds),
    )  # fmt: skip


class Beside(Struct, frozen=True):
    """Homes, and what ran beside them (milliseconds each)."""

    paced: Paced
    took: list[float]


async def _pace_beside(stage: Stage, server: Server, kind: str, target: object, *, rate: float) -> Beside:
    beside = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.beside", kind, str(target), str(SECONDS), stdout=asyncio.subprocess.PIPE
    )
    if beside.stdout is None or await beside.stdout.readline() != b"ready\n":
        raise RuntimeError(f"what runs beside ({kind}) did not begin")
    paced = await pace(server.url, stage.tokens, rate=rate, seconds=SECONDS)
    took: list[float] = json.loads((await beside.communicate())[0])
    return Beside(paced, took)


def _write_row(name: str, rounds: list[Round]) -> tuple[str | float, ...]:
    middle = {field: median(getattr(each, field) for each in rounds) for field in Round.__struct_fields__}
    return (
        name,
        *(middle[field] for field in ("rate", "p50", "p99", "alone", "signing_in")),
        f"{middle['signing_in'] / middle['alone'] - 1:+.0%}",
        middle["burning"],
        f"{middle['burning'] / middle['alone'] - 1:+.0%}",
        middle["late"],
    )


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
    alone, beside, burning = (
        median(getattr(each, name) for each in rounds) for name in ("alone", "signing_in", "burning")
    )
    return (
        f"Sign-ins are to cost homes 20%, {alone * 1.2:.1f} ms; with them they take {beside:.1f} ms. With the same "
        f"hashes in a process outside they take {burning:.1f} ms: so much is short on the {os.cpu_count()} processors "
        "of this machine, whoever hashes."
    )
