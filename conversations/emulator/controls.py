"""
What a test can make an emulator do to its clients.

Everything here may be called from any thread and has taken effect when it returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fault_kinds import (
    Backoff,
    ConnectionRefusal,
    DamagedContinuation,
    FailedRequest,
    Hold,
    HoldKind,
    InitRefusal,
    ReplayCut,
    Throttle,
    TwilsockStatus,
)
from .handles import FaultHandle, HoldHandle, hold, order
from .remote import Remote

if TYPE_CHECKING:
    from .backend import Backend


class Controls(Remote):
    """
    The controls of an emulator.

    *identity* always means: only this user's connections; all of them without it. *times*
    means: so often, or until the returned handle is lifted.
    """

    # Connections -----------------------------------------------------------------------------

    def drop_connections(self, identity: str | None = None, *, close: bool | int = False) -> int:
        """
        End connections below Twilsock.

        Args:
            identity: Whose.
            close: ``False`` cuts TCP without a word, ``True`` closes the websocket with
                code 1001, a number with that code.

        Returns:
            How many there were.
        """

        def drop(backend: Backend) -> int:
            dropped = backend.connections.all(identity)
            for connection in dropped:
                if close is False:
                    connection.abort()
                else:
                    connection.close_socket(1001 if close is True else close)
            return len(dropped)

        return self.call(drop)

    def close_connections(
        self,
        identity: str | None = None,
        *,
        code: int = 308,
        status: str = "OFFLOAD",
        error_code: int | None = None,
        description: str | None = None,
        backoff: tuple[int, int] | None = None,
    ) -> int:
        """
        End connections with a Twilsock ``close`` frame.

        Args:
            identity: Whose.
            code: Status of the frame: 308 come again, 401 denied, 406 and 417 fatal, 410 token
                expired.
            status: Its text.
            error_code: Twilio's code.
            description: Text for humans.
            backoff: When to come back, least and most milliseconds.

        Returns:
            How many there were.
        """
        frame_status = TwilsockStatus(
            code=code, status=status, error_code=error_code, description=description
        )

        def close(backend: Backend) -> int:
            closed = backend.connections.ready(identity)
            for connection in closed:
                connection.close(frame_status, _backoff(backoff))
            return len(closed)

        return self.call(close)

    def refuse_connections(
        self, *, times: int | None = None, status: int | None = 503
    ) -> FaultHandle:
        """
        Refuse websocket handshakes with an HTTP status, or cut them with ``None``.
        """
        return order(self, ConnectionRefusal(remaining=times, status=status))

    def refuse_init(
        self,
        *,
        code: int = 401,
        status: str = "UNAUTHORIZED",
        error_code: int | None = 20101,
        description: str | None = None,
        backoff: tuple[int, int] | None = None,
        times: int | None = None,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Refuse each ``init``, although its token is good. Then the connection is closed.

        Args:
            code: Status of the reply: 401 and 403 deny, 429 asks for patience, others too.
            status: Its text.
            error_code: Twilio's code, such as 20104 for an expired token.
            description: Text for humans.
            backoff: When to come back, least and most milliseconds.
            times: How often.
            identity: Whose.
        """
        return order(
            self,
            InitRefusal(
                remaining=times,
                identity=identity,
                status=TwilsockStatus(
                    code=code, status=status, error_code=error_code, description=description
                ),
                backoff=_backoff(backoff),
            ),
        )

    def corrupt_continuation_tokens(
        self, *, times: int | None = 1, identity: str | None = None
    ) -> FaultHandle:
        """
        Damage the continuation token that the answer to ``init`` has. The next ``init`` with it
        is answered with a new one.
        """
        return order(self, DamagedContinuation(remaining=times, identity=identity))

    # Tokens ----------------------------------------------------------------------------------

    def announce_token_expiry(self, identity: str | None = None) -> None:
        """
        Tell clients now that their token ends soon.
        """

        def announce(backend: Backend) -> None:
            for connection in backend.connections.ready(identity):
                connection.announce_expiry()

        self.call(announce)

    def expire_token(self, identity: str | None = None) -> None:
        """
        Let every token used so far end now: ``close`` 410, and 20104 for whoever tries one
        again. Tokens that were made but not used yet stay good.
        """

        def expire(backend: Backend) -> None:
            backend.expire_used_tokens(identity)
            for connection in backend.connections.ready(identity):
                connection.expire()

        self.call(expire)

    # Requests --------------------------------------------------------------------------------

    def fail_requests(
        self,
        path_pattern: str = "*",
        *,
        status: int = 500,
        code: int = 20500,
        times: int | None = None,
        retry_after: int | None = None,
        method: str | None = None,
        identity: str | None = None,
        executed: bool = False,
    ) -> FaultHandle:
        """
        Answer requests with an error of the service.

        Args:
            path_pattern: Which paths, decoded: ``*`` stands for any text, also with slashes.
            status: HTTP status.
            code: Twilio's code.
            times: How often.
            retry_after: Seconds for the header of that name.
            method: Only this one.
            identity: Whose.
            executed: Carry the request out nevertheless; only its answer is lost.
        """
        return order(
            self,
            FailedRequest(
                remaining=times,
                identity=identity,
                path_pattern=path_pattern,
                method=method,
                status=status,
                code=code,
                retry_after=retry_after,
                is_executed=executed,
            ),
        )

    def throttle(
        self,
        path_pattern: str = "*",
        *,
        backoff: tuple[int, int] | None = (1000, 2000),
        times: int | None = 1,
        method: str | None = None,
        identity: str | None = None,
    ) -> FaultHandle:
        """
        Let Twilsock itself refuse requests with 429.
        """
        return order(
            self,
            Throttle(
                remaining=times,
                identity=identity,
                path_pattern=path_pattern,
                method=method,
                backoff=_backoff(backoff),
            ),
        )

    def hold_replies(
        self,
        path_pattern: str = "*",
        *,
        times: int | None = None,
        method: str | None = None,
        identity: str | None = None,
    ) -> HoldHandle:
        """
        Carry requests out but keep their replies back. What they notify goes out at once.
        """
        return hold(
            self,
            Hold(
                remaining=times,
                identity=identity,
                path_pattern=path_pattern,
                method=method,
                kind=HoldKind.REPLY,
            ),
        )

    def hold_requests(
        self,
        path_pattern: str = "*",
        *,
        times: int | None = None,
        method: str | None = None,
        identity: str | None = None,
    ) -> HoldHandle:
        """
        Keep requests back before anything is done for them.
        """
        return hold(
            self,
            Hold(
                remaining=times,
                identity=identity,
                path_pattern=path_pattern,
                method=method,
                kind=HoldKind.REQUEST,
            ),
        )

    def hold_handshakes(self, method: str = "init", *, times: int | None = None) -> HoldHandle:
        """
        Let each ``init``, or each ``update``, wait for its answer.
        """
        return hold(self, Hold(remaining=times, method=method, kind=HoldKind.HANDSHAKE))

    # Sync ------------------------------------------------------------------------------------

    def interrupt_replays(self, *, after_events: int = 0, times: int | None = 1) -> FaultHandle:
        """
        Interrupt replays with more than *after_events* events after so many.
        """
        return order(self, ReplayCut(remaining=times, after_events=after_events))

    def set_max_batch_size(self, size: int) -> None:
        """
        How many subscriptions at once the answers to Subscriptions allow from now on.
        """

        def set_size(backend: Backend) -> None:
            backend.faults.max_batch_size = size

        self.call(set_size)

    def forget_history(self, name: str | None = None, *, shortened: bool = True) -> None:
        """
        Forget what happened so far, as far as replays go.

        Args:
            name: Only of this object, by SID or unique name.
            shortened: Tell of each item the newest change. Otherwise tell nothing: replays
                have gaps.
        """

        def forget(backend: Backend) -> None:
            for target in backend.service.store:
                if name in {None, target.sid, target.unique_name}:
                    if shortened:
                        target.history.shorten()
                    else:
                        target.history.lose()

        self.call(forget)

    # The whole -------------------------------------------------------------------------------

    def stop_pings(self) -> None:
        """
        Send no pings any more, to anybody.
        """

        def stop(backend: Backend) -> None:
            backend.faults.are_pings_stopped = True

        self.call(stop)

    def send_frame(self, data: bytes | str, identity: str | None = None) -> None:
        """
        Send something raw, right or wrong: bytes as a binary, text as a text message.
        """

        def send(backend: Backend) -> None:
            for connection in backend.connections.ready(identity):
                connection.send(data)

        self.call(send)

    def reset_data(self) -> None:
        """
        Begin with no data and cut every connection. New SIDs, new storage ids.
        """

        def reset(backend: Backend) -> None:
            for connection in backend.connections.all():
                connection.abort()
            backend.reset()

        self.call(reset)

    def clear_faults(self) -> None:
        """
        Lift every fault, release what is held, start the pings again.
        """

        def clear(backend: Backend) -> None:
            backend.faults.clear()
            backend.deliveries.flush()

        self.call(clear)


def _backoff(bounds: tuple[int, int] | None) -> Backoff | None:
    return None if bounds is None else Backoff(min_ms=bounds[0], max_ms=bounds[1])
