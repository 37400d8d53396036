from tests.unit.gateway.conftest import rig

__all__ = ["rig"]
