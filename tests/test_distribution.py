"""
What is built from the tree is complete, and works without the tree.
"""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A wheel, built from a copy so that the tree stays clean.
    """
    folder = tmp_path_factory.mktemp("distribution")
    source = folder / "source"
    shutil.copytree(
        ROOT / "conversations",
        source / "conversations",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    result = subprocess.run(
        [sys.executable, *command, "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return next(folder.glob("*.whl"))


def test_it_holds_every_module_the_marker_for_types_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}

    expected = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "conversations").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == expected


def test_its_metadata_says_what_it_is_and_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
        assert any(name.endswith("/LICENSE") for name in archive.namelist())

    assert metadata["Name"] == "conversations-client"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License"] == "MIT" or metadata["License-Expression"] == "MIT"
    core = {line.split(">=")[0] for line in metadata.get_all("Requires-Dist") if ";" not in line}
    assert core == {"attrs", "pyjwt", "requests", "websocket-client"}
    assert set(metadata.get_all("Provides-Extra")) == {
        *("emulator", "cli", "proxy", "django", "dev"),
    }


def test_it_can_be_imported_without_the_tree_and_cheaply(wheel: Path, tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(wheel)!r})
import conversations
assert conversations.__file__.startswith({str(wheel)!r}), conversations.__file__
heavy = {{"requests", "jwt", "aiohttp", "asyncio", "cryptography"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
