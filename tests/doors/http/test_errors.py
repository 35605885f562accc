"""The error table is complete, and every error has the one shape."""

from __future__ import annotations

import ast
import inspect
from datetime import timedelta

import orjson
import pytest

from mythgate.domain import errors
from mythgate.doors.http.errors import STATUS, ErrorAnswer, refusal, status_of


def all_refusals(root: type[errors.Refused] = errors.Refused) -> list[type[errors.Refused]]:
    """Those of Mythgate that leave their module; other tests in this process may have made some of their own."""
    ours = [child for child in root.__subclasses__() if child.__module__.startswith("mythgate.")]
    known = [child for child in ours if not child.__name__.startswith("_")]
    return [root, *(each for child in known for each in all_refusals(child))]


def test_every_refusal_has_a_status() -> None:
    assert set(all_refusals()) == set(STATUS)
    assert {status for status in STATUS.values() if not 400 <= status <= 599} == set()


def test_the_codes_are_distinct() -> None:
    codes = [kind.code for kind in all_refusals() if "code" in vars(kind)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", all_refusals(), ids=lambda kind: kind.__name__)
def test_every_refusal_has_the_one_shape(kind: type[errors.Refused]) -> None:
    response = refusal(kind(), "request-1")
    body = orjson.loads(response.body)
    assert response.status_code == status_of(kind())
    assert body["detail"] == body["error"]["message"] == kind.default_message
    assert body["error"]["code"] == kind.code
    assert set(body["error"]) == {"code", "message", "hint", "retry_after", "field", "request_id"}
    ErrorAnswer.model_validate(body, strict=True)
    assert ("www-authenticate" in response.headers) == (response.status_code == 401)


def test_waiting_times_are_told_twice() -> None:
    response = refusal(errors.TooMany(retry_after=timedelta(seconds=1.25)), None)
    assert response.headers["retry-after"] == "2"  # whole seconds, rounded up
    assert orjson.loads(response.body)["error"]["retry_after"] == 1.25


def test_the_field_is_named() -> None:
    assert orjson.loads(refusal(errors.NameTaken(field="username"), None).body)["error"]["field"] == "username"
    assert orjson.loads(refusal(errors.NameTaken(), None).body)["error"]["field"] is None


def test_routes_raise_no_http_errors_of_their_own() -> None:
    """Routes raise what the domain raises; the table does the rest."""
    from mythgate.doors.http.routes import auth, status

    for module in (auth, status):
        raised = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Raise)]
        assert raised == []
