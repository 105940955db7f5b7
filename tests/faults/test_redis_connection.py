"""Reads over a connection to a Redis that stops, freezes, cuts it off and comes back; and over TLS."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import redis
import redis.asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bff.stores.redis import DocumentCache, RedisAway
from tests.faults.external_engines import REDIS, free_port
from tests.faults.processes import DEADLINE, started

DOCUMENTS = {f"key {number}": b"document %d" % number for number in range(100)}
FIRST = DOCUMENTS["key 0"]


class Server:
    """Redis in a folder of its own, which a test starts and kills as it likes. It has `DOCUMENTS` when it starts."""

    def __init__(self, folder: Path, url: str, *options: str) -> None:
        self.url = url
        self._command = (REDIS, "--dir", str(folder), "--save", "", *options)
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        self._process = await self._stack.enter_async_context(started(*self._command))
        async with asyncio.timeout(DEADLINE), redis.asyncio.Redis.from_url(self.url) as client:
            while True:
                try:
                    await client.mset(DOCUMENTS)
                except redis.exceptions.ConnectionError:
                    assert self._process.returncode is None, (await self._process.stdout.read()).decode()
                    await asyncio.sleep(0.02)
                else:
                    break

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def close(self) -> None:
        await self._stack.aclose()

    def cut_off_all(self) -> None:
        """Within one turn of this process's event loop, which learns of it only later."""
        with redis.Redis.from_url(self.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)


@pytest.fixture(params=["unix", "tcp"])
async def server(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    if request.param == "unix":
        socket = tmp_path / "redis.sock"
        server = Server(tmp_path, f"unix://{socket}?db=1", "--port", "0", "--unixsocket", str(socket))
    else:
        port = free_port()
        server = Server(tmp_path, f"redis://127.0.0.1:{port}/1", "--bind", "127.0.0.1", "--port", str(port))
    await server.start()
    yield server
    await server.close()


@asynccontextmanager
async def opened(server: Server, *, deadline: float = 30) -> AsyncIterator[DocumentCache]:
    cache = DocumentCache(redis.asyncio.Redis.from_url(server.url), deadline=deadline, rest=60)
    try:
        yield cache
    finally:
        await cache.close()


async def read(cache: DocumentCache) -> list[bytes | None]:
    return await cache.get_many(list(DOCUMENTS))


async def read_until_answered(cache: DocumentCache) -> list[bytes | None]:
    """Without the rest, which lasts longer than any test."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                await cache.ping()
                return await read(cache)
            except RedisAway:
                await asyncio.sleep(0.02)


async def test_a_connection_that_redis_has_cut_off_is_opened_again_and_nobody_notices(server: Server) -> None:
    async with opened(server) as cache:
        for _ in range(3):
            assert await read(cache) == list(DOCUMENTS.values())
            server.cut_off_all()
            asked = [cache.ask(["key 0"])]
            await asyncio.sleep(0)
            asked.append(cache.ask(["key 1"]))
            assert await asyncio.gather(*asked) == [[FIRST], [DOCUMENTS["key 1"]]]


async def test_reads_that_are_cut_off_twice_fail_and_the_next_are_answered(server: Server) -> None:
    async with opened(server) as cache:
        await read(cache)
        server.freeze()
        asked = [cache.ask([key]) for key in DOCUMENTS]
        await asyncio.sleep(0)
        asked.append(cache.ask(["key 0"]))
        await asyncio.sleep(0)
        await server.kill()
        for documents in asked:
            with pytest.raises(RedisAway, match="ConnectionError"):
                await documents
        with pytest.raises(RedisAway, match="a moment ago"):
            await read(cache)
        await server.start()
        assert await read_until_answered(cache) == list(DOCUMENTS.values())


async def test_a_read_at_which_every_connection_ends_is_not_sent_for_ever(server: Server) -> None:
    async with opened(server) as cache:
        await cache.put("large", bytes(1_000_000), age=60)
        await cache.redis.config_set("client-output-buffer-limit", "normal 100000 0 0")
        trips = cache.round_trips
        with pytest.raises(RedisAway, match="ConnectionError"):
            await cache.get_many(["large"])
        assert cache.round_trips - trips == 2
        assert await read_until_answered(cache) == list(DOCUMENTS.values())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"maxmemory": "1"}, "OOM"),
        ({"save": "3600 1", "stop-writes-on-bgsave-error": "yes"}, "MISCONF"),
        ({"min-replicas-to-write": "1"}, "NOREPLICAS"),
    ],
)
async def test_a_redis_that_refuses_writes_is_read_all_the_same(
    server: Server, tmp_path: Path, settings: dict[str, str], says: str
) -> None:
    async with opened(server) as cache, redis.asyncio.Redis.from_url(server.url) as client:
        (tmp_path / "dump.rdb").mkdir()  # where it would save
        for name, value in settings.items():
            await client.config_set(name, value)
        await client.bgsave()
        async with asyncio.timeout(DEADLINE):
            while True:
                if (await client.info("persistence"))["rdb_last_bgsave_status"] == "err":
                    break
                await asyncio.sleep(0.02)
        write, asked = cache.put_if_newer("a", 1, b"1", age=60), cache.ask(["key 0"])
        with pytest.raises(RedisAway, match=f"Redis does not write: {says}"):
            await write
        assert await asked == [FIRST]
        for refused in cache.put("a", b"1", age=60), cache.put_many([("a", b"caused error: 1", 60)]):
            with pytest.raises(RedisAway):
                await refused
            assert await read(cache) == list(DOCUMENTS.values())
        for name in settings:
            await client.config_set(name, {"maxmemory": "0", "save": "", "min-replicas-to-write": "0"}.get(name, "no"))
        await cache.put_if_newer("a", 1, b"1", age=60)
        assert await cache.get_many(["a"]) == [(1).to_bytes(8) + b"1"]


async def test_a_redis_that_was_started_anew_in_the_meantime_is_read_at_once(server: Server) -> None:
    async with opened(server) as cache:
        await read(cache)
        await server.kill()
        await server.start()
        assert await read(cache) == list(DOCUMENTS.values())


@pytest.mark.parametrize("is_open", [True, False], ids=["connected", "connecting"])
async def test_a_redis_that_stands_still_is_away_within_the_deadline(server: Server, is_open: bool) -> None:
    async with opened(server, deadline=0.1) as cache:
        if is_open:
            await read_until_answered(cache)
        server.freeze()
        asked = [cache.ask(["key 0"])]
        await asyncio.sleep(0)
        asked.append(cache.ask(["key 1"]))
        for documents in asked:
            with pytest.raises(RedisAway, match="TimeoutError"):
                await documents
        with pytest.raises(RedisAway, match="a moment ago"):
            await read(cache)
        server.thaw()
        assert await read_until_answered(cache) == list(DOCUMENTS.values())


async def test_a_redis_that_stands_still_fills_no_memory(server: Server) -> None:
    async with opened(server) as cache:
        server.freeze()
        asked = []
        for _ in range(1200):
            asked.append(cache.ask(["key 0"]))
            await asyncio.sleep(0)
        refused = [documents for documents in asked if documents.done()]
        assert len(refused) == 1200 - 1024
        with pytest.raises(RedisAway, match="too many"):
            await refused[-1]
        server.thaw()
        assert await asyncio.gather(*(documents for documents in asked if documents not in refused)) == [[FIRST]] * 1024


async def test_whoever_closes_while_redis_stands_still_leaves_nothing_behind(server: Server) -> None:
    for prepare in (read, _do_nothing):
        async with opened(server) as cache:
            await prepare(cache)
            server.freeze()
            asked = cache.ask(["a key larger than Redis takes while it stands still" * 100_000])
            for _ in range(5):
                await asyncio.sleep(0)
        server.thaw()
        with pytest.raises(RedisAway):
            await asked


async def _do_nothing(_: DocumentCache) -> None: ...


async def test_reads_go_over_tls_with_a_user_and_a_database(tmp_path: Path) -> None:
    certificate, key, port = tmp_path / "certificate.pem", tmp_path / "key.pem", free_port()
    write_certificate(certificate, key)
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    options = ("--port", "0", "--bind", "127.0.0.1", *tls, "--tls-auth-clients", "no")
    users = ("--user", "reader", "on", ">p@ss", "~*", "+@all", "--user", "default", "off")
    url = f"rediss://reader:p%40ss@127.0.0.1:{port}/3?ssl_ca_certs={certificate}&ssl_check_hostname=true"
    server = Server(tmp_path, url, *options, *users)
    await server.start()
    try:
        async with opened(server) as cache:
            assert await read(cache) == list(DOCUMENTS.values())
            large = bytes(3_000_000)
            await cache.put("large", large, age=60)
            assert await cache.get_many(["large", "key 0"]) == [large, FIRST]
            server.cut_off_all()
            assert await read(cache) == list(DOCUMENTS.values())
    finally:
        await server.close()


def write_certificate(path: Path, key_path: Path) -> None:
    """Of this machine, by itself."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
