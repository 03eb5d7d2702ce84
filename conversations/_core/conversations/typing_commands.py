"""
Telling the others that the user is typing (docs/protocol/conversations.md, Typing).
"""

from __future__ import annotations

import logging
from urllib.parse import quote

import attrs

from conversations._core.promises import spawn
from conversations._core.scheduler import Timer
from conversations._core.upstream import UpstreamRequest
from conversations._logs import ClientLog
from conversations.errors import RECOVERABLE_STATUSES, ConversationsError, ServiceError

from .configuration import DEFAULT_TYPING_TIMEOUT
from .context import Context
from .decoding import mapping
from .typing_participants import typing_timeout

_log = ClientLog("conversations.client")

FORM_TYPE = "application/x-www-form-urlencoded"


@attrs.define(eq=False)
class _Typing:
    """
    The user's typing in one conversation.

    Attributes:
        told_at: When the notice was sent that the service took last.
        is_under_way: Whether there is one without an answer.
        is_refused: Whether the service did not take the last one.
        keepers: So many scopes want it to go on.
        timer: Of the next notice for them.
    """

    told_at: float | None = None
    is_under_way: bool = False
    is_refused: bool = False
    keepers: int = 0
    timer: Timer | None = None


class TypingCommands:
    """
    Sends typing notices, at most one in a while for each conversation.

    Nobody waits for them: a notice that cannot go out now is worth nothing later, and what
    goes wrong is logged only.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._url = context.configuration.links.typing
        self._chosen = context.configuration.typing_timeout
        self._answered: float | None = None
        self._conversations: dict[str, _Typing] = {}

    @property
    def interval(self) -> float:
        """
        Seconds between two notices: chosen by the program, else as the service said last.
        """
        return self._chosen or self._answered or DEFAULT_TYPING_TIMEOUT

    def typing(self, sid: str) -> None:
        """
        The user types in that conversation. Sends nothing if it was told a moment ago.
        """
        typing = self._conversations.setdefault(sid, _Typing())
        is_told = typing.told_at is not None and self._now < typing.told_at + self.interval
        if is_told or typing.is_under_way:
            return
        if self._url is None or not self._context.exchange.is_connected:
            _log.debug("typing in %s is not told: there is no connection for it", sid)
            return
        typing.is_under_way = True
        self._context.watch(
            spawn(self._context.scheduler, self._send(sid, typing, self._url)), f"typing in {sid}"
        )

    def keep(self, sid: str) -> None:
        """
        The user types until :meth:`release`.
        """
        typing = self._conversations.setdefault(sid, _Typing())
        typing.keepers += 1
        typing.is_refused = False
        self._go_on(sid, typing)

    def release(self, sid: str) -> None:
        """
        The end of one :meth:`keep`.
        """
        typing = self._conversations.get(sid)
        if typing is not None and typing.keepers:
            typing.keepers -= 1
            if not typing.keepers:
                _cancel(typing)

    def forget(self, sid: str) -> None:
        """
        The conversation is gone, and typing in it has ended.
        """
        typing = self._conversations.pop(sid, None)
        if typing is not None:
            typing.keepers = 0
            _cancel(typing)

    def close(self) -> None:
        """
        Nothing is sent any more.
        """
        for sid in tuple(self._conversations):
            self.forget(sid)

    @property
    def _now(self) -> float:
        return self._context.scheduler.now

    def _go_on(self, sid: str, typing: _Typing) -> None:
        """
        For those who keep it: tell it now if it is time, and plan the next time.
        """
        _cancel(typing)
        self.typing(sid)
        if not typing.is_under_way:
            self._plan(sid, typing)

    def _plan(self, sid: str, typing: _Typing) -> None:
        if not typing.keepers or typing.is_refused:
            return
        _cancel(typing)
        told_at = self._now if typing.told_at is None else typing.told_at
        due = told_at + self.interval
        if due <= self._now:  # it could not be told
            due = self._now + self.interval
        typing.timer = self._context.scheduler.call_at(due, lambda: self._go_on(sid, typing))

    async def _send(self, sid: str, typing: _Typing, url: str) -> None:
        request = UpstreamRequest(
            method="POST",
            url=url,
            headers={"Content-Type": FORM_TYPE},
            body=f"ChannelSid={quote(sid, safe='')}".encode("ascii"),
            description=f"typing in {sid}",
        )
        sent_at = self._now
        try:
            response = await self._context.exchange.once(request, reply_timeout=self.interval)
        except ConversationsError as error:
            self._failed(sid, typing, error)
        else:
            typing.told_at, typing.is_refused = sent_at, False
            answered = mapping(response.body).get("typing_timeout")
            self._answered = typing_timeout(answered) or self._answered
        finally:
            typing.is_under_way = False
            self._plan(sid, typing)

    def _failed(self, sid: str, typing: _Typing, error: ConversationsError) -> None:
        is_refused = isinstance(error, ServiceError) and error.status not in RECOVERABLE_STATUSES
        is_news = is_refused and not typing.is_refused
        typing.is_refused = is_refused
        _log.log(
            logging.WARNING if is_news else logging.DEBUG,
            "typing in %s was not told: %s (status %s, code %s)",
            *(sid, error.reason.name, error.status, error.code),
        )


def _cancel(typing: _Typing) -> None:
    if typing.timer is not None:
        typing.timer.cancel()
        typing.timer = None
