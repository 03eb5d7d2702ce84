"""
The programs that people copy do run: the README's and those under examples/.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.timing import limit

ROOT = Path(__file__).parent.parent
MARK = "<!-- The tests run this program. -->"


def run(*arguments: str) -> str:
    """
    Run a program that must end by itself, without a warning and without words on stderr.
    """
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=limit(60),
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def programs(page: str) -> list[str]:
    """
    The Python blocks of a page that come after the mark.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(re.escape(MARK) + r"\s*```python\n(.*?)```", text, flags=re.DOTALL)


def test_the_readme_has_a_program() -> None:
    assert programs("README.md")


@pytest.mark.parametrize("program", programs("README.md"))
def test_the_programs_of_the_readme_run(program: str) -> None:
    assert run("-c", program)


def test_the_demo_runs() -> None:
    assert run("examples/demo.py")
