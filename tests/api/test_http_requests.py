import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.errors import BadUserInput, Error
from bff.http.errors import ContentTooLarge, UnsupportedMediaType
from bff.http.requests import (
    _MOST_KEPT,
    MAX_BODY_BYTES,
    MAX_JSON_DEPTH,
    MAX_JSON_VALUES,
    GraphQLRequest,
    _kept,
    check_content_type,
    parse_body,
    parse_query_string,
    would_be_preflighted,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
parameter_names = st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "more"])


def nest(depth):
    return b'{"query": "{a}", "variables": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


def test_all_parameters_are_read():
    body = {
        "query": "{a}",
        "variables": {"b": [1]},
        "operationName": "c",
        "extensions": {"d": None},
        "documentId": "sha256:e",
        "unknown": 1,
    }
    assert parse_body(json.dumps(body).encode()) == GraphQLRequest(
        query="{a}", variables={"b": [1]}, operation_name="c", extensions={"d": None}, document_id="sha256:e"
    )


def parse_or_refuse(parse, source):
    """The request, or None where it was refused with a status that blames the caller."""
    try:
        return parse(source)
    except Error as error:
        if not 400 <= error.status < 500:
            raise
        return None


@given(st.binary())
def test_any_bytes_give_a_request_or_an_error_of_the_callers(body):
    assert isinstance(parse_or_refuse(parse_body, body), GraphQLRequest | None)


@given(json_values | st.dictionaries(parameter_names, json_values))
def test_any_json_gives_a_request_or_an_error_of_the_callers(value):
    request = parse_or_refuse(parse_body, json.dumps(value).encode())
    if request is not None:
        assert isinstance(request.query, str | None)
        assert isinstance(request.variables, dict | None)
        assert isinstance(request.operation_name, str | None)
        assert isinstance(request.extensions, dict | None)
        assert isinstance(request.document_id, str | None)


@given(st.text(st.characters(codec="ascii")))
def test_any_query_string_gives_a_request_or_an_error_of_the_callers(text):
    assert isinstance(parse_or_refuse(parse_query_string, text.encode()), GraphQLRequest | None)


def test_a_query_string_is_percent_decoded_and_its_json_parameters_read():
    request = parse_query_string(b"query=%7Ba%7D&variables=%7B%22b%22%3A1%7D&extensions=&operationName=c")
    assert request == GraphQLRequest(query="{a}", variables={"b": 1}, operation_name="c")


@pytest.mark.parametrize(
    ("query_string", "message"),
    [
        (b"", "no operation"),
        (b"query=%FF", "UTF-8"),
        (b"query=\xff", "UTF-8"),
        (b"query=%7Ba%7D&query=%7Bb%7D", "twice"),
        (b"query=%7Ba%7D&variables=%7B", "no valid JSON"),
        (b"query=%7Ba%7D&variables=%5B%5D", "`variables` must be an object"),
        (b"query=a%00b", "NUL"),
        (b"&".join(b"a%d=1" % number for number in range(100)), "few parameters"),
    ],
)
def test_a_bad_query_string_is_refused(query_string, message):
    with pytest.raises(BadUserInput, match=message):
        parse_query_string(query_string)


def test_nesting_is_limited_whatever_the_number_of_brackets():
    # The object itself and the variables' own are two of the levels, the innermost value one.
    assert parse_body(nest(MAX_JSON_DEPTH - 2)).query == "{a}"
    with pytest.raises(BadUserInput, match="nested deeper"):
        parse_body(nest(MAX_JSON_DEPTH))
    wide = b'{"query": "{a}", "variables": {"a": [' + b",".join([b"[]"] * 4_900) + b"]}}"
    assert parse_body(wide).query == "{a}"


@pytest.mark.parametrize("value", [b"1", b"[]", b'{"a":1}', b'"a,b"'])
def test_so_many_values_are_taken_and_no_more(value):
    """Each is held to its type before anything else is asked of an operation."""

    def body(count):
        return b'{"query": "{a}", "variables": {"a": [' + b",".join([value] * count) + b"]}}"

    each = 2 if b":" in value else 1
    assert parse_body(body((MAX_JSON_VALUES - 3) // each)).query == "{a}"
    with pytest.raises(BadUserInput, match=f"more than {MAX_JSON_VALUES} values"):
        parse_body(body(MAX_JSON_VALUES // each))


def test_a_body_past_the_limit_is_too_large():
    body = b'{"query": "' + b"a" * (MAX_BODY_BYTES - 13) + b'"}'
    assert len(body) == MAX_BODY_BYTES
    assert parse_body(body).query is not None
    with pytest.raises(ContentTooLarge):
        parse_body(body + b" ")


def test_integers_past_64_bits_stay_numbers():
    variables = parse_body(b'{"query": "{a}", "variables": {"n": 18446744073709551616}}').variables
    assert variables == {"n": 2.0**64}


@pytest.mark.parametrize("body", [rb'{"query": "{a(b: \"\\u0000\")}"}', rb'{"query":"{a}","variables":{"b":"\u0000"}}'])
def test_nul_is_refused_in_json_and_in_graphql_strings(body):
    with pytest.raises(BadUserInput, match="NUL"):
        parse_body(body)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "Application/JSON ; charset=utf8",
        "application/json; boundary=x",
    ],
)
def test_json_in_utf_8_is_taken(content_type):
    check_content_type(content_type, None)


@pytest.mark.parametrize(
    ("content_type", "content_encoding"),
    [
        (None, None),
        ("", None),
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("multipart/form-data; boundary=x", None),
        ("application/graphql", None),
        ("application/json; charset=utf-16", None),
        ("application/json; charset*=utf-16''x", None),
        ("application/jsonx", None),
        ("application/json, text/plain", None),
        ("application/json", "gzip"),
    ],
)
def test_other_bodies_are_an_unsupported_media_type(content_type, content_encoding):
    with pytest.raises(UnsupportedMediaType):
        check_content_type(content_type, content_encoding)


@given(st.text(st.characters(codec="latin-1")))
def test_any_content_type_is_taken_or_refused(content_type):
    try:
        check_content_type(content_type, None)
    except UnsupportedMediaType:
        assert content_type.split(";")[0].strip().lower() != "application/json" or ";" in content_type


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"content-type": "text/plain"}, False),
        ({"content-type": "text/plain; x=application/json"}, False),
        ({"content-type": "multipart/form-data; boundary=x"}, False),
        ({"content-type": ""}, False),
        ({"content-type": "nonsense"}, False),
        ({"content-type": "application/json"}, True),
        ({"apollo-require-preflight": "true"}, True),
        ({"apollo-require-preflight": ""}, False),
        ({"x-requested-with": "XMLHttpRequest"}, True),
    ],
)
def test_what_a_form_of_another_site_can_send_is_not_preflighted(headers, expected):
    assert would_be_preflighted(headers) is expected


def test_a_body_without_variables_is_read_once_and_no_more_than_some_are_kept():
    body = b'{"query": "{a}", "variables": {}}'
    assert parse_body(body) is parse_body(b"" + body)
    for number in range(1000):
        parse_body(b'{"query": "{a%d}"}' % number)
    assert len(_kept) <= _MOST_KEPT
    assert parse_body(body).query == "{a}"


@pytest.mark.parametrize(
    "own", [b'"variables": {"b": [1]}', b'"extensions": {"c": {}}', b'"query": "' + b" " * 8192 + b'"']
)
def test_what_may_be_a_secret_or_is_long_is_not_kept(own):
    body = b'{"documentId": "a", ' + own + b"}"
    assert parse_body(body) == parse_body(body)
    assert parse_body(body) is not parse_body(body)
    assert body not in _kept
