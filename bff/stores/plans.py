"""Plans and their prices by country: data that an operator can change in the tables at any time."""

from collections.abc import Sequence

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from bff.domain.accounts import BillingPeriod, Money, Plan, PlanCode
from bff.domain.video import Quality

OFFERS = """offer AS (
  SELECT DISTINCT ON (plan.code) plan.code, plan.position, json_build_object(
      'code', plan.code, 'name', plan.name, 'period', plan.period, 'max_streams', plan.max_streams,
      'max_quality', plan.max_quality, 'download_devices', plan.download_devices,
      'price', json_build_object('amount', price.amount, 'currency', price.currency)) AS document
  FROM shopper CROSS JOIN plan
  JOIN plan_price price ON price.plan = plan.code AND price.country IN (shopper.country, 'US')
  ORDER BY plan.code, (price.country = shopper.country) DESC)"""
"""For a WITH clause behind a relation `shopper (country)`: each plan as JSON at the price of that country, or at that
of the US in a country that has none."""

_READ = f"""WITH shopper AS (SELECT $1::text AS country), {OFFERS}
SELECT coalesce(json_agg(document ORDER BY position), '[]')::text FROM offer"""  # noqa: S608 - constants only

_decode = msgspec.json.Decoder(tuple[Plan, ...]).decode


class PlanOffer(msgspec.Struct, frozen=True, rename="camel"):
    """A plan with its prices by country, as `demo/plans.json` lists them from small to large."""

    code: PlanCode
    name: str
    period: BillingPeriod
    max_streams: int
    max_quality: Quality
    download_devices: int
    prices: dict[str, Money]


async def read_plans(pool: asyncpg.Pool | PoolConnectionProxy, country: str) -> tuple[Plan, ...]:
    """All plans from small to large, at the prices of `country` (ISO alpha-2)."""
    return _decode(await pool.fetchval(_READ, country))


async def add_plans(pool: asyncpg.Pool, offers: Sequence[PlanOffer]) -> int:
    """Add the plans and prices that are missing and change none that is there; answers how many prices were new."""
    plans = [
        (offer.code, position, offer.name, offer.period, offer.max_streams, offer.max_quality, offer.download_devices)
        for position, offer in enumerate(offers, 1)
    ]
    prices = [
        (offer.code, country, price.amount, price.currency)
        for offer in offers
        for country, price in offer.prices.items()
    ]
    async with pool.acquire(timeout=2) as connection, connection.transaction():
        await connection.executemany(
            """INSERT INTO plan (code, position, name, period, max_streams, max_quality, download_devices)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
            plans,
        )
        added = await connection.fetch(
            """INSERT INTO plan_price (plan, country, amount, currency)
            SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[])
            ON CONFLICT DO NOTHING RETURNING plan""",
            *(list(column) for column in zip(*prices, strict=True)),
        )
    return len(added)
