"""The app of the demo over both kinds of object store: its folder, and S3 as moto's server speaks it over HTTP."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer
from msgspec.structs import replace as with_values

from bff.app import build_app
from bff.settings import Secret, Settings
from bff.stores.objects import open_objects
from tests.http_server import serve
from tests.live import Client, Demo
from workers.transcode import open_workshop
from workers.workshop import Workshop

BUCKET = "marquee"


@dataclass(frozen=True)
class Studio:
    """`demo` is the app with the store, `shop` a worker beside it, `operator` who sends masters."""

    demo: Demo
    operator: Client
    shop: Workshop
    settings: Settings

    async def put(self, url: str, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        return await self.demo.visitor.http.put(url, content=content)

    async def ask(self, query: str, **variables: Any) -> Any:
        """The one field of an operator's operation."""
        [value] = (await self.operator.fetch(query, **variables)).values()
        return value


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Where S3 answers, with one empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.put(f"{url}/{BUCKET}", trust_env=False).raise_for_status()
    yield url
    server.stop()


def over_s3(settings: Settings, endpoint: str) -> Settings:
    return with_values(
        settings,
        object_store_url=f"s3://{BUCKET}/films",
        object_store_endpoint=endpoint,
        object_store_region="us-east-1",
        object_store_access_key=Secret("access"),
        object_store_secret_key=Secret("secret"),
    )


@pytest.fixture(scope="module", params=["folder", "s3"])
async def studio(request: pytest.FixtureRequest, demo: Demo) -> AsyncIterator[Studio]:
    settings = demo.services.settings
    operator = await demo.sign_in("operator@example.com")
    if request.param == "folder":
        yield Studio(demo, operator, open_workshop(settings, demo.services.pool), settings)
        return
    settings = over_s3(settings, request.getfixturevalue("s3_endpoint"))
    services = replace(demo.services, settings=settings, objects=open_objects(settings))
    async with serve(build_app(services)) as url, httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        remote = replace(demo, url=url, services=services, visitor=Client(http))
        yield Studio(remote, replace(operator, http=http), open_workshop(settings, services.pool), settings)
