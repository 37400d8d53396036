from pathlib import Path

import pytest

from tests.unit.api.operators_door import OperatorsDoor
from tests.unit.gateway.conftest import rig

__all__ = ["door", "rig"]


@pytest.fixture
def door(tmp_path: Path) -> OperatorsDoor:
    tmp_path.chmod(0o700)
    return OperatorsDoor(tmp_path)
