import pytest

from bff.errors import TooExpensive
from bff.http.documents import Documents, choose_operation
from bff.http.errors import InvalidOperation
from tests.api.http_schema import schema


def test_a_valid_document_is_parsed_once():
    documents = Documents(schema._schema, development=True)
    assert documents.find("{hello}") is documents.find("{hello}")


def test_an_invalid_document_is_not_kept():
    documents = Documents(schema._schema, development=True)
    for text in ("{", "{nope}"):
        with pytest.raises(InvalidOperation):
            documents.find(text)
    assert len(documents) == 0


def test_the_cache_is_bounded_by_tokens_and_drops_the_least_recently_used():
    documents = Documents(schema._schema, development=True, cached_tokens=12)
    first = documents.find("{a: hello}")
    second = documents.find("{b: hello}")
    assert first.token_count == 5
    assert documents.find("{a: hello}") is first
    documents.find("{c: hello}")
    assert len(documents) == 2
    assert documents.find("{a: hello}") is first
    assert documents.find("{b: hello}") is not second


def test_a_flood_of_documents_leaves_a_bounded_cache():
    documents = Documents(schema._schema, development=True, cached_tokens=1000)
    for number in range(2000):
        documents.find(f"{{a{number}: hello}}")
    assert len(documents) == 200


def test_a_document_larger_than_the_cache_is_served_and_not_kept():
    documents = Documents(schema._schema, development=True, cached_tokens=3)
    assert documents.find("{a: hello}").token_count == 5
    assert len(documents) == 0


def test_a_text_whose_fields_take_long_to_hold_against_each_other_is_refused():
    documents = Documents(schema._schema, development=True)
    documents.find("{" + "leaves {name} " * 20 + "}")
    with pytest.raises(TooExpensive, match="again and again") as refused:
        documents.find("{leaves {" + "name " * 200 + "}}")
    assert refused.value.extensions["cost"] > refused.value.extensions["limit"]
    many = " ".join(f"nope{number}" for number in range(20))
    with pytest.raises(InvalidOperation, match="GRAPHQL_VALIDATION_FAILED"):
        documents.find(f"{{leaves {{{many}}}}}")


def test_the_operation_is_the_named_or_the_only_one():
    document = Documents(schema._schema, development=True).find("query a {hello} query b {later}")
    assert choose_operation(document, "b").name.value == "b"
    with pytest.raises(InvalidOperation, match="BAD_USER_INPUT"):
        choose_operation(document, None)
    with pytest.raises(InvalidOperation, match="BAD_USER_INPUT"):
        choose_operation(document, "c")
