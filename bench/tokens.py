"""What tokens cost: verifying one, and signing in while a process serves homes, which must not wait for passwords."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from msgspec import Struct

from bench.load import measure
from bench.pace import pace
from bench.report import SHARED, Table, find_percentile, write_results
from bench.stage import Stage, run_api, warm
from bff.auth.demo import DEMO_ACCOUNTS, DEMO_PASSWORD
from bff.auth.keys import KeyRing, SigningKey
from bff.auth.tokens import AccessTokenVerifier, mint_access_token
from bff.domain.accounts import PlanCode

ROUNDS = 5
SHARE = 0.3
SECONDS = 4
AT_ONCE = 8
"""Who signs in, and does so again at once, all from one address."""
LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { __typename } }"


class SignIns(Struct, frozen=True):
    """A second, and milliseconds; beside the p99 of homes at the same rate without and with them."""

    rate: float
    p50: float
    p99: float
    alone: float
    beside: float


async def bench_tokens(stage: Stage) -> None:
    """A minute and a half."""
    hit, miss = _time_verification()
    rounds = []
    # Made before anything is timed: it reads certificates, and holds up the loop meanwhile.
    client = httpx.AsyncClient(timeout=30, trust_env=False)
    with run_api(stage.environment) as server:
        await warm(server.url, stage.tokens)
        await pace(server.url, stage.tokens, rate=100, seconds=2)
        most = (await measure(server, stage, seconds=3)).requests
        for _ in range(ROUNDS):
            alone = await pace(server.url, stage.tokens, rate=SHARE * most, seconds=SECONDS)
            signing_in = asyncio.create_task(_sign_in(client, server.url, SECONDS))
            beside = await pace(server.url, stage.tokens, rate=SHARE * most, seconds=SECONDS)
            took = await signing_in
            rounds.append(
                SignIns(
                    rate=len(took) / SECONDS,
                    p50=median(took),
                    p99=find_percentile(took, 0.99),
                    alone=find_percentile(alone.answered, 0.99),
                    beside=find_percentile(beside.answered, 0.99),
                )
            )
    await client.aclose()
    write_results(
        "tokens",
        "What verifying an access token takes of a request, in microseconds.",
        Table(("", "µs", "at most"), [("remembered", hit, 20), ("for the first time", miss, 120)]),
        f"One process that serves {SHARE:.0%} of the homes that it can, {SHARE * most:,.0f} a second, without and with "
        f"{AT_ONCE} clients that sign in one time after the other. {SHARED}",
        Table(
            ("round", "sign-ins/s", "p50 ms", "p99 ms", "homes alone, p99 ms", "beside, p99 ms", "growth"),
            [
                (str(number), each.rate, each.p50, each.p99, each.alone, each.beside, _write_growth([each]))
                for number, each in enumerate(rounds, 1)
            ]
            + [
                (
                    "median",
                    *(median(getattr(each, name) for each in rounds) for name in SignIns.__struct_fields__),
                    _write_growth(rounds),
                )
            ],
        ),
    )


def _write_growth(rounds: list[SignIns]) -> str:
    return f"{median(each.beside for each in rounds) / median(each.alone for each in rounds) - 1:+.0%}"


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


async def _sign_in(client: httpx.AsyncClient, url: str, seconds: float) -> list[float]:
    """Milliseconds of each sign-in that ended within the time. Raises RuntimeError where one failed."""
    took: list[float] = []
    numbers = count()
    ends = time.perf_counter() + seconds

    async def keep_signing_in() -> None:
        while time.perf_counter() < ends:
            email = DEMO_ACCOUNTS[next(numbers) % len(DEMO_ACCOUNTS)].email
            variables = {"input": {"email": email, "password": DEMO_PASSWORD}}
            started = time.perf_counter()
            answer = await client.post(f"{url}/graphql", json={"query": LOGIN, "variables": variables})
            if answer.json() != {"data": {"login": {"__typename": "Session"}}}:
                raise RuntimeError(answer.text)
            took.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(keep_signing_in() for _ in range(AT_ONCE)))
    return took
