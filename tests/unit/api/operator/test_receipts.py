"""Receipts at the operator's door."""

import pytest

from tests.support.operators_door import OperatorsDoor
from tsock.errors import ApiError


@pytest.mark.parametrize("code", [-1, 2**31, 10**30])
def test_error_code_that_no_column_can_hold_is_refused(door: OperatorsDoor, code: int) -> None:
    names = {"conversation": "CH1", "message": "IM1", "participant": "MB1"}
    with pytest.raises(ApiError, match=f"from 0 to 2147483647, not {code}$") as refused:
        door.post("/receipts", {**names, "status": "failed", "error_code": code})
    assert (refused.value.status, refused.value.code) == (400, 20422)
