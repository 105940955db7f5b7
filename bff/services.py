"""What a process has, shared by all that it does. Nothing here opens anything."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from bff.artwork.urls import ImageSigner
from bff.auth.authority import Authority
from bff.auth.media_tokens import MediaTokens
from bff.auth.upload_tokens import UploadTokens
from bff.billing.payments import Billing
from bff.settings import Settings
from bff.stores.catalogue_follower import CatalogueFollower
from bff.stores.device_activity import DeviceActivity
from bff.stores.ended_playback import EndedSessions
from bff.stores.feedback import FeedbackLimit
from bff.stores.home_documents import HomeDocuments
from bff.stores.ingest_progress import IngestWatch
from bff.stores.login_failures import LoginFailures
from bff.stores.mail_requests import MailRequests
from bff.stores.objects import Objects
from bff.stores.postgres import StatementCount
from bff.stores.rate_limits import RateLimits
from bff.stores.redis import DocumentCache
from bff.stores.signals import Signals
from bff.telemetry import CallCount, Spans


@dataclass(frozen=True, slots=True)
class Services:
    """Open for as long as the process serves."""

    settings: Settings
    pool: asyncpg.Pool
    statements: StatementCount
    cache: DocumentCache
    follower: CatalogueFollower
    homes: HomeDocuments
    authority: Authority
    billing: Billing
    images: ImageSigner
    rates: RateLimits
    login_failures: LoginFailures
    mail_requests: MailRequests
    feedback_limit: FeedbackLimit
    signals: Signals
    objects: Objects
    media_tokens: MediaTokens
    upload_tokens: UploadTokens
    ended_sessions: EndedSessions
    ingest_watch: IngestWatch
    activity: DeviceActivity
    searches: CallCount
    spans: Spans | None
    now: Callable[[], datetime]
