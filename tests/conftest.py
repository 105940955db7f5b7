"""Fixtures of every test; where they come from says what they give."""

from tests.engines import catalogue_database, database, database_numbers, engines, migrated_template
from tests.live import demo, live_app
from tests.media.assets import clear_asset, encodes, encrypted_asset
from tests.media.sending import sent_master
from tests.media.stores import s3_endpoint, studio

__all__ = [
    "catalogue_database",
    "clear_asset",
    "database",
    "database_numbers",
    "demo",
    "encodes",
    "encrypted_asset",
    "engines",
    "live_app",
    "migrated_template",
    "s3_endpoint",
    "sent_master",
    "studio",
]
