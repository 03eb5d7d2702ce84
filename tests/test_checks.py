"""
The fixtures of conftest.py that guard every other test do find what they are for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent


def test_a_leaked_thread_and_a_leaked_descriptor_fail_the_test_that_left_them(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CONVERSATIONS_TEST_TIME_FACTOR", "0.01")
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makepyfile(
        """
        import os
        import threading

        def test_thread():
            threading.Thread(target=threading.Event().wait, name="lost", daemon=True).start()

        def test_descriptor():
            os.open(os.devnull, os.O_RDONLY)

        def test_neither():
            thread = threading.Thread(target=int)
            thread.start()
        """
    )

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(["*left threads running*", "*lost (daemon) is at:*"])
    result.stdout.fnmatch_lines(["*left descriptors open*", "*/dev/null*"])
