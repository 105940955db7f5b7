"""`startPlayback` under load, what it asks of the engines, and how soon a browser shows the first frame."""

import asyncio
import json
import re
from pathlib import Path
from statistics import median

import httpx

from bench.films import find_film, make_film
from bench.load import Figures, measure
from bench.report import SHARED, Table, find_percentile, write_results
from bench.stage import Server, Stage, run_api
from bench.viewing import ask_playback, start_playback

ROUNDS = 3
VISITS = 15
CALLS = 50
"""So many accounts begin to play, one after the other, while calls of engines are counted."""
GOAL = 1000
"""Milliseconds until the first frame."""
_DRIVER = Path(__file__).with_name("first_frame.mjs")
_STEPS = {
    "asked": "the page asks what plays",
    "started": "it sends `startPlayback`",
    "manifest": "it asks for the manifest",
    "segment": "it asks for the first segment",
    "frame": "the first frame is shown",
}


async def bench_playback(stage: Stage) -> None:
    """A minute and a half."""
    await make_film(stage)
    title_id = find_film().title_id
    with run_api(stage.environment) as server:
        calls = await count_calls(server, stage, title_id)
        await measure(server, stage, body=ask_playback(title_id), seconds=2)
        rounds = [await measure(server, stage, body=ask_playback(title_id)) for _ in range(ROUNDS)]
    with run_api({**stage.environment, "BFF_ENV": "development"}) as server:
        visits = await watch(f"{server.url}/watch/{title_id}", VISITS)
    frames = [visit["frame"] for visit in visits]
    write_results(
        "playback",
        f"`startPlayback` of an encrypted film, with the whole answer of the contract's operation, for "
        f"{len(stage.tokens):,} accounts in turn, by 8 connections. {SHARED}",
        Table(
            ("", "requests/s", "p50 ms", "p99 ms", "CPU ms a request", "kB an answer"),
            [_write_row(str(number), each) for number, each in enumerate(rounds, 1)]
            + [
                _write_row(
                    "median",
                    Figures(*(median(getattr(each, name) for each in rounds) for name in Figures.__struct_fields__)),
                )
            ],
        ),
        "What a call asks of the engines, on the mean of as many accounts.",
        Table(("", "calls"), [(name, count) for name, count in calls.items()]),
        f"`/watch/{{id}}` on loopback in headless Chromium, {len(visits)} visits, each with nothing in its cache: "
        f"milliseconds from the navigation. The goal is a median below {GOAL:,} ms until the first frame.",
        Table(
            ("until", "median ms", "p90 ms"),
            [
                (words, median(each[name] for each in visits), find_percentile([each[name] for each in visits], 0.9))
                for name, words in _STEPS.items()
            ]
            + [
                (
                    "from `startPlayback` to the first frame",
                    median(each["frame"] - each["started"] for each in visits),
                    find_percentile([each["frame"] - each["started"] for each in visits], 0.9),
                )
            ],
        ),
        f"First frames, in order: {', '.join(f'{frame:,.0f}' for frame in frames)} ms.",
    )


async def count_calls(server: Server, stage: Stage, title_id: str) -> dict[str, float]:
    """Round trips by engine, a call."""
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        for token in stage.tokens[:CALLS]:
            await start_playback(client, token, title_id)
        before = await _read_calls(client)
        for token in stage.tokens[CALLS : 2 * CALLS]:
            await start_playback(client, token, title_id)
        after = await _read_calls(client)
    return {engine: (after[engine] - before[engine]) / CALLS for engine in after}


async def _read_calls(client: httpx.AsyncClient) -> dict[str, float]:
    text = (await client.get("/metrics")).raise_for_status().text
    return {
        engine: float(value)
        for engine, value in re.findall(r'^bff_engine_calls_total\{engine="(\w+)"\} ([0-9.e+]+)$', text, re.MULTILINE)
    }


async def watch(url: str, visits: int) -> list[dict[str, float]]:
    """Milliseconds of each visit from its navigation to the instants of `_STEPS`."""
    process = await asyncio.create_subprocess_exec("node", _DRIVER, url, str(visits), stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60 + 20 * visits):
        output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the browser did not come to its end")
    found: list[dict[str, float]] = json.loads(output)
    return found


def _write_row(name: str, figures: Figures) -> tuple[str | float, ...]:
    return name, figures.requests, figures.p50, figures.p99, figures.cpu, figures.kilobytes
