"""
The pages under docs/ and the places that point at them stay in step.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SOURCES = sorted(
    path
    for folder in ("conversations", "examples", "tests", "benchmarks")
    for path in ROOT.glob(f"{folder}/**/*.py")
    if "node_modules" not in path.parts
)


def anchor(heading: str) -> str:
    """
    The fragment by which a heading is linked to.
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def headings(page: Path) -> list[str]:
    """
    All headings of a page, without the marks.
    """
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        target, _, fragment = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (
            fragment and fragment not in [anchor(heading) for heading in headings(path)]
        ):
            broken.append(link)
    assert not broken


def test_docstrings_cite_pages_and_sections_that_exist() -> None:
    citation = re.compile(r"docs/([\w/]+\.md)(?:,\s+([A-Z][\w' -]*[\w']))?")
    broken = []
    for source in SOURCES:
        text = re.sub(r"\s*\n\s*#?\s*", " ", source.read_text(encoding="utf-8"))
        for page, section in citation.findall(text):
            path = ROOT / "docs" / page
            known = headings(path) if path.exists() else []
            # What follows the section's name in the sentence is not part of it.
            if not path.exists() or (
                section and not any(section.startswith(heading) for heading in known)
            ):
                broken.append(f"{source.relative_to(ROOT)}: {page}, {section}")
    assert not broken, "\n".join(broken)
