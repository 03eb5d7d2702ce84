"""
What Sync refuses, with its codes (docs/protocol/sync.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.upstream import JSONValue
from ..refusals import Refusal

if TYPE_CHECKING:
    from .objects import SyncObject


class SyncError(Refusal):
    """
    A refusal that reaches the client as an error answer or a failed subscription.
    """

    @property
    def body(self) -> dict[str, JSONValue]:
        """
        The body of the error answer, and the ``error`` member of a failed subscription.
        """
        return {
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "description": "",
        }

    @classmethod
    def not_found(cls, object_type: type[SyncObject]) -> SyncError:
        """
        No object of the type has that SID.
        """
        return cls(404, object_type.not_found_code, f"{object_type.kind.title()} not found")

    @classmethod
    def no_access(cls) -> SyncError:
        """
        The identity may not read the object.
        """
        return cls(403, 54007, "The identity has no permission on this object")

    @classmethod
    def no_writes(cls) -> SyncError:
        """
        Nobody writes these objects through Sync.
        """
        return cls(403, 54007, "Objects of Conversations cannot be written through Sync")
