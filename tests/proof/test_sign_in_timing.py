"""How long a refused sign-in takes tells nothing of whether there is such an account.

Both kinds of refusal are measured in turns, so that whatever else the machine does meets both. Stated tolerance: the
medians differ by less than 5 % of their mean, and so do the first and the third quartile; and an attacker who sees one
answer and guesses by the best threshold is right in less than 60 % of cases, where a coin is right in 50 %.
"""

import time
from statistics import quantiles

import pytest

from bff.stores import keys
from tests.api.account_holder import LOGIN
from tests.live import Demo

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

SAMPLES = 600
TOLERANCE = 0.05
MOST_GUESSED = 0.60


async def measure(demo: Demo, email: str) -> float:
    """Seconds until a wrong password is refused."""
    begun = time.perf_counter()
    answer = await demo.visitor.fetch(LOGIN, input={"email": email, "password": "not the password"})
    taken = time.perf_counter() - begun
    assert answer["login"]["__typename"] == "InvalidCredentials"
    await demo.services.cache.forget(keys.login_failures_of_address("127.0.0.1"), keys.login_failures_of_account(email))
    return taken


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(demo: Demo) -> None:
    known, unknown = [], []
    for number in range(SAMPLES):
        order = [(known, "basic@example.com"), (unknown, f"nobody-{number % 7}@example.com")]
        for times, email in order if number % 2 else reversed(order):
            times.append(await measure(demo, email))
    known, unknown = known[20:], unknown[20:]
    names = ("first quartile", "median", "third quartile")
    for name, one, other in zip(names, quartiles(known), quartiles(unknown), strict=True):
        apart = abs(one - other) / ((one + other) / 2)
        print(f"{name}: known {one * 1000:.2f} ms, unknown {other * 1000:.2f} ms, {apart:.1%} apart")
        assert apart < TOLERANCE
    guessed = guess_best(known, unknown)
    print(f"the best threshold guesses {guessed:.1%} right")
    assert guessed < MOST_GUESSED


def quartiles(times: list[float]) -> list[float]:
    return quantiles(times, n=4)


def guess_best(known: list[float], unknown: list[float]) -> float:
    """The share that the best single threshold puts on the right side, whichever side that is."""
    best = 0.5
    for threshold in sorted(known + unknown):
        slower = sum(taken > threshold for taken in known) + sum(taken <= threshold for taken in unknown)
        share = slower / (len(known) + len(unknown))
        best = max(best, share, 1 - share)
    return best


async def test_a_reset_takes_as_long_for_nobody(demo: Demo) -> None:
    text = "mutation ($email: String!) { requestPasswordReset(email: $email) }"

    async def ask(email: str) -> float:
        begun = time.perf_counter()
        await demo.visitor.fetch(text, email=email)
        taken = time.perf_counter() - begun
        await demo.services.cache.forget(keys.mail_requests_of_address("127.0.0.1"))
        await demo.services.pool.execute("DELETE FROM mail WHERE recipient = $1", email)
        return taken

    known, unknown = [], []
    for number in range(SAMPLES):
        order = [(known, "basic@example.com"), (unknown, f"nobody-{number % 7}@example.com")]
        for times, email in order if number % 2 else reversed(order):
            times.append(await ask(email))
    one, other = quartiles(known[20:])[1], quartiles(unknown[20:])[1]
    apart = abs(one - other) / ((one + other) / 2)
    print(f"reset, median: known {one * 1000:.2f} ms, unknown {other * 1000:.2f} ms, {apart:.1%} apart")
    assert apart < 2 * TOLERANCE
