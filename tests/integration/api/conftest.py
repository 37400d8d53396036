from pathlib import Path

import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tsock.api.router import Router
from tsock.installation.installation import Installation
from tsock.settings import SETTINGS
from tsock.site.routes import site
from tsock.tokens.examiner import Examiner


@pytest.fixture
def everything(rig: Rig, tmp_path: Path) -> Router:
    """The whole route table, the operator's part included."""
    opened = Installation(
        data=tmp_path,
        settings=rig.settings,
        origins=dict.fromkeys(SETTINGS, "default"),
        clock=rig.clock,
        ids=rig.ids,
        metrics=rig.metrics,
        store=rig.store,
        vault=rig.vault,
        directory=rig.directory,
        master_key="a file",
        data_set="x",
    )
    rig.router.add(opened.operator_routes(rig.tail, lambda: None))
    rig.router.add(opened.rest_routes())
    examiner = Examiner(rig.directory, rig.settings)
    rig.router.add(site(rig.gatekeeper(), rig.directory, examiner, rig.clock))
    return rig.router


@pytest.fixture
def backend(rig: Rig) -> Backend:
    return Backend(rig)
