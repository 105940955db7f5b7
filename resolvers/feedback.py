"""What viewers write to operators, and how these read it."""

import strawberry

from bff.context import Info
from bff.domain.ids import IdKind, random_id
from bff.domain.paging import LIST_CAP, Edge, Page, check_first, decode_instant, make_page
from bff.domain.title_changes import LONGEST_FEEDBACK, read_text
from bff.domain.titles import AnyTitleCard
from bff.errors import BadUserInput, NotFound
from bff.stores.feedback import Feedback, add_feedback, read_feedback
from resolvers.titles import find_visible

DEFAULT_PAGE = 20
_SCOPE = "feedback"


async def submit_feedback(info: Info, text: str, title_id: strawberry.ID | None = None) -> bool:
    """Raises BadUserInput, NotFound for a title that is not there for the viewer, RateLimited."""
    context = info.context
    try:
        body = read_text(text, LONGEST_FEEDBACK)
    except ValueError as error:
        raise BadUserInput(f"`text` cannot be taken. {error}") from error
    if title_id is not None and find_visible(context, title_id) is None:
        raise NotFound("There is no such title.")
    await context.services.feedback_limit.count(context.require_state().profile_id)
    feedback = Feedback(random_id(IdKind.FEEDBACK), title_id, body, context.now)
    await add_feedback(context.services.pool, feedback)
    return True


async def page_feedback(
    info: Info, first: int | None = None, after: str | None = None, title_id: strawberry.ID | None = None
) -> Page[Feedback]:
    wanted = check_first(first, default=DEFAULT_PAGE, cap=LIST_CAP)
    before = None if after is None else decode_instant(_SCOPE, after)
    found = await read_feedback(info.context.services.pool, limit=wanted + 1, before=before, title_id=title_id)
    edges = [Edge(node=one, scope=_SCOPE, key=(one.created_at.isoformat(), one.id)) for one in found[:wanted]]
    return make_page(edges, has_next=len(found) > wanted)


def get_title(root: strawberry.Parent[Feedback], info: Info) -> AnyTitleCard | None:
    return info.context.catalogue.cards.get(root.title_id or "")
