"""Load by wrk: as many requests as one connection pool can get through, with latencies and the server's CPU time."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bench.stage import HOME, Server, Stage

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_SIZES = {"KB": 2**10, "MB": 2**20, "GB": 2**30}


class Figures(Struct, frozen=True):
    """Latencies and CPU time in milliseconds; `megabytes` is what the process holds in memory afterwards.

    `kilobytes` is the mean size of an answer: answers that lack rows are quick, and show here.
    """

    requests: float
    p50: float
    p99: float
    cpu: float
    kilobytes: float
    megabytes: float


async def measure(
    server: Server,
    stage: Stage,
    *,
    path: str = "/graphql",
    body: Mapping[str, object] | None = None,
    seconds: int = 5,
    connections: int = 8,
) -> Figures:
    """One round, of the contract's Home unless another `body` is given. Raises RuntimeError when any answer was not
    200, or there was none."""
    script = stage.folder / "load.lua"
    script.write_text(_write_script(stage.tokens, path, body or {"query": HOME}))
    return await _run_wrk(server, script, seconds, connections)


async def measure_files(
    server: Server, stage: Stage, paths: Sequence[str], *, seconds: int = 5, connections: int = 8
) -> Figures:
    """One round of GET for all paths in turn. Raises RuntimeError like `measure`."""
    script = stage.folder / "files.lua"
    script.write_text(_FILES.format(paths=",".join(f'"{path}"' for path in paths)))
    return await _run_wrk(server, script, seconds, connections)


async def _run_wrk(server: Server, script: Path, seconds: int, connections: int) -> Figures:
    before = server.cpu_seconds()
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=20s", "--latency", "-s", str(script), server.url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    used = server.cpu_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    total = int(_find(r"(\d+) requests in", output))
    if total == 0:
        raise RuntimeError(f"Nothing was answered in {seconds} s")
    return Figures(
        requests=float(_find(r"Requests/sec:\s+([\d.]+)", output)),
        p50=_read_latency("50%", output),
        p99=_read_latency("99%", output),
        cpu=used / total * 1000,
        kilobytes=_read_size(output) / total / 1000,
        megabytes=server.resident_bytes() / 1e6,
    )


_FILES = """
local paths, place = {{{paths}}}, 0
request = function()
  place = place % #paths + 1
  return wrk.format("GET", paths[place])
end
"""


def _write_script(tokens: tuple[str, ...], path: str, content: Mapping[str, object]) -> str:
    body = json.dumps(json.dumps(content))
    listed = ",".join(f'"{token}"' for token in tokens)
    return f"""
local tokens = {{{listed}}}
local body = {body}
local requests, place = {{}}, 0
init = function(args)
  for i, token in ipairs(tokens) do
    requests[i] = wrk.format("POST", "{path}",
      {{["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token}}, body)
  end
end
request = function()
  place = place % #requests + 1
  return requests[place]
end
"""


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(text)
    return match.group(1)


def _read_size(text: str) -> float:
    match = re.search(r"([\d.]+)([KMG]B) read", text)
    if match is None:
        raise RuntimeError(text)
    return float(match.group(1)) * _SIZES[match.group(2)]


def _read_latency(name: str, text: str) -> float:
    match = re.search(rf"{re.escape(name)}\s+([\d.]+)(us|ms|s)", text)
    if match is None:
        raise RuntimeError(text)
    return float(match.group(1)) * _UNITS[match.group(2)]
