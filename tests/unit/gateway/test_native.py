"""Which implementation of a socket's hot part is used."""

import os
import shutil
import subprocess
import sys

import pytest

from tsock.gateway import native, traffic

TELL = "from tsock.gateway import native; print(native.missing, native.Traffic.__module__)"


def told(**environ: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", TELL], env=os.environ | environ, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def test_compiled_part_is_built_by_the_set_up_and_used_where_there_is_a_compiler() -> None:
    is_asked_for = os.environ.get(native.PURE_PYTHON, "") in ("", "0")
    wanted = is_asked_for and shutil.which(os.environ.get("CC", "cc")) is not None
    assert (native.missing is None) is wanted, native.missing
    assert (native.Traffic is traffic.Traffic) is not wanted


@pytest.mark.parametrize("asked", ["1", "yes"])
def test_pure_python_is_used_on_request(asked: str) -> None:
    assert told(TSOCK_PURE_PYTHON=asked) == "TSOCK_PURE_PYTHON is set tsock.gateway.traffic"


def test_compiled_part_is_not_refused_by_0() -> None:
    assert told(TSOCK_PURE_PYTHON="0") == told(TSOCK_PURE_PYTHON="")
