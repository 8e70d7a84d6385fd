"""Wheels built from the checkout, and environments that have nothing else of it."""

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.support import ROOT

_LEFT_OUT = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")


def build_wheel(folder: Path, project: Path = ROOT) -> Path:
    """Build a project's wheel from a copy, so that nothing of an earlier build gets into it."""
    copy = folder / "source"
    shutil.copytree(project, copy, ignore=_LEFT_OUT)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, copy)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment of a wheel and what it says it needs; return its folder of programs.

    What it needs is linked from the environment of the tests, which spares a download of
    gigabytes. The checkout, installed there so that changes are seen, is no part of that.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    programs = folder / "bin"
    _pip("--python", programs / "python", "install", "--no-deps", "--no-index", wheel)
    (packages,) = folder.glob("lib/python*/site-packages")
    (metadata,) = packages.glob("binocle*.dist-info/METADATA")
    lines = metadata.read_text("utf-8").splitlines()
    for name in _needed([one.partition(": ")[2] for one in lines if one.startswith("Requires-D")]):
        home = Path(str(distribution(name).locate_file("")))
        for part in {file.parts[0] for file in distribution(name).files or ()}:
            if part not in ("..", "__pycache__") and not (packages / part).exists():
                (packages / part).symlink_to(home / part)
    return programs


def _needed(requirements: list[str]) -> set[str]:
    """Return the names of all distributions that some requirements lead to."""
    names: set[str] = set()
    waiting = [(Requirement(one), "") for one in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        inside = [Requirement(one) for one in distribution(requirement.name).requires or ()]
        if requirement.name not in names:
            waiting += [(one, "") for one in inside]
        names.add(requirement.name)
        waiting += [
            (one, extra)
            for extra in requirement.extras
            for one in inside
            if one.marker and "extra" in str(one.marker)
        ]
    return names


def _pip(*arguments: object) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            *map(str, arguments),
        ],
        check=True,
    )
