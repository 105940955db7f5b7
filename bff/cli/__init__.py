"""The `bff` command. Each command imports what it needs when it runs, so that none pays for the others."""

import logging

import click

from bff.cli.catalogue import import_catalog
from bff.cli.documents import documents, explain_operations
from bff.cli.markers import markers
from bff.cli.serving import dev, migrate, serve, worker
from bff.cli.video import ingest


@click.group()
def main() -> None:
    """Marquee, the GraphQL backend-for-frontend of a streaming video service."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


for command in (dev, serve, worker, migrate, import_catalog, markers, ingest, explain_operations, documents):
    main.add_command(command)
