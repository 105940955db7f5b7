"""The ASGI app: its routes, and a lifespan that opens the engines and closes them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.artwork.urls import ImageSigner
from bff.auth.authority import open_authority
from bff.auth.demo import open_demo_session
from bff.auth.keys import derive_key
from bff.auth.media_tokens import MediaTokens
from bff.auth.upload_tokens import UploadTokens
from bff.billing.payments import Billing
from bff.context import Caller, OperationContext
from bff.execution import FragmentCache, PlanCache
from bff.heap import keeping_collections_short, set_heap_aside
from bff.http.admission import Admission
from bff.http.bank import bank_routes
from bff.http.bundle import asset_routes
from bff.http.clearkey import ClearKey
from bff.http.comparison import Shadow
from bff.http.connections import Connections
from bff.http.cors import cors_middleware
from bff.http.drm import drm_routes
from bff.http.finishing import Finishing
from bff.http.grants import find_grants
from bff.http.graphiql import GraphiQLPage, MintToken
from bff.http.graphql import GraphQLEndpoint
from bff.http.health import health_routes
from bff.http.images import Gallery, image_route
from bff.http.jwks import jwks_route
from bff.http.lane import LanedApp
from bff.http.mail_pages import know_page_documents, mail_page_routes
from bff.http.media import MediaGate, media_route
from bff.http.metrics import Metrics, metrics_route
from bff.http.opening import ContextOpener
from bff.http.previews import preview_route
from bff.http.sdl import sdl_route
from bff.http.uploads import upload_route
from bff.http.watch import know_watch_documents, watch_route
from bff.http.websocket import WebSocketEndpoint
from bff.logs import log_as_json
from bff.services import Services
from bff.settings import DocumentPolicy, Settings, read_settings
from bff.stores.catalogue_follower import CatalogueFollower
from bff.stores.device_activity import DeviceActivity
from bff.stores.documents import find_document
from bff.stores.drawing_briefs import find_brief
from bff.stores.ended_playback import EndedSessions
from bff.stores.feedback import FeedbackLimit
from bff.stores.home_documents import HomeDocuments
from bff.stores.ingest_progress import IngestWatch
from bff.stores.local_gateway import LocalGateway, open_gateway
from bff.stores.login_failures import LoginFailures
from bff.stores.mail_requests import MailRequests
from bff.stores.objects import open_objects
from bff.stores.postgres import OnQuery, StatementCount, open_pool
from bff.stores.rate_limits import RateLimits
from bff.stores.redis import DocumentCache, open_redis
from bff.stores.signals import Signals
from bff.telemetry import CallCount, exporting
from schema.build import build_schema
from schema.costs import COSTS
from schema.self_check import SELF_CHECK

GRAPHQL = "/graphql"
BUNDLE = Path(__file__).parent.parent / "web" / "dist"


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_services(
    settings: Settings, *, now: Callable[[], datetime] = utc_now, on_query: OnQuery | None = None
) -> AsyncIterator[Services]:
    """Everything a process has, open until the block ends. `on_query` is told of every SQL statement."""
    async with AsyncExitStack() as stack:
        spans = await stack.enter_async_context(exporting(settings.traces_endpoint))
        statements = StatementCount(on_query)
        pool = await stack.enter_async_context(await open_pool(settings, on_query=statements))
        redis = open_redis(settings)
        cache = DocumentCache(redis)
        stack.push_async_callback(cache.close)
        authority = await open_authority(pool, settings, now())
        stack.callback(authority.passwords.close)
        # What every process follows must not wait for its turn behind requests.
        aside = await stack.enter_async_context(await open_pool(settings, max_size=1))
        await stack.enter_async_context(authority.ended.following(aside))
        ended_sessions = await stack.enter_async_context(EndedSessions().following(aside))
        await stack.enter_async_context(authority.keys.following(aside, settings.key_encryption_key, now))
        signals = await stack.enter_async_context(Signals(DocumentCache(redis)).listening())
        # PostgreSQL says the same: a Redis that hangs is not waited for.
        versions = DocumentCache(redis, deadline=0.3)
        stack.push_async_callback(versions.close)
        follower = await stack.enter_async_context(CatalogueFollower(aside, versions, signals).following())
        rates = await stack.enter_async_context(RateLimits(DocumentCache(redis)).sharing())
        activity = await stack.enter_async_context(DeviceActivity(aside).writing())
        yield Services(
            settings=settings,
            pool=pool,
            statements=statements,
            cache=cache,
            follower=follower,
            homes=HomeDocuments(),
            authority=authority,
            billing=Billing(pool, open_gateway(settings, pool)),
            images=ImageSigner(derive_key(settings.key_encryption_key, "images")),
            rates=rates,
            login_failures=LoginFailures(cache),
            mail_requests=MailRequests(cache, most=settings.mail_requests),
            feedback_limit=FeedbackLimit(cache),
            signals=signals,
            objects=open_objects(settings),
            media_tokens=MediaTokens(settings.key_encryption_key),
            upload_tokens=UploadTokens(settings.key_encryption_key),
            ended_sessions=ended_sessions,
            ingest_watch=IngestWatch(pool),
            activity=activity,
            searches=CallCount("tantivy"),
            spans=spans,
            now=now,
        )


def build_app(services: Services) -> Starlette:
    """The app over services that are open."""
    settings = services.settings
    schema = build_schema(incremental=settings.incremental)
    mint = _mint_for_pages(services) if settings.is_development else None
    graphiql = GraphiQLPage(BUNDLE, mint, account=settings.graphiql_login) if mint else None
    opener = ContextOpener(services)
    metrics = Metrics(schema._schema, shared_dir=settings.metrics_dir)
    metrics.watch_counts("bff_engine_calls", "Calls of engines", "engine", partial(_count_calls, services))
    metrics.watch("bff_verified_tokens", "Access tokens remembered", partial(len, services.authority.verifier))
    metrics.watch("bff_ended_sign_ins", "Sign-ins ended before their tokens", partial(len, services.authority.ended))
    connections = Connections(opener.read_caller)
    admission = Admission(
        services.rates,
        opener.find_caller,
        account_rate=settings.account_rate,
        address_rate=settings.address_rate,
        visitor_cost=settings.visitor_cost,
    )
    endpoint = GraphQLEndpoint(
        schema,
        opener,
        graphiql=graphiql.respond if graphiql else None,
        development=settings.is_development,
        deadline=settings.operation_deadline,
        plans=PlanCache() if settings.compile else None,
        fragments=FragmentCache() if settings.compile and settings.fragments else None,
        costs=COSTS,
        cost_limit=settings.operation_cost,
        find_document=know_watch_documents(know_page_documents(partial(find_document, services.pool))),
        takes_texts=settings.documents is DocumentPolicy.OPEN,
        country_header=settings.country_header,
        metrics=metrics,
        spans=services.spans,
        connections=connections,
        shadow=Shadow(schema, settings.shadow_share) if settings.compile and settings.shadow_share > 0 else None,
        charge_reading=admission.charge_reading,
        admit=admission,
    )
    own_origin = (settings.public_url.rstrip("/"),) if settings.public_url else ()
    sockets = WebSocketEndpoint(
        endpoint.streams, connections, opener.read_caller, origins=(*settings.cors_origins, *own_origin)
    )
    objects = services.objects
    gate = MediaGate(services)
    gallery = Gallery(objects, lambda subject: find_brief(services.follower.catalogue, subject))
    routes: list[BaseRoute] = [
        Route(GRAPHQL, endpoint),  # the lane takes its requests; by this those for `/graphql/` are sent there
        WebSocketRoute(GRAPHQL, sockets),
        jwks_route(services.authority.keys),
        image_route(services.images, gallery),
        media_route(gate, objects),
        *drm_routes(find_grants(gate, services.pool, settings.key_encryption_key), {"clearkey": ClearKey()}),
        preview_route(objects),
        upload_route(services),
        metrics_route(metrics, settings.metrics_token),
        sdl_route(schema, None if settings.is_development else opener.check_operator),
        *mail_page_routes(),
        watch_route(BUNDLE, mint, account=settings.graphiql_login),
        *asset_routes(BUNDLE),
        *health_routes({"postgresql": _check_database(services), "redis": services.cache.ping}),
    ]
    if isinstance(services.billing.gateway, LocalGateway):
        routes += bank_routes(services.billing.gateway)
    app = LanedApp(
        GRAPHQL,
        endpoint,
        routes=routes,
        middleware=[Middleware(Finishing), *cors_middleware(settings.cors_origins)],
    )
    app.state.metrics = metrics
    app.state.connections = connections
    app.state.streams = endpoint.streams
    app.state.check_compiler = partial(endpoint.check_compiler, SELF_CHECK, partial(_open_for_nobody, services))
    return app


def create_app() -> ASGIApp:
    """What uvicorn runs: settings from the environment, engines opened by the lifespan."""
    settings = read_settings()
    _end_with_parent()
    if not settings.is_development:
        log_as_json()
    opened: list[ASGIApp] = []

    @asynccontextmanager
    async def run(_: Starlette) -> AsyncIterator[Mapping[str, object]]:
        async with open_services(settings) as services:
            app = build_app(services)
            opened.append(app)
            services.follower.on_swap = set_heap_aside
            set_heap_aside()
            await app.state.check_compiler()
            with keeping_collections_short():
                async with app.state.metrics.telling():
                    yield {"drain": app.state.connections.drain}

    lifespan = Starlette(lifespan=run)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (lifespan if scope["type"] == "lifespan" else opened[0])(scope, receive, send)

    return serve


def _end_with_parent() -> None:
    """One of several processes whose parent was killed would hold the port, and nobody would replace it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _open_for_nobody(services: Services) -> OperationContext:
    """The context of an operation of the process itself, which sees what a visitor does."""
    return OperationContext(services, Caller(token=None, region=services.settings.default_region, address=""))


def _count_calls(services: Services) -> dict[str, int]:
    return {
        "redis": services.cache.round_trips,
        "postgresql": services.statements.count,
        "search": services.searches.count,
    }


def _mint_for_pages(services: Services) -> MintToken:
    """Only for a page asked of this machine by its own name: another host's name may be a stranger's page."""

    async def mint(request: Request) -> str | None:
        if request.url.hostname not in ("localhost", "127.0.0.1", "::1"):
            return None
        session = await open_demo_session(services.authority, services.settings.graphiql_login, services.now())
        return session.access_token if session is not None else None

    return mint


def _check_database(services: Services) -> Callable[[], Awaitable[object]]:
    async def check() -> object:
        return await services.pool.fetchval("SELECT 1", timeout=1)

    return check
