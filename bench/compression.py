"""What compressing a home costs and saves, by coding and level; a level pays on links slower than what it takes."""

import time
import zlib
from collections.abc import Callable, Iterator
from statistics import median

import brotli
import zstandard

from bench.report import Table, write_results
from bench.stage import VARIANTS, Stage, run_api, warm
from bff.http.compression import CODINGS

TIMES = 100
LEVELS = {"zstd": (1, 3, 6, 9), "br": (1, 4, 6), "gzip": (1, 4, 6, 9)}


async def bench_compression(stage: Stage) -> None:
    """A few seconds."""
    with run_api({**stage.environment, **VARIANTS["compiled, fragments"]}) as server:
        home = await warm(server.url, stage.tokens[:1])
    rows = [row for coding in CODINGS for row in _measure(home, coding)]
    write_results(
        "compression",
        f"A home of {len(home) / 1000:.0f} kB of JSON, compressed {TIMES} times; CPU milliseconds. A level is worth "
        "its time on links that carry less than the last column says: what it saves beside the one above it would take "
        "such a link longer than it takes the processor.",
        Table(("coding, level", "kB", "of it", "ms", "worth it below, Mbit/s"), rows),
        f"Served are {', '.join(f'{coding} {LEVELS[coding][0]}' for coding in CODINGS)}.",
    )


def _measure(home: bytes, coding: str) -> Iterator[tuple[str, float, float, float, float]]:
    size_above, ms_above = float(len(home)), 0.0
    for level in LEVELS[coding]:
        compress = _find_compressor(coding, level)
        times = []
        for _ in range(TIMES):
            started = time.thread_time()
            compressed = compress(home)
            times.append((time.thread_time() - started) * 1000)
        if level == LEVELS[coding][0]:
            assert len(compressed) == len(CODINGS[coding](home)), f"{coding} is served at another level"
        size, ms = float(len(compressed)), median(times)
        worth = max(0.0, (size_above - size) * 8 / 1000 / max(ms - ms_above, 0.001))
        yield f"{coding} {level}", size / 1000, size / len(home), ms, worth
        size_above, ms_above = size, ms


def _find_compressor(coding: str, level: int) -> Callable[[bytes], bytes]:
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=level).compress
    if coding == "br":
        return lambda body: bytes(brotli.compress(body, mode=brotli.MODE_TEXT, quality=level))

    def compress_gzip(body: bytes) -> bytes:
        compressor = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        return compressor.compress(body) + compressor.flush()

    return compress_gzip
