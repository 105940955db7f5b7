"""Fixtures of every test; where they come from says what they give."""

from tests.engines import catalogue_database, database, database_numbers, engines, migrated_template

__all__ = ["catalogue_database", "database", "database_numbers", "engines", "migrated_template"]
