"""
Errors: one tree, with everything a program needs to decide what to do.
"""

from __future__ import annotations

import concurrent.futures
import copy
import inspect
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import errors
from conversations.enums import ErrorReason
from conversations.errors import (
    BadRequestError,
    ClientForkedError,
    ClientShutdownError,
    ClientStateError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    ConversationsError,
    ErrorInfo,
    ForbiddenError,
    InvalidArgumentError,
    MediaError,
    NotFoundError,
    NotReadyError,
    OperationCancelledError,
    PayloadTooLargeError,
    RateLimitedError,
    ReentrancyError,
    RequestTimeoutError,
    ServerError,
    ServiceError,
    TlsError,
    TokenError,
    TokenExpiredError,
    TokenRejectedError,
    TransportError,
    UnauthorizedError,
    service_error,
)

ALL_CLASSES = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, ConversationsError)
]

PARENTS = {
    InvalidArgumentError: (ConversationsError, ValueError),
    ClientStateError: (ConversationsError, RuntimeError),
    ClientShutdownError: (ClientStateError,),
    ClientForkedError: (ClientStateError,),
    ReentrancyError: (ClientStateError,),
    NotReadyError: (ClientStateError,),
    TransportError: (ConversationsError, ConnectionError),
    ConnectError: (TransportError,),
    TlsError: (TransportError,),
    ConnectionLostError: (TransportError,),
    RequestTimeoutError: (ConversationsError, TimeoutError),
    TokenError: (ConversationsError,),
    TokenRejectedError: (TokenError,),
    TokenExpiredError: (TokenError,),
    ServiceError: (ConversationsError,),
    BadRequestError: (ServiceError,),
    UnauthorizedError: (ServiceError,),
    ForbiddenError: (ServiceError,),
    NotFoundError: (ServiceError,),
    ConflictError: (ServiceError,),
    PayloadTooLargeError: (ServiceError,),
    RateLimitedError: (ServiceError,),
    ServerError: (ServiceError,),
    MediaError: (ConversationsError,),
    OperationCancelledError: (ConversationsError, concurrent.futures.CancelledError),
}

error_infos = st.builds(
    ErrorInfo,
    reason=st.sampled_from(ErrorReason),
    status=st.integers(0, 599),
    code=st.integers(-12, 60000),
    message=st.text(),
    description=st.text(),
    more_info=st.none() | st.text(),
    request_id=st.none() | st.text(),
)


def test_the_tree_is_the_documented_one():
    assert set(ALL_CLASSES) == {ConversationsError, *PARENTS}
    for error_class, parents in PARENTS.items():
        assert error_class.__bases__ == parents


def test_everything_exported_exists_and_every_error_is_exported():
    assert {error_class.__name__ for error_class in ALL_CLASSES} | {"ErrorInfo"} == set(
        errors.__all__
    )


def test_errors_are_caught_as_the_standard_ones_they_also_are():
    with pytest.raises(TimeoutError):
        raise RequestTimeoutError
    with pytest.raises(ConnectionError):
        raise TlsError
    with pytest.raises(ValueError, match="page_size"):
        raise InvalidArgumentError("page_size must be at most 100")
    with pytest.raises(concurrent.futures.CancelledError):
        raise OperationCancelledError


@pytest.mark.parametrize(
    ("error_class", "reason", "code"),
    [
        (ConversationsError, ErrorReason.UNKNOWN, 0),
        (ClientShutdownError, ErrorReason.CLIENT_SHUTDOWN, 0),
        (NotReadyError, ErrorReason.UNKNOWN, -6),
        (ConnectError, ErrorReason.NETWORK_BECAME_UNREACHABLE, 0),
        (TlsError, ErrorReason.SSL_HANDSHAKE_ERROR, 0),
        (ConnectionLostError, ErrorReason.TRANSPORT_DISCONNECTED, 0),
        (RequestTimeoutError, ErrorReason.TIMEOUT, 0),
        (TokenError, ErrorReason.UPDATE_TOKEN_ERROR, 0),
        (TokenRejectedError, ErrorReason.UNAUTHORIZED, 0),
        (TokenExpiredError, ErrorReason.TOKEN_EXPIRED, 0),
        (OperationCancelledError, ErrorReason.CANCELLED, 0),
    ],
)
def test_a_class_without_further_knowledge_has_its_own_reason(error_class, reason, code):
    error = error_class("words")
    assert (error.reason, error.status, error.code) == (reason, 0, code)
    assert error.error_info.message == "words"


def test_words_can_come_with_a_reason_and_a_code():
    error = TlsError("wrong host name", reason=ErrorReason.HOSTNAME_UNVERIFIED)
    assert error.reason is ErrorReason.HOSTNAME_UNVERIFIED
    missing = NotFoundError("no such message", code=ErrorInfo.CANNOT_GET_MESSAGE_BY_INDEX)
    assert (missing.code, missing.status) == (-4, 0)


def test_the_codes_of_the_client_are_those_of_android():
    assert (
        ErrorInfo.CLIENT_ERROR,
        ErrorInfo.CANNOT_GET_MESSAGE_BY_INDEX,
        ErrorInfo.MISMATCHING_TOKEN_UPDATE,
        ErrorInfo.CONVERSATION_NOT_SYNCHRONIZED,
        ErrorInfo.CONVERSATION_NOT_FOUND,
        ErrorInfo.UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE,
        ErrorInfo.UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE,
        ErrorInfo.TOO_MANY_ATTACHMENTS,
        ErrorInfo.MEDIA_UPLOAD_ERROR,
    ) == (0, -4, -5, -6, -8, -9, -10, -11, -12)


@pytest.mark.parametrize(
    ("status", "error_class", "reason", "is_recoverable"),
    [
        (400, BadRequestError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (401, UnauthorizedError, ErrorReason.UNAUTHORIZED, False),
        (403, ForbiddenError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (404, NotFoundError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (409, ConflictError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (412, ConflictError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (413, PayloadTooLargeError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (418, ServiceError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (429, RateLimitedError, ErrorReason.TOO_MANY_REQUESTS, True),
        (500, ServerError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (502, ServerError, ErrorReason.COMMAND_RECOVERABLE_ERROR, True),
        (503, ServerError, ErrorReason.COMMAND_RECOVERABLE_ERROR, True),
        (504, ServerError, ErrorReason.COMMAND_RECOVERABLE_ERROR, True),
        (599, ServerError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (600, ServiceError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
        (302, ServiceError, ErrorReason.COMMAND_PERMANENT_ERROR, False),
    ],
)
def test_the_status_of_an_answer_decides_about_the_class(
    status, error_class, reason, is_recoverable
):
    error = service_error(status)
    assert type(error) is error_class
    assert (error.status, error.reason) == (status, reason)
    assert error.error_info.is_recoverable is is_recoverable


def test_an_answer_keeps_what_the_server_said():
    error = service_error(
        429,
        code=50063,
        description="too fast",
        request_id="RQ1",
        retry_after=2.5,
        reason=ErrorReason.OPEN_COLLECTION_ERROR,
        operation="add_participant to CH1",
    )
    assert error.retry_after == 2.5
    assert error.error_info == ErrorInfo(
        reason=ErrorReason.OPEN_COLLECTION_ERROR,
        status=429,
        code=50063,
        message="Too Many Requests",
        description="too fast",
        more_info="https://www.twilio.com/docs/errors/50063",
        request_id="RQ1",
    )
    assert service_error(404, more_info="https://x").error_info.more_info == "https://x"


def test_only_positive_codes_have_an_explanation_by_default():
    assert ErrorInfo(code=50350).more_info == "https://www.twilio.com/docs/errors/50350"
    assert ErrorInfo().more_info is None
    assert ErrorInfo(code=-4).more_info is None


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_some_statuses_are_recoverable_whatever_the_reason(status):
    assert ErrorInfo(status=status).is_recoverable


@pytest.mark.parametrize("reason", ErrorReason)
def test_some_reasons_are_recoverable_whatever_the_status(reason):
    recoverable = {"TIMEOUT", "TRANSPORT_DISCONNECTED", "NETWORK_BECAME_UNREACHABLE"} | {
        "TOO_MANY_REQUESTS",
        "COMMAND_RECOVERABLE_ERROR",
    }
    assert ErrorInfo(reason=reason).is_recoverable is (reason.name in recoverable)


def test_text_names_operation_reason_status_code_and_words_in_this_order():
    error = service_error(
        403,
        code=50107,
        description="User unauthorized for command",
        operation="send_message to CH1",
    )
    assert str(error) == (
        "send_message to CH1: COMMAND_PERMANENT_ERROR, status 403, code 50107: Forbidden: "
        "User unauthorized for command"
    )


def test_text_leaves_out_what_is_not_known():
    assert str(InvalidArgumentError("page_size must be at most 100")) == (
        "page_size must be at most 100"
    )
    assert str(InvalidArgumentError()) == "InvalidArgumentError"
    assert str(ConversationsError("x", operation="join CH1")) == "join CH1: x"
    assert str(ErrorInfo(message="same", description="same")) == "same"


def test_the_operation_can_be_named_later():
    error = RequestTimeoutError("no answer within 10 s")
    error.operation = "join CH1"
    assert str(error) == "join CH1: TIMEOUT: no answer within 10 s"


def test_errors_say_whether_the_request_may_have_been_sent():
    assert ConnectionLostError("x").may_have_been_sent is True
    assert RequestTimeoutError("x").may_have_been_sent is False
    assert RequestTimeoutError("x", may_have_been_sent=True).may_have_been_sent is True


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error_class", ALL_CLASSES)
def test_every_error_survives_pickling(error_class, protocol):
    info = ErrorInfo(reason=ErrorReason.CANNOT_PARSE, status=500, code=1, message="m")
    error = error_class(info, operation="leave CH1")
    error.add_note("a note")
    twin = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301
    assert type(twin) is error_class
    assert (str(twin), twin.error_info, twin.operation) == (str(error), info, "leave CH1")
    assert vars(twin) == vars(error)


@given(info=error_infos, seconds=st.none() | st.floats(allow_nan=False))
def test_pickling_keeps_all_that_is_known(info, seconds):
    error = RateLimitedError(info, retry_after=seconds)
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (twin.error_info, twin.retry_after, str(twin)) == (info, seconds, str(error))
    late = RequestTimeoutError(info, may_have_been_sent=True)
    assert pickle.loads(pickle.dumps(late)).may_have_been_sent is True  # noqa: S301


def test_a_cause_that_cannot_be_pickled_stays_behind():
    class LocalError(Exception):
        pass

    info = ErrorInfo(message="m", cause=LocalError())
    twin = pickle.loads(pickle.dumps(ConversationsError(info)))  # noqa: S301
    assert twin.error_info == info
    assert twin.error_info.cause is None


def test_a_copy_of_an_error_is_independent_but_equal_in_content():
    error = NotFoundError("gone", code=-8, operation="get_conversation x")
    twin = copy.copy(error)
    twin.operation = "other"
    assert twin.error_info is error.error_info
    assert error.operation == "get_conversation x"


def test_the_cause_is_neither_shown_nor_compared():
    info = ErrorInfo(cause=KeyError("hidden"))
    assert "hidden" not in repr(info)
    assert info == ErrorInfo()
    assert hash(info) == hash(ErrorInfo())


def test_error_info_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ErrorInfo().status = 1


def test_callbacks_are_told_about_any_exception():
    info = ErrorInfo(message="m")
    assert ErrorInfo.of(NotFoundError(info)) is info
    foreign = KeyError("name")
    told = ErrorInfo.of(foreign)
    assert (told.reason, told.message, told.cause) == (ErrorReason.UNKNOWN, "'name'", foreign)
    assert ErrorInfo.of(RuntimeError()).message == "RuntimeError"
