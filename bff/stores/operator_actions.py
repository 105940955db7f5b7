"""The record of what operators change: written in the transaction of the change."""

from collections.abc import Mapping

import msgspec

from bff.stores.postgres import Connection


async def note_action(
    connection: Connection, operator_id: str | None, action: str, subject: str, details: Mapping[str, object]
) -> None:
    """`operator_id` is the account's, None for a command; `details` is written as JSON and holds no secret."""
    await connection.execute(
        "INSERT INTO operator_action (operator_id, action, subject, details) VALUES ($1, $2, $3, $4::jsonb)",
        operator_id,
        action,
        subject,
        msgspec.json.encode(details).decode(),
    )
