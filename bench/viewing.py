"""`startPlayback` as a client sends it."""

from pathlib import Path
from typing import Any

import httpx

_OPERATIONS = Path(__file__).parents[1] / "tests" / "contract" / "operations"
PLAYBACK = (_OPERATIONS / "playback.graphql").read_text()


def ask_playback(playable_id: str) -> dict[str, object]:
    """The body of a request that begins to play."""
    return {
        "query": PLAYBACK,
        "operationName": "StartPlayback",
        "variables": {"input": {"playableId": playable_id}},
    }


async def start_playback(client: httpx.AsyncClient, token: str, playable_id: str) -> dict[str, Any]:
    """The session. Raises RuntimeError for any other answer."""
    answer = await client.post("/graphql", json=ask_playback(playable_id), headers={"Authorization": f"Bearer {token}"})
    session: dict[str, Any] = answer.json()["data"]["startPlayback"]
    if session["__typename"] != "PlaybackSession":
        raise RuntimeError(answer.text)
    return session
