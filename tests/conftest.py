"""Fixtures of every test; where they come from says what they give."""

from tests.engines import catalogue_database, database, database_numbers, engines, migrated_template
from tests.live import demo, live_app

__all__ = [
    "catalogue_database",
    "database",
    "database_numbers",
    "demo",
    "engines",
    "live_app",
    "migrated_template",
]
