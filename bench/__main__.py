"""`python -m bench` runs every benchmark, `python -m bench NAME…` those named."""

import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.compression import bench_compression
from bench.flame import bench_flame
from bench.home import bench_home
from bench.ladder import bench_ladder
from bench.latency import bench_latency
from bench.media import bench_media
from bench.plans import bench_plans
from bench.playback import bench_playback
from bench.scale import bench_scale
from bench.sockets import bench_sockets
from bench.spans import bench_spans
from bench.stage import set_stage
from bench.tokens import bench_tokens
from bench.transcode import bench_transcode

BENCHES = {
    "compression": bench_compression,
    "home": bench_home,
    "ladder": bench_ladder,
    "latency": bench_latency,
    "media": bench_media,
    "plans": bench_plans,
    "playback": bench_playback,
    "scale": bench_scale,
    "sockets": bench_sockets,
    "spans": bench_spans,
    "tokens": bench_tokens,
    "transcode": bench_transcode,
    "flame": bench_flame,
}


async def run_benches(names: list[str]) -> None:
    """All of them on one stage."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        async with set_stage(Path(folder)) as stage:
            for name in names:
                await BENCHES[name](stage)


def main() -> None:
    unknown = [name for name in sys.argv[1:] if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}: {', '.join(BENCHES)}.")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # what measures must not be what is slow
        runner.run(run_benches(sys.argv[1:] or [*BENCHES]))


if __name__ == "__main__":
    main()
