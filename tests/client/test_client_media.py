"""
Sending media, against the emulator.
"""

from __future__ import annotations

import io
import os
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from conversations import (
    Attributes,
    BadRequestError,
    CallbackListener,
    CancellationToken,
    ContentTemplateVariable,
    Conversation,
    ConversationLimits,
    ConversationsError,
    ErrorInfo,
    ErrorReason,
    InvalidArgumentError,
    MediaCategory,
    MediaError,
    MediaUploadListener,
    Message,
    MessageBuilder,
    OperationCancelledError,
    RequestTimeoutError,
    StatusListener,
    UnsentMessage,
)
from conversations.emulator import Emulator
from conversations.emulator.settings import Limits, Settings
from tests.client.people import Connect, Person
from tests.client.uploads import (
    CONTENT,
    LARGE,
    Outcome,
    Pipe,
    Reports,
    posted,
    send,
    uploads,
)
from tests.net.raw_server import in_background
from tests.timing import limit

# Sending


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "path", "text path", "file", "stream"])
def test_every_kind_of_source_arrives(
    emulator: Emulator, lunch: Conversation, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "cat.bin"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        source = {
            "bytes": CONTENT,
            "bytearray": bytearray(CONTENT),
            "path": path,
            "text path": str(path),
            "file": file,
            "stream": Pipe(CONTENT),
        }[kind]
        message = send(lunch, (source, "image/jpeg"))
        assert not file.closed

    (media,) = message.attached_media
    assert (media.content_type, media.size) == ("image/jpeg", len(CONTENT))
    assert media.category is MediaCategory.MEDIA
    assert media.filename == ("cat.bin" if "path" in kind else None)
    assert emulator.read_media(media.sid) == CONTENT
    assert emulator.get_media(media.sid).message_sid == message.sid


def test_a_message_with_media_is_complete_and_the_announced_object(
    alice: Person, bob: Person, lunch: Conversation
) -> None:
    bob.enter(lunch.sid)

    message = send(
        lunch,
        (b"one", "text/plain", "a b.txt"),
        {"source": b"two", "content_type": "image/png", "filename": "ü.png"},
        body="look",
        subject="s",
        attributes={"a": 1},
    )

    assert alice.hear("on_message_added")["message"] is message
    received = bob.hear("on_message_added")["message"]
    for each in (message, received):
        assert (each.body, each.subject) == ("look", "s")
        assert each.attributes == Attributes({"a": 1})
        assert [
            (media.filename, media.content_type, media.size) for media in each.attached_media
        ] == [("a b.txt", "text/plain", 3), ("ü.png", "image/png", 3)]
    assert received.attached_media[0].download(timeout=limit()) == b"one"
    assert received.attached_media[0] != message.attached_media[0]  # of another client
    assert message.attached_media[0] == message.attached_media[0]
    assert len({*message.attached_media, *message.attached_media}) == 2
    alice.catch_up()
    assert alice.heard.calls("on_message_updated") == []


def test_media_of_all_categories(emulator: Emulator, lunch: Conversation) -> None:
    message = send(
        lunch,
        (b"attached", "application/pdf", "a.pdf"),
        email_body={"text/plain": "plain ü", "text/html": "<b>html</b>"},
        email_history=("before", "text/plain"),
    )

    every = message.get_media_by_categories(list(MediaCategory))
    assert [(media.category.name, media.content_type) for media in every] == [
        ("MEDIA", "application/pdf"),
        ("BODY", "text/plain"),
        ("BODY", "text/html"),
        ("HISTORY", "text/plain"),
    ]
    assert message.attached_media == every[:1]
    body, html, history = (
        message.get_email_body(),
        message.get_email_body("text/html"),
        message.get_email_history(),
    )
    assert body is not None
    assert html is not None
    assert history is not None
    assert [body, html, history] == every[1:]
    assert body.download(timeout=limit()).decode() == "plain ü"
    assert html.download(timeout=limit()) == b"<b>html</b>"
    assert history.download(timeout=limit()) == b"before"
    assert message.get_email_history("text/html") is None
    assert message.get_media_by_categories([]) == []
    assert [request.query["Category"] for request in uploads(emulator)] == [
        ("media",),
        ("body",),
        ("body",),
        ("history",),
    ]


def test_a_text_message_has_no_media(lunch: Conversation) -> None:
    message = lunch.send_message("text", timeout=limit())

    assert message.attached_media == []
    assert message.get_email_body() is None
    assert message.get_temporary_content_urls_for_attached_media() == {}


def test_the_builder_does_all_of_it(emulator: Emulator, lunch: Conversation) -> None:
    reports = Reports()
    builder = lunch.prepare_message()
    assert isinstance(builder, MessageBuilder)

    message = (
        builder.set_body("b")
        .set_subject("s")
        .set_attributes([1, 2])
        .add_media(b"one", "text/plain", "1.txt", reports)
        .add_media(b"two", "text/plain", "2.txt")
        .set_email_body("replaced", "text/plain")
        .set_email_body(b"body", "text/plain")
        .set_email_history(io.BytesIO(b"history"), "text/html")
        .set_upload_attempts(2)
        .build_and_send(timeout=limit())
    )

    assert (message.body, message.subject) == ("b", "s")
    assert message.attributes.value == [1, 2]
    assert [media.filename for media in message.attached_media] == ["1.txt", "2.txt"]
    contents = [
        emulator.read_media(media.sid) for media in message.get_media_by_categories(MediaCategory)
    ]
    assert contents == [b"one", b"two", b"body", b"history"]
    assert reports.wait_for("completed") == ("completed", message.attached_media[0].sid)


def test_an_unsent_message_may_be_sent_again(emulator: Emulator, lunch: Conversation) -> None:
    builder = lunch.prepare_message().add_media(io.BytesIO(b"again"), "text/plain")
    unsent = builder.build()
    builder.set_body("later")
    assert isinstance(unsent, UnsentMessage)

    first, second = unsent.send(timeout=limit()), unsent.send(timeout=limit())

    assert first is not second
    assert (first.body, second.body) == (None, None)
    sids = [message.attached_media[0].sid for message in (first, second)]
    assert len(set(sids)) == 2
    assert [emulator.read_media(sid) for sid in sids] == [b"again", b"again"]
    assert builder.build_and_send(timeout=limit()).body == "later"


def test_a_stream_can_be_sent_once(lunch: Conversation) -> None:
    unsent = lunch.prepare_message().add_media(Pipe(b"once"), "text/plain").build()
    unsent.send(timeout=limit())

    with pytest.raises(MediaError, match="read already") as caught:
        unsent.send(timeout=limit())
    assert caught.value.code == ErrorInfo.MEDIA_UPLOAD_ERROR


def test_media_can_be_sent_inside_a_callback(
    alice: Person, bob: Person, lunch: Conversation
) -> None:
    bob.enter(lunch.sid)
    answered: list[Any] = []

    class Answering(CallbackListener[Message]):
        def on_success(self, result: Message) -> None:
            answered.append(result.conversation.send_message(media=[(b"x", "text/plain")]))
            answered.append(answered[0].attached_media[0].download())

    alice.client.submit(lunch.send_message, "ask", callback=Answering(), timeout=limit())
    message = bob.hear("on_message_added", lambda message: message.attached_media)["message"]
    alice.catch_up()

    assert answered[0].sid == message.sid
    assert answered[1] == b"x"


def test_media_can_be_sent_by_jobs_that_take_all_workers(connect: Connect, room: str) -> None:
    alice = connect("alice", worker_threads=1)
    lunch = alice.enter(room)
    jobs = [
        alice.client.submit(send, lunch, (CONTENT, "text/plain", f"{number}.txt"))
        for number in range(3)
    ]

    messages = [job.result(limit()) for job in jobs]

    assert [message.attached_media[0].download(timeout=limit()) for message in messages] == [
        CONTENT
    ] * 3


def test_many_threads_send_at_the_same_time(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    contents = [bytes([number]) * 50_000 for number in range(8)]
    sending = [
        in_background(lambda content=content: send(lunch, (content, "text/plain")))
        for content in contents
    ]

    messages = [future.result(limit()) for future in sending]

    assert [emulator.read_media(m.attached_media[0].sid) for m in messages] == contents


def test_a_large_file_is_sent_and_fetched_piece_by_piece(
    emulator: Emulator, lunch: Conversation, tmp_path: Path
) -> None:
    path, back = tmp_path / "large", tmp_path / "back"
    path.write_bytes(os.urandom(4 * 1024 * 1024))
    reports = Reports()

    message = send(lunch, (path, "application/octet-stream", None, reports))
    message.attached_media[0].download_to(back, timeout=limit())

    assert back.read_bytes() == path.read_bytes()
    reports.wait_for("completed")
    assert reports.counts == sorted(set(reports.counts))
    assert reports.counts[-1] == path.stat().st_size


def test_a_content_template_goes_along(emulator: Emulator, lunch: Conversation) -> None:
    template = emulator.add_content_template(
        "greeting", variants={"twilio/text": {"body": "Hello {{1}}"}}, variables={"1": "x"}
    )

    for variables in ({"1": "Bob"}, [ContentTemplateVariable("1", "Bob")]):
        message = lunch.send_message(
            content_sid=template.sid, content_variables=variables, timeout=limit()
        )
        assert message.content_sid == template.sid
        assert message.body == "Hello Bob"
    assert (
        lunch.prepare_message()
        .set_content_template(template.sid)
        .build_and_send(timeout=limit())
        .content_sid
        == template.sid
    )


# What is refused


@pytest.mark.parametrize(
    "arguments",
    [
        {"media": b"bytes"},
        {"media": "cat.jpg"},
        {"media": 5},
        {"media": [b"bytes"]},
        {"media": [(b"x",)]},
        {"media": [(b"x", "text/plain", None, None, None)]},
        {"media": [{"source": b"x"}]},
        {"media": [{"source": b"x", "content_type": "a/b", "name": "x"}]},
        {"media": [(b"", "text/plain")]},
        {"media": [(b"x", "")]},
        {"media": [(b"x", None)]},
        {"media": [(b"x", "text/plain\r\nX-Evil: 1")]},
        {"media": [(b"x", "text/plän")]},
        {"media": [(b"x", " text/plain")]},
        {"media": [(b"x", "text/plain", "")]},
        {"media": [(b"x", "text/plain", 5)]},
        {"media": [(b"x", "text/plain", "\ud800")]},
        {"media": [(b"x", "text/plain", None, object())]},
        {"media": [("/no/such/file", "text/plain")]},
        {"media": [(io.StringIO("text"), "text/plain")]},
        {"media": [(5, "text/plain")]},
        {"email_body": ""},
        {"email_body": "\ud800"},
        {"email_body": ("x",)},
        {"email_body": {"text/plain": b""}},
        {"email_history": ("x", "text/plain", None, None)},
        {"content_sid": ""},
        {"content_sid": 5},
        {"content_sid": "HX1", "content_variables": {"": "x"}},
        {"content_sid": "HX1", "content_variables": {"a": 1}},
        {"content_sid": "HX1", "content_variables": ["a"]},
        {"content_variables": {"a": "b"}},
        {"media": [(b"x", "text/plain")], "body": 5},
        {"media": [(b"x", "text/plain")], "subject": ""},
        {"media": [(b"x", "text/plain")], "attributes": {1: 2}},
        {"media": [(b"x", "text/plain")], "timeout": -1},
        {},
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    emulator: Emulator, lunch: Conversation, arguments: dict[str, Any]
) -> None:
    emulator.clear_requests()

    with pytest.raises(InvalidArgumentError):
        lunch.send_message(**arguments)

    assert emulator.requests == ()


def test_wrong_steps_are_refused(lunch: Conversation) -> None:
    builder = lunch.prepare_message()
    wrong: list[Any] = [
        lambda: builder.set_body(5),  # type: ignore[arg-type]
        lambda: builder.set_subject(""),
        lambda: builder.set_upload_attempts(0),
        lambda: builder.set_upload_attempts(True),
        lambda: builder.set_content_template("HX1", {"a": None}),  # type: ignore[dict-item]
        builder.build,
        lambda: builder.set_upload_attempts(3).build(),
    ]

    for step in wrong:
        with pytest.raises(InvalidArgumentError):
            step()
    assert builder.set_body("").build()
    with pytest.raises(InvalidArgumentError):
        builder.build().send_in_background(object())  # type: ignore[arg-type]


def test_a_misspelt_upload_listener_is_refused(lunch: Conversation) -> None:
    class Misspelt(MediaUploadListener):
        def on_finished(self) -> None:
            pass

    with pytest.raises(InvalidArgumentError, match="on_finished"):
        lunch.prepare_message().add_media(b"x", "text/plain", listener=Misspelt())


@pytest.fixture
def strict() -> Iterator[Emulator]:
    limits = Limits(media_attachments=2, media_megabytes=1, media_total_megabytes=1)
    settings = Settings(
        limits=limits,
        email_body_types=("text/plain",),
        email_history_types=("text/html",),
        refused_media_types=("application/x-evil",),
    )
    with Emulator(settings=settings) as running:
        yield running


@pytest.fixture
def strict_lunch(strict: Emulator) -> Iterator[Conversation]:
    from conversations import ConversationsClient

    room = strict.create_conversation(friendly_name="room", identities=["alice"]).sid
    with ConversationsClient.create(
        strict.token("alice"), strict.properties(), timeout=limit()
    ) as client:
        conversation = client.get_conversation(room, timeout=limit())
        conversation.wait_for_synchronization(timeout=limit())
        yield conversation


def test_the_limits_can_be_read(strict_lunch: Conversation) -> None:
    assert strict_lunch.limits == ConversationLimits(
        media_attachments_count_limit=2,
        media_attachment_size_limit_in_mb=1,
        media_attachments_total_size_limit_in_mb=1,
        email_bodies_allowed_content_types=["text/plain"],
        email_histories_allowed_content_types=["text/html"],
    )
    strict_lunch.limits.email_bodies_allowed_content_types.append("x")
    assert strict_lunch.limits.email_bodies_allowed_content_types == ["text/plain"]


def test_what_exceeds_the_limits_is_refused_in_this_order(
    strict: Emulator, strict_lunch: Conversation, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(3_000_000_000)  # more than 31 bits, and none of it on the disk
    strict.clear_requests()
    mistakes: list[tuple[Any, int, ErrorReason]] = [
        (
            lambda b: b.add_media(large, "a/b"),
            ErrorInfo.MEDIA_UPLOAD_ERROR,
            ErrorReason.MEDIA_UPLOAD_ERROR,
        ),
        (
            lambda b: b.add_media(b"2", "a/b").add_media(b"3", "a/b"),
            ErrorInfo.TOO_MANY_ATTACHMENTS,
            ErrorReason.TOO_MANY_ATTACHMENTS,
        ),
        (
            lambda b: b.set_email_history("h", "text/plain"),
            ErrorInfo.UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE,
            ErrorReason.UNSUPPORTED_EMAIL_HISTORY_CONTENT_TYPE,
        ),
        (
            lambda b: b.set_email_body("b", "text/html"),
            ErrorInfo.UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE,
            ErrorReason.UNSUPPORTED_EMAIL_BODY_CONTENT_TYPE,
        ),
    ]

    builder = strict_lunch.prepare_message()
    for make, code, reason in mistakes:  # each one counts before those that were made before
        make(builder)
        with pytest.raises(ConversationsError) as caught:
            builder.build()
        assert (caught.value.code, caught.value.reason) == (code, reason)
        expected = MediaError if reason is ErrorReason.MEDIA_UPLOAD_ERROR else InvalidArgumentError
        assert isinstance(caught.value, expected)

    assert strict.requests == ()


def test_all_attachments_together_have_a_limit(strict_lunch: Conversation) -> None:
    half = bytes(600 * 1024)
    builder = strict_lunch.prepare_message().add_media(half, "a/b")
    builder.build()

    with pytest.raises(MediaError, match="all media") as caught:
        builder.add_media(half, "a/b").build()
    assert caught.value.code == ErrorInfo.MEDIA_UPLOAD_ERROR


def test_a_stream_that_is_too_long_is_noticed_on_its_way(strict_lunch: Conversation) -> None:
    with pytest.raises(MediaError, match="more than 1048576 bytes"):
        send(strict_lunch, (Pipe(bytes(2 * 1024 * 1024)), "a/b"))


def test_an_empty_stream_is_noticed_before_anything_is_sent(
    emulator: Emulator, lunch: Conversation
) -> None:
    emulator.clear_requests()

    with pytest.raises(MediaError, match="is empty"):
        send(lunch, (Pipe(b""), "text/plain"))
    assert emulator.requests == ()


# Failures


@pytest.mark.parametrize("failing", [1, 2])
def test_when_an_upload_fails_nothing_is_posted(
    strict: Emulator, strict_lunch: Conversation, failing: int
) -> None:
    reports = [Reports(), Reports()]
    types = ["text/plain", "text/plain"]
    types[failing - 1] = "application/x-evil"
    strict.clear_requests()

    with pytest.raises(MediaError) as caught:
        send(
            strict_lunch,
            *((CONTENT, kind, None, each) for kind, each in zip(types, reports, strict=True)),
            body="never",
        )

    error = caught.value
    assert (error.reason, error.code) == (ErrorReason.MEDIA_UPLOAD_ERROR, -12)
    assert error.operation == f"send_message to {strict_lunch.sid}"
    assert posted(strict) == []
    info = reports[failing - 1].wait_for("failed")[1]
    assert (info.reason, info.code) == (ErrorReason.MEDIA_UPLOAD_ERROR, -12)
    assert len(uploads(strict)) == failing
    assert [what[0] for what in reports[1].told][:1] == ["started"] * (failing - 1)


def test_a_refused_upload_tells_what_the_service_said(
    emulator: Emulator, lunch: Conversation
) -> None:
    emulator.fail_requests("*/Media", status=400, code=50512)

    with pytest.raises(MediaError) as caught:
        send(lunch, (b"x", "text/plain"))

    error = caught.value
    assert (error.status, error.code) == (400, ErrorInfo.MEDIA_UPLOAD_ERROR)
    assert isinstance(error.__cause__, BadRequestError)
    assert error.__cause__.code == 50512
    assert "50512" in str(error)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (type(again), str(again)) == (MediaError, str(error))


def test_attempts_are_made_as_often_as_it_was_said(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", backoff_min=0.01, backoff_max=0.01)
    lunch = alice.enter(room)
    emulator.fail_requests("*/Media", status=503, code=20503, times=1)
    emulator.interrupt_media("upload", after_bytes=10, times=1)
    reports, file = Reports(), io.BytesIO(CONTENT)

    message = (
        lunch.prepare_message()
        .add_media(file, "text/plain", listener=reports)
        .set_upload_attempts(3)
        .build_and_send(timeout=limit())
    )

    assert emulator.read_media(message.attached_media[0].sid) == CONTENT
    assert len(uploads(emulator)) == 3
    reports.wait_for("completed")
    assert [what[0] for what in reports.told if what[0] != "progress"] == ["started", "completed"]
    assert not file.closed


def test_a_source_that_breaks(lunch: Conversation) -> None:
    class Broken(Pipe):
        def read(self, size: int = -1) -> bytes:
            raise OSError("canary")

    with pytest.raises(MediaError, match="cannot be read: OSError") as caught:
        send(lunch, (Broken(b""), "text/plain"))
    assert "canary" not in str(caught.value)


def test_a_file_that_has_gone_meanwhile(lunch: Conversation, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    unsent = lunch.prepare_message().add_media(path, "text/plain").build()
    path.unlink()

    with pytest.raises(MediaError, match="FileNotFoundError"):
        unsent.send(timeout=limit())


def test_progress_keeps_a_call_alive_that_has_no_timeout_of_its_own(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", command_timeout=limit(1.0))
    lunch = alice.enter(room)
    content = bytes(40 * 1024 * 1024)  # much more than the system's buffers take at once
    with emulator.slow_media("upload", 16 * 1024 * 1024):
        message = lunch.send_message(media=[(content, "text/plain")])

    assert message.attached_media[0].size == len(content)


def test_a_standstill_ends_a_call(emulator: Emulator, connect: Connect, room: str) -> None:
    alice = connect("alice", command_timeout=0.5)
    lunch = alice.enter(room)
    reports = Reports()
    with (
        emulator.hold_media("upload", after_bytes=100),
        pytest.raises(RequestTimeoutError, match=r"no progress for 0\.5 s"),
    ):
        lunch.send_message(media=[(LARGE, "text/plain", None, reports)])

    assert reports.wait_for("failed")[1].reason is ErrorReason.TIMEOUT
    assert posted(emulator) == []


def test_a_timeout_of_its_own_ends_a_call(emulator: Emulator, lunch: Conversation) -> None:
    with (
        emulator.hold_media("upload", after_bytes=100),
        pytest.raises(RequestTimeoutError, match=r"no result within 0\.3 s") as caught,
    ):
        lunch.send_message(media=[(LARGE, "text/plain")], timeout=0.3)

    assert not caught.value.may_have_been_sent


def test_a_call_without_media_has_one_time_for_everything(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", command_timeout=0.5)
    message = send(alice.enter(room), (b"x", "text/plain"))
    (media,) = message.attached_media
    emulator.hold_requests("*/Media/*")

    with pytest.raises(RequestTimeoutError, match=r"no result within 0\.5 s"):
        media.get_temporary_content_url()


def test_a_call_that_never_got_a_worker_ends_in_time(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", worker_threads=1)
    lunch = alice.enter(room)
    gate = threading.Event()
    busy = alice.client.submit(gate.wait, limit())
    emulator.clear_requests()

    with pytest.raises(RequestTimeoutError, match="a free worker thread"):
        lunch.send_message(media=[(b"x", "a/b")], timeout=0.01)
    gate.set()

    assert busy.result(limit())
    assert alice.client.submit(int).result(limit()) == 0
    assert emulator.requests == ()


# In the background


def test_sending_in_the_background(alice: Person, lunch: Conversation) -> None:
    outcome, reports = Outcome(), Reports()
    unsent = lunch.prepare_message().add_media(b"x", "text/plain", listener=reports).build()

    token = unsent.send_in_background(outcome)

    assert isinstance(token, CancellationToken)
    message = outcome.wait()
    assert isinstance(message, Message)
    assert alice.hear("on_message_added")["message"] is message
    token.cancel()
    token.cancel()
    alice.catch_up()
    assert outcome.calls == [message]
    assert {name.rpartition("-")[0] for name in reports.threads} == {"conversations-listeners"}


def test_a_status_listener_and_nobody_at_all_will_do(bob: Person, lunch: Conversation) -> None:
    bob.enter(lunch.sid)
    told = threading.Event()

    class Status(StatusListener):
        def on_success(self) -> None:
            told.set()

    lunch.prepare_message().set_body("one").build().send_in_background(Status())
    assert told.wait(limit())
    lunch.prepare_message().set_body("two").build().send_in_background()

    bob.hear("on_message_added", lambda message: message.body == "two")


def test_cancelling_breaks_an_upload_off(emulator: Emulator, lunch: Conversation) -> None:
    outcome, reports = Outcome(), Reports()
    builder = lunch.prepare_message().add_media(LARGE, "text/plain", listener=reports)
    with emulator.hold_media("upload", after_bytes=100) as held:
        token = builder.build().send_in_background(outcome)
        held.wait_until_held(timeout=limit())
        token.cancel()

        info = outcome.wait()
        assert info.reason is ErrorReason.CANCELLED
        assert reports.told[-1][0] == "failed"  # it was told before
        assert reports.told[-1][1].reason is ErrorReason.CANCELLED
    assert posted(emulator) == []
    assert len(outcome.calls) == 1


def test_cancelling_before_a_worker_is_free(
    emulator: Emulator, connect: Connect, room: str
) -> None:
    alice = connect("alice", worker_threads=1)
    lunch = alice.enter(room)
    gate, outcome = threading.Event(), Outcome()
    busy = alice.client.submit(gate.wait, limit())
    emulator.clear_requests()

    token = lunch.prepare_message().add_media(b"x", "a/b").build().send_in_background(outcome)
    token.cancel()

    assert outcome.wait().reason is ErrorReason.CANCELLED
    gate.set()
    assert busy.result(limit())
    assert alice.client.submit(int).result(limit()) == 0  # behind the cancelled one
    assert emulator.requests == ()


def test_a_message_on_its_way_is_not_cancelled(emulator: Emulator, lunch: Conversation) -> None:
    outcome = Outcome()
    with emulator.hold_replies("*/Messages", method="POST") as held:
        token = lunch.prepare_message().set_body("b").build().send_in_background(outcome)
        held.wait_until_held(timeout=limit())
        token.cancel()

    assert outcome.wait().body == "b"


def test_cancelling_the_future_of_a_job_breaks_its_upload_off(
    emulator: Emulator, alice: Person, lunch: Conversation
) -> None:
    with emulator.hold_media("upload", after_bytes=100) as held:
        job = alice.client.submit(send, lunch, (LARGE, "text/plain"))
        held.wait_until_held(timeout=limit())

        assert job.cancel()
        error = job.exception(limit())

    assert isinstance(error, OperationCancelledError)
    assert isinstance(error, CancelledError)
    assert error.reason is ErrorReason.CANCELLED
    assert posted(emulator) == []
