import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.http.negotiation import GRAPHQL_RESPONSE, HTML, JSON, choose_media_type, choose_named, parse_accept

OFFERED = (JSON, GRAPHQL_RESPONSE, HTML)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", HTML),
        (JSON, JSON),
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (BROWSER, HTML),
        (URQL, GRAPHQL_RESPONSE),
        ("APPLICATION/JSON", JSON),
        (f"{JSON}, {GRAPHQL_RESPONSE}", JSON),
        (f"{GRAPHQL_RESPONSE}, {JSON}", GRAPHQL_RESPONSE),
        (f"{JSON};q=0.5, {GRAPHQL_RESPONSE};q=0.9", GRAPHQL_RESPONSE),
        (f"{JSON};q=0, */*", GRAPHQL_RESPONSE),
        (f"*/*, {GRAPHQL_RESPONSE};q=0.1", JSON),
        (f"{GRAPHQL_RESPONSE};charset=utf-8;q=1.000", GRAPHQL_RESPONSE),
        (f'text/plain;x="a,b;q=0", {JSON};q=0.2', JSON),
        (f"{JSON};q=0", None),
        ("text/event-stream", None),
        ("*/*;q=0", None),
        (f"{JSON};q=2", None),
        (f"{JSON};q=nan", None),
        ("*/json", None),
        (",,;;q=,", None),
    ],
)
def test_the_media_type_follows_quality_then_closeness_then_order(accept, chosen):
    assert choose_media_type(accept, OFFERED) == chosen


@given(st.text())
def test_any_header_gives_an_offered_type_or_none(accept):
    assert choose_media_type(accept, OFFERED) in {*OFFERED, None}


media_types = st.sampled_from([*OFFERED, "*/*", "application/*", "text/*", "image/png"])
qualities = st.integers(0, 1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")


@given(st.lists(st.tuples(media_types, qualities), min_size=1, max_size=8))
def test_no_offered_type_with_a_higher_quality_is_passed_over(elements):
    header = ", ".join(f"{name};q={quality}" for name, quality in elements)
    ranges = parse_accept(header)
    assert len(ranges) == len(elements)

    def quality_of(media_type):
        closest = max((r.match(media_type) for r in ranges), default=0)
        return next((r.quality for r in ranges if r.match(media_type) == closest), 0) if closest else 0

    chosen = choose_media_type(header, OFFERED)
    best = max(quality_of(media_type) for media_type in OFFERED)
    assert (0 if chosen is None else quality_of(chosen)) == best
    assert (chosen is None) == (best == 0)


PARTS = (
    ("text/event-stream", {}),
    ("multipart/mixed", {"subscriptionspec": "1.0"}),
    ("multipart/mixed", {"spec": None}),
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, None),
        ("*/*", None),
        ("text/*", None),
        ("text/event-stream", 0),
        ("TEXT/Event-Stream;charset=utf-8", 0),
        ("text/event-stream;q=0", None),
        ("multipart/mixed;subscriptionSpec=1.0", 1),
        ('multipart/mixed; boundary=graphql; SubscriptionSpec="1.0"', 1),
        ("multipart/mixed;subscriptionSpec=2.0;spec=1", None),
        ("multipart/mixed", 2),
        ("multipart/mixed;spec=1", None),
        ("multipart/mixed;q=0.5, text/event-stream;q=0.4", 2),
        ("multipart/mixed, text/event-stream", 2),
        ("text/event-stream, multipart/mixed", 0),
    ],
)
def test_a_stream_must_be_named_with_what_it_needs(accept, chosen):
    named = choose_named(accept, PARTS)
    assert (None if named is None else named.place) == chosen


@given(st.text(alphabet='/;q=,"\\ *', max_size=2000))
def test_punctuation_alone_is_read_in_linear_time(accept):
    parse_accept(accept * 20)
