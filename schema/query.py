"""The root of queries, each field with its access rule."""

import strawberry

import resolvers.browse
import resolvers.feedback
import resolvers.home
import resolvers.ingest
import resolvers.my_list
import resolvers.nodes
import resolvers.playback
import resolvers.profiles
import resolvers.search
import resolvers.service
import resolvers.studio
import resolvers.titles
import resolvers.unavailable
import resolvers.uploads
import resolvers.viewer
from resolvers.home_composer import prefetch_home
from schema.access import Access, root
from schema.common import Node
from schema.downloads import DownloadLibrary
from schema.home import ContinueConnection, Home, MyListConnection
from schema.ingest import IngestJob, IngestJobConnection, Upload
from schema.playback import PlaybackSession
from schema.search import SearchConnection, Suggestion
from schema.service import Service
from schema.studio import CatalogueTitle, CatalogueTitleConnection, FeedbackConnection
from schema.titles import Genre, Title, TitleConnection
from schema.together import NotificationConnection, WatchParty
from schema.viewer import Avatar, Plan, Viewer

MINUTE = 60


@strawberry.type(description="Everything that can be read. Ids that name nothing visible are null.")
class Query:
    node: Node | None = root(resolvers.nodes.find_node, Access.PUBLIC, max_age=MINUTE)
    nodes: list[Node | None] | None = root(
        resolvers.nodes.find_nodes, Access.PUBLIC, description="At most 100 ids; gaps are null.", max_age=MINUTE
    )
    viewer: Viewer = root(
        resolvers.viewer.get_viewer,
        Access.PUBLIC,
        description="Who is asking. Account, profile and device are null for a visitor.",
    )
    home: Home | None = root(
        resolvers.home.get_home,
        Access.SIGNED_IN,
        prefetch=prefetch_home,
        description="The home screen of the current profile; null for an account without one.",
    )
    title: Title | None = root(resolvers.titles.find_title, Access.PUBLIC, max_age=5 * MINUTE)
    titles: list[Title | None] | None = root(
        resolvers.titles.find_titles, Access.PUBLIC, description="At most 100 ids; gaps are null.", max_age=5 * MINUTE
    )
    genres: list[Genre] | None = root(
        resolvers.browse.list_genres, Access.PUBLIC, description="Those with something to watch.", max_age=60 * MINUTE
    )
    plans: list[Plan] | None = root(
        resolvers.viewer.list_plans, Access.PUBLIC, description="From small to large.", max_age=60 * MINUTE
    )
    avatars: list[Avatar] | None = root(
        resolvers.profiles.list_avatars, Access.SIGNED_IN, description="The pictures that profiles choose from."
    )
    browse: TitleConnection | None = root(
        resolvers.browse.browse, Access.PUBLIC, description="At most 75 a page.", max_age=5 * MINUTE
    )
    trending: TitleConnection | None = root(
        resolvers.browse.page_trending, Access.PUBLIC, description="At most 75 a page.", max_age=MINUTE
    )
    search: SearchConnection | None = root(
        resolvers.search.search, Access.PUBLIC, description="At most 75 a page.", max_age=MINUTE
    )
    suggest: list[Suggestion] | None = root(
        resolvers.search.suggest, Access.PUBLIC, description="As-you-type completions.", max_age=MINUTE
    )
    continue_watching: ContinueConnection | None = root(resolvers.my_list.page_continue_watching, Access.PROFILE)
    my_list: MyListConnection | None = root(resolvers.my_list.page_my_list, Access.PROFILE)
    downloads: DownloadLibrary | None = root(resolvers.unavailable.list_downloads, Access.PROFILE)
    playback_session: PlaybackSession | None = root(resolvers.playback.find_session, Access.PROFILE)
    watch_party: WatchParty | None = root(
        resolvers.unavailable.find_watch_party,
        Access.PROFILE,
        description="What an invitation leads to, before joining.",
    )
    service: Service | None = root(
        resolvers.service.get_service, Access.OPERATOR, description="How the service stands, for its operators."
    )
    upload: Upload | None = root(resolvers.uploads.get_upload, Access.OPERATOR)
    ingest_job: IngestJob | None = root(resolvers.ingest.find_ingest_job, Access.OPERATOR)
    ingest_jobs: IngestJobConnection | None = root(
        resolvers.ingest.page_ingest_jobs, Access.OPERATOR, description="At most 100 a page."
    )
    catalogue_title: CatalogueTitle | None = root(
        resolvers.studio.find_catalogue_title,
        Access.OPERATOR,
        description="A title as operators see it: whether or not anybody may watch it.",
    )
    catalogue_titles: CatalogueTitleConnection | None = root(
        resolvers.studio.page_catalogue_titles,
        Access.OPERATOR,
        description="By name, those that have `name` in theirs; at most 100 a page.",
    )
    feedback: FeedbackConnection | None = root(
        resolvers.feedback.page_feedback,
        Access.OPERATOR,
        description="What viewers wrote, latest first; at most 100 a page.",
    )
    notifications: NotificationConnection | None = root(resolvers.unavailable.page_notifications, Access.PROFILE)
