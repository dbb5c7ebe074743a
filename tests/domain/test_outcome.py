import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.outcome import OUTCOMES, Actor, Verdict, judge

V, A = Verdict, Actor


@pytest.mark.parametrize(
    ("code", "status", "has_id", "verdict", "actor"),
    [
        (100, "Success", True, V.TAKEN, A.NOBODY),
        (101, "Success", True, V.TAKEN, A.NOBODY),
        (102, "Success", True, V.TAKEN, A.NOBODY),
        (401, "RiskHold", False, V.UNCERTAIN, A.PROVIDER),
        (402, "InvalidSenderId", False, V.REFUSED, A.OWNER),
        (403, "InvalidPhoneNumber", False, V.REFUSED, A.SENDER),
        (404, "UnsupportedNumberType", False, V.REFUSED, A.SENDER),
        (405, "InsufficientBalance", False, V.NOT_TAKEN, A.OWNER),
        (406, "UserInBlacklist", False, V.OPTED_OUT, A.NOBODY),
        (406, "UserInBlackList", False, V.OPTED_OUT, A.NOBODY),
        (407, "CouldNotRoute", False, V.REFUSED, A.PROVIDER),
        (409, "DoNotDisturbRejection", False, V.REFUSED, A.SENDER),
        (500, "InternalServerError", False, V.NOT_TAKEN, A.PROVIDER),
        (501, "GatewayError", False, V.NOT_TAKEN, A.PROVIDER),
        (502, "RejectedByGateway", False, V.NOT_TAKEN, A.PROVIDER),
        (405, "InsufficientBalance", True, V.UNCERTAIN, A.OWNER),
        (500, "InternalServerError", True, V.UNCERTAIN, A.PROVIDER),
        (501, "GatewayError", True, V.UNCERTAIN, A.PROVIDER),
        (502, "RejectedByGateway", True, V.UNCERTAIN, A.PROVIDER),
        (None, "Success", True, V.TAKEN, A.NOBODY),
        (None, " success ", True, V.TAKEN, A.NOBODY),
        (None, "Could Not Send", False, V.UNCERTAIN, A.PROVIDER),
        (None, "UserInBlackList", False, V.OPTED_OUT, A.NOBODY),
        (None, "InsufficientBalance", False, V.NOT_TAKEN, A.OWNER),
        (None, "InternalServerError", True, V.UNCERTAIN, A.PROVIDER),
        (None, "InvalidPhoneNumber", False, V.REFUSED, A.SENDER),
        (None, "", False, V.UNCERTAIN, A.PROVIDER),
        (408, "Unassigned", False, V.UNCERTAIN, A.PROVIDER),
        (103, "Success", True, V.UNCERTAIN, A.PROVIDER),
        (0, "", False, V.UNCERTAIN, A.PROVIDER),
    ],
)
def test_what_a_line_means(*, code: int | None, status: str, has_id: bool, verdict: Verdict, actor: Actor) -> None:
    found = judge(code, status, has_id=has_id)
    assert (found.code if code is not None else None, found.verdict, found.actor) == (code, verdict, actor)
    assert found.retryable is (verdict is V.NOT_TAKEN)
    assert found.meaning


def test_the_codes_are_those_of_the_documentation() -> None:
    assert sorted(OUTCOMES) == [100, 101, 102, 401, 402, 403, 404, 405, 406, 407, 409, 500, 501, 502]


@given(code=st.none() | st.integers(), status=st.text(), has_id=st.booleans())
def test_only_the_known_can_be_repeated(*, code: int | None, status: str, has_id: bool) -> None:
    found = judge(code, status, has_id=has_id)
    if found.retryable:
        assert not has_id
        assert found.code in {405, 500, 501, 502}
    if code is not None and code not in OUTCOMES:
        assert found.verdict is V.UNCERTAIN
    assert len(found.meaning) < 200, "a strange status must not flood a log"
