"""
Names of files from names that strangers have given.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations._filenames import LONGEST_NAME, SafeNames, safe_name


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("cat.png", "cat.png"),
        ("übergröße 🍜.tar.gz", "übergröße 🍜.tar.gz"),
        ("/etc/passwd", "passwd"),
        ("../../x", "x"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("a/b\\c", "c"),
        ("", ""),
        ("/", ""),
        ("..", ""),
        (". . .", ""),
        (".bashrc", "bashrc"),
        ("name. ", "name"),
        ("what?*<>|:\"'.txt", "what_______'.txt"),
        ("a\0b\nc\x7f", "a_b_c_"),
        ("half\ud800", "half_"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("console.txt", "console.txt"),
    ],
)
def test_a_name_stays_in_its_folder(given_name: str, expected: str) -> None:
    assert safe_name(given_name) == expected


def test_long_names_are_cut_but_keep_their_suffix() -> None:
    long = safe_name("ü" * 500 + ".png")

    assert long.endswith("ü.png")
    assert len(long.encode()) <= LONGEST_NAME
    assert len(safe_name("a." + "b" * 500).encode()) <= LONGEST_NAME
    assert safe_name("a" * 500) == "a" * LONGEST_NAME


@given(st.text())
def test_no_name_does_harm(text: str) -> None:
    name = safe_name(text)

    assert name not in {".", ".."}
    assert not set(name) & set('/\\\0:*?"<>|\n')
    assert not name.startswith(".")
    assert len(name.encode()) <= LONGEST_NAME + 1
    assert safe_name(name) == name


def test_each_media_gets_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "there.txt").touch()
    names = SafeNames(tmp_path)

    chosen = [
        names.path("ME1", "there.txt", "text/plain"),
        names.path("ME2", "new.txt", "text/plain"),
        names.path("ME3", "NEW.txt", "text/plain"),
        names.path("ME4", None, "image/png"),
        names.path("ME5", None, "application/x-nobody-knows"),
        names.path("ME6", "..", ""),
    ]

    assert [path.name for path in chosen] == [
        "there-ME1.txt",
        "new.txt",
        "NEW-ME3.txt",
        "ME4.png",
        "ME5",
        "ME6",
    ]
    assert {path.parent for path in chosen} == {tmp_path}
