"""What the fixtures of the engines promise to every other test."""

import asyncpg

from tests.engines import Engines, execute

DEMO_CARDS = "title_card JOIN title ON title.id = title_id AND NOT starts_with(natural_key, 'studio:')"
"""Those of the catalogue's own titles: tests add titles as operators do."""


async def count_rows(engines: Engines, table: str) -> int:
    connection = await asyncpg.connect(engines.database_url, timeout=30)
    try:
        rows: list[object] = await connection.fetch(f"SELECT 1 FROM {table}")  # noqa: S608
    finally:
        await connection.close()
    return len(rows)


async def test_the_catalogue_database_holds_the_whole_demo(catalogue_database: Engines) -> None:
    assert await count_rows(catalogue_database, DEMO_CARDS) == 8968
    demo = "account WHERE email IN ('basic@example.com', 'standard@example.com', 'premium@example.com', "
    demo += "'india@example.com', 'operator@example.com')"
    assert await count_rows(catalogue_database, demo) == 5


async def test_each_test_has_an_empty_database_of_its_own(database: Engines, catalogue_database: Engines) -> None:
    assert await count_rows(database, "title_card") == 0
    await execute(database.database_url, "DROP TABLE title_card CASCADE")
    assert await count_rows(catalogue_database, DEMO_CARDS) == 8968


async def test_what_another_test_dropped_is_there_again(database: Engines) -> None:
    assert await count_rows(database, "title_card") == 0
