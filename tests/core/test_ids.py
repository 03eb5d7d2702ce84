"""
Identifiers.
"""

from __future__ import annotations

import random
import re

from conversations._core.ids import Ids

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def test_each_kind_has_its_form() -> None:
    ids = Ids(random.Random(1))
    assert re.fullmatch(f"TM{UUID}", ids.frame())
    assert re.fullmatch("RQ[0-9a-f]{32}", ids.request())
    assert re.fullmatch(UUID, ids.mutation())


def test_ids_differ_and_repeat_with_the_seed() -> None:
    first, again = (Ids(random.Random(5)) for _ in range(2))
    made = [first.frame() for _ in range(100)]
    assert len(set(made)) == 100
    assert [again.frame() for _ in range(100)] == made
