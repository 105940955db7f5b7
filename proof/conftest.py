"""What takes too long for every change: `make proof`."""

from tests.engines import catalogue_database, database, database_numbers, engines, migrated_template

__all__ = ["catalogue_database", "database", "database_numbers", "engines", "migrated_template"]
