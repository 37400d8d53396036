"""Compiles the hot part of the sockets, for a wheel and for an editable installation.

Where that fails, as without a C compiler, the package goes without and says so; with `TSOCK_PURE_PYTHON=0`
the build fails instead, and with anything else, such as `1`, nothing is tried.
"""

import os
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from Cython.Build import cythonize
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension

MODULE = "tsock.gateway.compiled"
SOURCE = "src/tsock/gateway/compiled.pyx"


class Compiled(BuildHookInterface[Any]):
    """The build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add what came of it to the wheel, which is then one of a platform."""
        wanted = os.environ.get("TSOCK_PURE_PYTHON", "")
        if wanted not in ("", "0"):
            return
        try:
            built = compiled(Path(self.root))
        except (Exception, SystemExit) as error:  # what a missing compiler ends in is up to setuptools
            if wanted == "0":
                raise
            self.app.display_warning(f"tsock will run in pure Python, its sockets slower: {error}")
            return
        build_data["artifacts"].append(str(built.relative_to(self.root)))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compiled(root: Path) -> Path:
    """The extension module, built beside its source; where that fails, none is there."""
    built = (root / SOURCE).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
    built.unlink(missing_ok=True)  # it may be of another source; whoever runs it keeps it
    with tempfile.TemporaryDirectory(prefix="tsock-build-") as place:
        made = made_in(Path(place), root, ["-O3", "-g0"])
        built.write_bytes(made.read_bytes())
    return built


def made_in(place: Path, root: Path, options: list[str]) -> Path:
    """The extension module, built in `place` by a compiler and a linker with these options."""
    extension = Extension(MODULE, [str(root / SOURCE)], extra_compile_args=options, extra_link_args=options)
    modules = cythonize([extension], build_dir=str(place), language_level=3, quiet=True)
    command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.build_lib = command.build_temp = str(place)
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(MODULE))
