"""
The tutorial is a program: its pieces of code run in their order.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"


def test_the_pieces_of_the_tutorial_run_one_after_the_other() -> None:
    pieces = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {"__name__": "tutorial"}
    assert len(pieces) > 10

    for piece in pieces:
        exec(compile(piece, str(PAGE), "exec"), names)  # noqa: S102  # our own page
