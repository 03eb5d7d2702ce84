from __future__ import annotations

from pathlib import Path

import pytest

from conversations._core.sync.phases import TRANSITIONS, Input, Phase


def test_every_phase_has_its_row_and_every_input_its_use() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert {each for row in TRANSITIONS.values() for each in row} == set(Input)


def test_every_phase_can_be_reached() -> None:
    assert {phase for row in TRANSITIONS.values() for phase in row.values()} == set(Phase)


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_survives_a_lost_connection(phase: Phase) -> None:
    after = TRANSITIONS[phase][Input.DISCONNECTED]
    stays = {Phase.REFUSED, Phase.RECOVERING}
    assert after is (phase if phase in stays else Phase.IDLE)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[Phase.IDLE] = {}  # type: ignore[index]  # that is the point


def test_the_documentation_shows_this_table() -> None:
    rows = [["", *(phase.name for phase in Phase)]]
    for what in Input:
        cells = [TRANSITIONS[phase].get(what) for phase in Phase]
        rows.append([what.value, *("" if cell is None else cell.name for cell in cells)])
    head, *body = [_row(row) for row in rows]
    table = "\n".join([head, "|---" * (len(Phase) + 1) + "|", *body])
    page = Path(__file__).parents[3] / "docs" / "protocol" / "sync.md"
    assert table in page.read_text(encoding="utf-8")


def _row(cells: list[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"
