"""`bff explain` and `bff documents`: what clients ask."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bff.cli.options import data_dir_option, explained, find_engines

if TYPE_CHECKING:
    from bff.http.released import DocumentCheck
    from bff.stores.documents import ReleasedDocument


@click.command("explain")
@click.argument("file", metavar="OPERATION.graphql", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--variables", default="{}", help="Their values in JSON: a plan goes by those of @skip and @include.")
@click.option("--source", is_flag=True, help="Print the Python of the plan, too.")
@click.option("--fragments/--no-fragments", envvar="BFF_FRAGMENTS", default=True, help="Whether JSON is kept.")
@click.option("--incremental", is_flag=True, envvar="BFF_INCREMENTAL", help="Take @defer and @stream.")
@click.option("--data-dir", expose_value=False, help="Taken as by other commands, and not needed: no engine is asked.")
def explain_operations(file: Path, variables: str, source: bool, fragments: bool, incremental: bool) -> None:
    """Print the plan of each operation of a file: what of it is kept or shared, and what is not or not compiled, with
    the reasons.
    """
    import json

    from bff.http.explaining import ExplainError, explain_document
    from schema.build import build_schema
    from schema.costs import COSTS

    try:
        lines = explain_document(
            build_schema(incremental=incremental),
            COSTS,
            file.read_text(encoding="utf-8"),
            json.loads(variables),
            keeps_fragments=fragments,
            with_texts=source,
        )
        for line in lines:
            click.echo(line)
    except (ExplainError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@click.group()
def documents() -> None:
    """Trusted documents: what clients are released with."""


@documents.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--client", required=True, help="What the client says of itself in X-Client-Name.")
@click.option("--version", required=True, help="What it says in X-Client-Version.")
@data_dir_option
@explained
def publish(files: tuple[Path, ...], client: str, version: str, data_dir: Path | None) -> None:
    """Register the operations of a client's version, each file one document; prints their ids.

    A file that this server would refuse is told, and nothing is published.
    """
    find_engines(data_dir)
    import asyncio

    texts = {file: file.read_text(encoding="utf-8") for file in files}
    check = _make_document_check()
    faults = [f"{file}: {fault}" for file, text in texts.items() for fault in check.find_faults(text)]
    if faults:
        raise click.ClickException("Nothing was published.\n" + "\n".join(faults))
    asyncio.run(_publish_documents(client, version, list(texts.values())))
    from bff.stores.documents import hash_document

    for file, text in texts.items():
        click.echo(f"sha256:{hash_document(text)}  {file}: {', '.join(check.list_operations(text))}")


@documents.command("check")
@data_dir_option
@explained
def check_documents(data_dir: Path | None) -> None:
    """Hold every published document to the schema of this version: to be run before it is released."""
    find_engines(data_dir)
    import asyncio

    check = _make_document_check()
    released = asyncio.run(_read_documents())
    faults = [
        f"{document.client} {document.version} sha256:{document.hash}: {fault}"
        for document in released
        for fault in check.find_faults(document.body)
    ]
    if faults:
        raise click.ClickException("Released clients would break.\n" + "\n".join(faults))
    click.echo(f"{len(released)} documents hold")


def _make_document_check() -> "DocumentCheck":
    from bff.http.released import DocumentCheck
    from bff.settings import read_settings
    from schema.build import build_schema
    from schema.costs import COSTS

    settings = read_settings()
    schema = build_schema(incremental=settings.incremental)._schema
    return DocumentCheck(schema, COSTS, cost_limit=settings.operation_cost)


async def _publish_documents(client: str, version: str, texts: list[str]) -> None:
    from bff.settings import read_settings
    from bff.stores.documents import publish_documents
    from bff.stores.postgres import open_pool

    async with await open_pool(read_settings()) as pool:
        await publish_documents(pool, client, version, texts)


async def _read_documents() -> "list[ReleasedDocument]":
    from bff.settings import read_settings
    from bff.stores.documents import read_released_documents
    from bff.stores.postgres import open_pool

    async with await open_pool(read_settings()) as pool:
        return await read_released_documents(pool)
