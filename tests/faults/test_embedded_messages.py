"""Everything that can keep the engines from starting is said in one sentence, and nothing is left running."""

import sys
from pathlib import Path

import pytest

from bff.embedded import EmbeddedEngines, EmbeddedError
from tests.faults.processes import command_line, engine_processes, listening_ports, run_to_end, supervised_engines

SUPERVISOR = f"{sys.executable} -m tests.faults.supervisor_process"
INITIALISE = f"""{sys.executable} -c '
import asyncio, sys
from pathlib import Path
from bff.embedded import EmbeddedError
from bff.embedded.postgres import initialise_cluster
from bff.settings import Secret
folder = Path(sys.argv[1])
try:
    asyncio.run(initialise_cluster(folder / "postgres", Secret("password"), folder / "initdb.log"))
except EmbeddedError as error:
    sys.exit(str(error))
'"""


async def on_a_small_disk(folder: Path, mount_options: str, command: str) -> tuple[int, str]:
    """Run a shell command with `folder` being a disk of its own, which only that process sees."""
    script = f'mount -t tmpfs -o {mount_options} tmpfs "{folder}" && {command} "{folder}"'
    return await run_to_end("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)


async def test_a_live_predecessor_is_named(tmp_path: Path) -> None:
    async with supervised_engines(tmp_path) as first:
        with pytest.raises(EmbeddedError, match=rf"in use by process {first.process.pid}\b.*--data-dir"):
            async with EmbeddedEngines(tmp_path):
                pass
        assert engine_processes(tmp_path), "the predecessor's engines go on"


async def test_a_disk_that_is_full_before_the_start(tmp_path: Path) -> None:
    code, said = await on_a_small_disk(tmp_path, "size=4m", SUPERVISOR)
    assert code == 1
    assert "is full" in said
    assert "--data-dir" in said
    assert "Traceback" not in said


async def test_a_disk_that_fills_up_while_the_cluster_is_made(tmp_path: Path) -> None:
    code, said = await on_a_small_disk(tmp_path, "size=20m", INITIALISE)
    assert code == 1
    assert "is full" in said
    assert "Traceback" not in said


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    code, said = await on_a_small_disk(tmp_path, "ro", SUPERVISOR)
    assert code == 1
    assert f"{tmp_path} cannot be written: Read-only file system" in said
    assert "Traceback" not in said


async def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match="cannot be written"):
        async with EmbeddedEngines(file):
            pass


async def test_a_database_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 17"):
        async with EmbeddedEngines(tmp_path):
            pass


async def test_a_broken_engine_says_its_last_words(tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path):
        pass
    (tmp_path / "postgres" / "postgresql.conf").write_text("shared_buffers = many\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL did not start(.|\n)*shared_buffers"):
        async with EmbeddedEngines(tmp_path):
            pass
    assert not engine_processes(tmp_path)


async def test_somebody_elses_socket_folder_is_not_used(tmp_path: Path) -> None:
    engines = EmbeddedEngines(tmp_path / "data")
    engines._directory.sockets = tmp_path / "sockets"
    (tmp_path / "sockets").mkdir(mode=0o777)
    (tmp_path / "sockets").chmod(0o777)
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        async with engines:
            pass
    assert (tmp_path / "sockets").exists(), "what is not ours stays"


async def test_a_link_in_place_of_the_socket_folder_is_not_followed(tmp_path: Path) -> None:
    engines = EmbeddedEngines(tmp_path / "data")
    engines._directory.sockets = tmp_path / "sockets"
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (target / "kept").touch()
    (tmp_path / "sockets").symlink_to(target)
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        async with engines:
            pass
    assert (target / "kept").exists()


async def test_only_the_owner_may_look_inside(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    async with EmbeddedEngines(data_dir) as engines:
        assert engines.data_dir.stat().st_mode & 0o077 == 0
        for secret in ("postgres_password", "redis_password", "redis/redis.conf"):
            assert (data_dir / secret).stat().st_mode & 0o777 == 0o600
        passwords = {(data_dir / name).read_text().strip() for name in ("postgres_password", "redis_password")}
        for pid in engine_processes(data_dir):
            assert not any(password in command_line(pid) for password in passwords)


async def test_the_engines_listen_on_unix_sockets_alone(tmp_path: Path) -> None:
    async with EmbeddedEngines(tmp_path):
        assert engine_processes(tmp_path)
        assert not listening_ports(engine_processes(tmp_path))
