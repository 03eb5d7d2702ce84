"""
Names of files from names that strangers have given.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path, PurePosixPath

LONGEST_NAME = 180
"""Bytes of a name; with what may be added it stays below the 255 of most file systems."""

_REFUSED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class SafeNames:
    """
    Chooses names in one folder: for each media another one, and none that is taken.

    Args:
        folder: Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._chosen: set[str] = set()

    def path(self, sid: str, filename: str | None, content_type: str) -> Path:
        """
        Where to put a media.

        Args:
            sid: Of the media; becomes the name, or a part of it, if that is needed.
            filename: As the sender has named it. Only its last part counts.
            content_type: Gives a suffix to a media without a name.
        """
        name = safe_name(filename or "")
        if not name:
            name = f"{sid}{mimetypes.guess_extension(content_type, strict=False) or ''}"
        if name.casefold() in self._chosen or (self._folder / name).exists():
            split = PurePosixPath(name)
            name = f"{split.stem}-{sid}{split.suffix}"
        self._chosen.add(name.casefold())
        return self._folder / name


def safe_name(filename: str) -> str:
    """
    A name that stays in its folder on every system, and is not hidden; maybe empty.
    """
    whole = filename.encode("utf-8", "replace").decode("utf-8")
    last = re.split(r"[/\\]", whole)[-1]
    name = _REFUSED.sub("_", last).strip(" ").lstrip(".").rstrip(". ")
    if _DEVICE.fullmatch(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name.encode("utf-8")) <= LONGEST_NAME:
        return name
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode("utf-8")) > LONGEST_NAME // 2:
        suffix = ""
    room = LONGEST_NAME - len(suffix.encode("utf-8"))
    stem = name.encode("utf-8")[:room].decode("utf-8", "ignore")
    return f"{stem}{suffix}".rstrip(". ")
