"""
Content of any size: small ones in memory, large ones in temporary files.
"""

from __future__ import annotations

import io
import tempfile
from typing import IO


class Spool:
    """
    Bytes that are written once, piece by piece, and read from any place. Emulator thread only.

    What has grown beyond *memory_bytes* lies in a file without a name, which the system removes
    when it is closed, however the program ends.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._file: IO[bytes] = io.BytesIO()
        self.is_in_file = False
        self.size = 0

    @property
    def is_closed(self) -> bool:
        """
        Whether the content is gone.
        """
        return self._file.closed

    def append(self, piece: bytes) -> None:
        """
        Write behind what is there.
        """
        self._file.seek(self.size)
        self._file.write(piece)
        self.size += len(piece)
        if self.size > self._memory_bytes and not self.is_in_file:
            self._move_to_file()

    def read(self, start: int, count: int) -> bytes:
        """
        At most *count* bytes from *start* on; none behind the end or once it is closed.
        """
        if self._file.closed:
            return b""
        self._file.seek(start)
        return self._file.read(count)

    def close(self) -> None:
        """
        Let the content go. Twice is once.
        """
        self._file.close()

    def _move_to_file(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by whoever owns this spool
        file.write(self.read(0, self.size))
        self._file.close()
        self._file = file
        self.is_in_file = True
