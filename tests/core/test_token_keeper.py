"""
The token keeper alone: when it announces, asks, and gives up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from conversations._core.scheduler import Scheduler
from conversations._core.token_keeper import RETRY, TokenKeeper, provider_error
from conversations._core.twilsock.config import MAX_TOKEN_LENGTH
from conversations.errors import (
    ConversationsError,
    ErrorInfo,
    InvalidArgumentError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
)
from tests.core.simulated_world import START, TIME_OF_DAY, SteadyRandom, make_token


class Keeping:
    """
    A keeper, and what it says.
    """

    def __init__(self, *, margin: float = 120.0, has_provider: bool = True) -> None:
        self.scheduler = Scheduler(START)
        self.said: list[Any] = []
        self.keeper = TokenKeeper(
            self.scheduler,
            rng=SteadyRandom(1),
            clock_offset=TIME_OF_DAY - START,
            margin=margin,
            has_provider=has_provider,
            ask=lambda: self.said.append("ask"),
            use=lambda token: self.said.append(("use", token)),
            about_to_expire=lambda: self.said.append("about to expire"),
            report=lambda error: self.said.append(type(error).__name__),
        )

    def at(self, seconds: float) -> list[Any]:
        """
        What it has said until that time.
        """
        self.scheduler.run(START + seconds)
        said, self.said = self.said, []
        return said


@pytest.mark.parametrize(
    ("lifetime", "margin", "lead"),
    [(3600, 120.0, 120.0), (300, 120.0, 60.0), (300, 10.0, 10.0), (300, 0.0, 0.0)],
)
def test_the_announcement_comes_before_the_end(lifetime: float, margin: float, lead: float) -> None:
    keeping = Keeping(margin=margin)
    keeping.keeper.now_in_use(make_token(lifetime=lifetime))
    assert keeping.at(lifetime - lead - 1) == []
    assert keeping.at(lifetime - lead) == ["about to expire", "ask"]
    assert keeping.at(10_000) == []


def test_the_lifetime_counts_from_the_issue_else_from_now() -> None:
    for claims in ({"iat": None, "nbf": TIME_OF_DAY - 300}, {"iat": TIME_OF_DAY - 300}):
        keeping = Keeping()
        keeping.keeper.now_in_use(make_token(lifetime=200, **claims))
        assert keeping.at(99) == []  # a fifth of 500 s
        assert keeping.at(100) == ["about to expire", "ask"]
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token(lifetime=200, iat=None))
    assert keeping.at(159) == []
    assert keeping.at(160) == ["about to expire", "ask"]
    # A clock that is behind does not make the lifetime longer than it looks.
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token(lifetime=200, iat=TIME_OF_DAY + 100))
    assert keeping.at(159) == []


def test_a_token_that_is_over_already_is_announced_at_once() -> None:
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token(lifetime=-50))
    assert keeping.at(0) == ["about to expire", "ask"]


def test_a_token_without_an_end_is_never_announced() -> None:
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token(exp=None))
    assert keeping.keeper.expires_at is None
    assert keeping.at(1_000_000) == []


def test_what_the_token_says_can_be_read() -> None:
    keeping = Keeping()
    assert keeping.keeper.expires_at is None
    token = make_token(lifetime=100)
    keeping.keeper.now_in_use(token)
    assert keeping.keeper.expires_at == datetime.fromtimestamp(TIME_OF_DAY + 100, UTC)
    assert keeping.keeper.is_current(token)
    assert token not in repr(keeping.keeper)


def test_each_token_is_announced_once() -> None:
    keeping = Keeping(has_provider=False)
    keeping.keeper.now_in_use(make_token(lifetime=1000))
    keeping.keeper.announce()
    keeping.keeper.announce()
    assert keeping.at(2000) == ["about to expire"]
    keeping.keeper.now_in_use(make_token(lifetime=1000, issued=1))
    keeping.keeper.now_in_use(make_token(lifetime=1000, issued=1))  # nothing new
    assert keeping.at(2000) == ["about to expire"]


def test_a_new_token_takes_the_announcement_of_the_old_one_back() -> None:
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token(lifetime=1000))
    keeping.keeper.now_in_use(make_token(lifetime=5000, issued=1))
    assert keeping.at(4000) == []


def test_it_asks_one_question_at_a_time() -> None:
    keeping = Keeping()
    keeping.keeper.want()
    keeping.keeper.want()
    assert keeping.at(0) == ["ask"]
    token = make_token()
    assert keeping.keeper.provided(token) is None
    assert keeping.at(0) == [("use", token)]
    keeping.keeper.want()
    assert keeping.at(0) == ["ask"]


def test_without_a_provider_nobody_is_asked() -> None:
    keeping = Keeping(has_provider=False)
    keeping.keeper.want()
    keeping.keeper.rejected()
    assert keeping.at(100) == []


def test_failures_are_told_and_the_next_question_comes_later_and_later() -> None:
    keeping = Keeping()
    keeping.keeper.want()
    assert keeping.at(0) == ["ask"]
    now = 0.0
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        keeping.keeper.failed(TokenError())
        assert keeping.at(now) == ["TokenError"]
        assert keeping.at(now + pause - 0.01) == []
        now += pause
        assert keeping.at(now) == ["ask"]
    assert RETRY.cap == 60.0
    keeping.keeper.provided(make_token())
    keeping.keeper.accepted()
    keeping.at(now)
    keeping.keeper.want()
    assert keeping.at(now) == ["ask"]


def test_rejections_slow_the_questions_down_too() -> None:
    keeping = Keeping()
    for number, pause in enumerate((0.0, 1.0, 2.0, 4.0)):
        keeping.keeper.now_in_use(make_token(issued=number, lifetime=90_000))
        began = keeping.scheduler.now - START
        keeping.keeper.rejected()
        if pause:
            assert keeping.at(began + pause - 0.01) == []
        assert keeping.at(began + pause) == ["ask"]


def test_a_token_given_meanwhile_takes_the_question_back() -> None:
    keeping = Keeping()
    keeping.keeper.want()
    keeping.keeper.failed(TokenError())
    keeping.at(0)
    keeping.keeper.now_in_use(make_token())
    assert keeping.at(100) == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, InvalidArgumentError),
        (3, InvalidArgumentError),
        ("", InvalidArgumentError),
        ("a.b", TokenRejectedError),
        (make_token(lifetime=0), TokenExpiredError),
        (make_token("bob"), TokenError),
        (make_token(), TokenError),  # the one in use
    ],
)
def test_what_cannot_be_used_is_told(answer: Any, error: type[ConversationsError]) -> None:
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token())
    keeping.keeper.accepted()
    raised = keeping.keeper.provided(answer)
    assert type(raised) is error
    assert keeping.at(0) == [error.__name__]


def test_the_same_token_will_do_while_the_server_has_not_decided() -> None:
    keeping = Keeping()
    token = make_token()
    keeping.keeper.now_in_use(token)
    keeping.keeper.not_heard()
    assert keeping.at(1) == ["ask"]
    assert keeping.keeper.provided(token) is None
    assert keeping.at(1) == [("use", token)]
    keeping.keeper.rejected()
    assert type(keeping.keeper.provided(token)) is TokenError


def test_check_says_what_is_wrong() -> None:
    keeping = Keeping()
    keeping.keeper.check(make_token("bob"))  # nobody's is in use yet
    keeping.keeper.now_in_use(make_token("alice"))
    with pytest.raises(TokenError) as mismatch:
        keeping.keeper.check(make_token("bob"))
    assert mismatch.value.code == ErrorInfo.MISMATCHING_TOKEN_UPDATE
    with pytest.raises(InvalidArgumentError, match=str(MAX_TOKEN_LENGTH)):
        keeping.keeper.check(make_token(padding="x" * MAX_TOKEN_LENGTH))
    keeping.keeper.check(make_token("alice", issued=1))


def test_a_closed_keeper_says_nothing_more() -> None:
    keeping = Keeping()
    keeping.keeper.now_in_use(make_token(lifetime=100))
    keeping.keeper.want()
    keeping.keeper.failed(TokenError())
    keeping.at(0)
    keeping.keeper.close()
    assert keeping.keeper.provided(make_token(issued=1)) is None
    keeping.keeper.failed(TokenError())
    keeping.keeper.want()
    assert keeping.at(1000) == []


def test_errors_of_providers() -> None:
    cause = OSError("secret words")
    error = provider_error(cause)
    assert type(error) is TokenError
    assert error.__cause__ is cause
    assert "secret words" not in str(error)
    for own in (TokenExpiredError("x"), TokenRejectedError("x")):
        assert provider_error(own) is own
