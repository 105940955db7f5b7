"""nginx as it serves files that nobody has to be let in for: what nobody is faster than."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.stage import Server, await_answer, find_free_port

_CONFIGURATION = """
user root;
daemon off;
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


@contextmanager
def run_nginx(root: Path, folder: Path) -> Iterator[Server]:
    """All below `root`, on a free port, until the block ends; `folder` is for what nginx needs itself."""
    port = find_free_port()
    file = folder / "nginx.conf"
    file.write_text(_CONFIGURATION.format(folder=folder, root=root, port=port))
    process = subprocess.Popen(["nginx", "-c", str(file), "-e", "stderr"])
    try:
        await_answer(f"http://127.0.0.1:{port}/", process)
        yield Server(url=f"http://127.0.0.1:{port}", pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)
