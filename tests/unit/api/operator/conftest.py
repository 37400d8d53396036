from pathlib import Path

import pytest

from tests.support.operators_door import OperatorsDoor


@pytest.fixture
def door(tmp_path: Path) -> OperatorsDoor:
    tmp_path.chmod(0o700)
    return OperatorsDoor(tmp_path)
