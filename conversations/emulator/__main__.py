"""
``python -m conversations.emulator``: the emulator alone, for whatever program connects to it.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import attrs

from .credentials import Credentials
from .emulator import Emulator
from .server import is_loopback
from .settings import Settings

DEFAULT_PORT = 8089


class _Ended(Exception):
    """
    Somebody wants the program to end.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run until SIGINT or SIGTERM. Returns the exit code.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        emulator = _make(options)
    except ValueError as error:
        parser.error(str(error))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        try:
            emulator.start()
        except (OSError, TimeoutError) as error:
            print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)  # noqa: T201  # this is its output
            return 1
        print(_description(emulator, options), flush=True)  # noqa: T201  # this is its output
        emulator.wait()
    except _Ended:
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        emulator.stop()
    return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _Ended


def _parser() -> argparse.ArgumentParser:
    defaults = Credentials()
    parser = argparse.ArgumentParser(
        prog="python -m conversations.emulator",
        description="A local service that speaks the wire of Twilio Conversations.",
    )
    add = parser.add_argument
    add("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s; 0 takes a free one")
    add("--host", default="127.0.0.1", help="address to listen on; default: this machine only")
    add("--account", help=f"account SID; default: {defaults.account}")
    add("--key", help=f"API key SID; default: {defaults.key}")
    add("--secret", help="secret of the API key; default: a public constant, printed at start")
    add("--auth-token", help="of the account; default: a public constant, printed at start")
    add("--service", help=f"Conversations service SID; default: {defaults.service}")
    add("--seed", type=int, help="makes SIDs repeatable")
    add(
        "--permissive",
        action="store_true",
        help="take tokens of anybody: signature, issuer, lifetime and service are not checked",
    )
    add("--reachability", action="store_true", help="show users online and offline")
    add("--roles", action="store_true", help="let the permissions of roles count")
    add("--verbose", action="store_true", help="log every request")
    return parser


def _make(options: argparse.Namespace) -> Emulator:
    return Emulator(
        options.port,
        options.host,
        account=options.account,
        key=options.key,
        secret=options.secret,
        service=options.service,
        auth_token=options.auth_token,
        rng_seed=options.seed,
        settings=attrs.evolve(
            Settings(),
            permissive_tokens=options.permissive,
            reachability_enabled=options.reachability,
            enforces_roles=options.roles,
        ),
    )


def _description(emulator: Emulator, options: argparse.Namespace) -> str:
    credentials = emulator.credentials
    secret = credentials.secret if options.secret is None else "(as given)"
    auth_token = credentials.auth_token if options.auth_token is None else "(as given)"
    lines = [
        f"Conversations emulator at {emulator.url}",
        "",
        f"  account      {credentials.account}",
        f"  auth token   {auth_token}",
        f"  API key      {credentials.key}",
        f"  secret       {secret}",
        f"  service      {credentials.service}",
        "",
        f"Python      export CONVERSATIONS_EMULATOR_URL={emulator.url}",
        f'JavaScript  new Client(token, {{Twilsock: {{uri: "{emulator.twilsock_url}"}}}})',
        "Tokens      any library that makes Twilio access tokens, with the values above",
    ]
    if emulator.settings.permissive_tokens:
        lines += ["", "PERMISSIVE: tokens of anybody are taken, unsigned ones too."]
    if not is_loopback(emulator.host):
        lines += ["", f"NOT ONLY THIS MACHINE: everybody who reaches {emulator.host} can connect."]
    lines += [
        "",
        "For development and tests. Everything is forgotten at the end; stop with Ctrl-C.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
