"""
Answers that are used again for a few seconds (docs/protocol/conversations.md, Cached answers).
"""

from __future__ import annotations

import re

import attrs

from conversations._core.scheduler import Scheduler
from conversations._core.upstream import UpstreamResponse

_CONVERSATION = re.compile(r"/(CH[0-9a-f]{32})(?=[/?]|$)")


@attrs.frozen
class _Kept:
    response: UpstreamResponse
    until: float
    conversation: str | None


class AnswerCache:
    """
    Answers to GETs by their URL, as long as the service allows.

    What this client changes in a conversation is never hidden by an older answer about it.

    Args:
        scheduler: Tells the time.

    Attributes:
        lifetime: Of an answer, in seconds; 0 keeps none.
        changes: How many changes have been made. An answer whose question is older than the
            newest of them is not kept.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._kept: dict[str, _Kept] = {}  # oldest first
        self.lifetime = 0.0
        self.changes = 0

    def get(self, url: str) -> UpstreamResponse | None:
        """
        The answer to *url*, if it is young enough.
        """
        kept = self._kept.get(url)
        return kept.response if kept is not None and kept.until > self._scheduler.now else None

    def keep(self, url: str, response: UpstreamResponse, *, changes: int) -> None:
        """
        Use *response* again for *url*.

        Args:
            url: What was asked.
            response: A successful answer.
            changes: What :attr:`changes` was when it was asked.
        """
        self._drop_old()
        if changes == self.changes and self.lifetime > 0:
            self._kept.pop(url, None)
            until = self._scheduler.now + self.lifetime
            self._kept[url] = _Kept(response, until, _conversation(url))

    def changed(self, url: str) -> None:
        """
        Something was changed through *url*, or may have been.
        """
        self.changes += 1
        conversation = _conversation(url)
        if conversation is not None:
            self._kept = {
                key: kept for key, kept in self._kept.items() if kept.conversation != conversation
            }

    def _drop_old(self) -> None:
        while self._kept:
            url, oldest = next(iter(self._kept.items()))
            if oldest.until > self._scheduler.now:
                return
            del self._kept[url]


def _conversation(url: str) -> str | None:
    found = _CONVERSATION.search(url)
    return None if found is None else found[1]
