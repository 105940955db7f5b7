"""The home screen: constant reads, pages that stay pinned, arrangement, sections that fail."""

import pytest

from tests.live import OPERATIONS, Demo


async def test_serves_a_home_of_ten_rows_of_twenty_cards(demo: Demo) -> None:
    viewer = await demo.make_viewer()
    home = await viewer.fetch(OPERATIONS["home"])
    rows = home["home"]["rows"]["edges"]
    assert len(rows) == 10
    assert home["home"]["hero"]["title"]["name"]
    assert home["home"]["isPersonalised"] is False
    assert all(row["node"]["items"]["edges"] for row in rows)


@pytest.mark.parametrize(("rows", "cards"), [(1, 1), (10, 20), (40, 75)])
async def test_reads_redis_once_and_postgres_never_on_a_warm_process(demo: Demo, rows: int, cards: int) -> None:
    viewer = await demo.make_viewer()
    await viewer.fetch(OPERATIONS["home"])
    statements, trips = len(demo.statements), demo.services.cache.round_trips
    await viewer.fetch(OPERATIONS["home"], rows=rows, cards=cards)
    assert demo.statements[statements:] == []
    assert demo.services.cache.round_trips - trips == 1
