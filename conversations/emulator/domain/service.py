"""
The state of one Conversations service, from nothing at the start of the emulator.
"""

from __future__ import annotations

from itertools import count

from ..clock import Clock
from ..ids import ServiceIds
from ..settings import Limits, Settings
from ..sync.objects import Ownership
from ..sync.store import SyncStore
from .records import (
    ContentTemplate,
    Conversation,
    Media,
    Push,
    PushRegistration,
    Role,
    User,
)
from .surroundings import Surroundings


class Service:
    """
    Users, conversations and the replicated objects that show them. Emulator thread only. Roles
    and templates of a new service come from beginning.py.

    Resetting the data means a new service: all SIDs and storage ids change with it.
    """

    def __init__(
        self, settings: Settings, clock: Clock, ids: ServiceIds, surroundings: Surroundings
    ) -> None:
        credentials = settings.credentials
        self.settings = settings
        self.surroundings = surroundings
        self.account = credentials.account
        self.sid = credentials.service
        self.ids = ids
        self.clock = clock
        owner = Ownership(
            account=self.account, service=self.sid, clock=clock, carry=surroundings.carry_event
        )
        self.store = SyncStore(owner, ids)
        self.messaging_service_sid = ids.sid("MG")
        self.roles: dict[str, Role] = {}
        self.admin_role_sid = ""
        self.user_role_sid = ""
        self.creator_role_sid = ""
        self.participant_role_sid = ""
        self.users: dict[str, User] = {}
        self.conversations: dict[str, Conversation] = {}
        self.unique_names: dict[str, Conversation] = {}
        self.conversation_numbers = count()
        self.media: dict[str, Media] = {}
        self.templates: dict[str, ContentTemplate] = {}
        self.template_numbers = count()
        self.push_settings = settings.push
        self.push_registrations: dict[str, PushRegistration] = {}
        self.pushes: list[Push] = []
        self._storage_ids: dict[tuple[str, str], str] = {}

    @property
    def limits(self) -> Limits:
        """
        The limits in force.
        """
        return self.settings.limits

    def now(self) -> float:
        """
        Seconds since the epoch.
        """
        return self.clock.time()

    def close(self) -> None:
        """
        Let go of everything that is more than memory. The service is not used any more.
        """
        for media in self.media.values():
            media.content.close()
        for conversation in self.conversations.values():
            if conversation.timers.alarm is not None:
                conversation.timers.alarm.cancel()

    def storage_id(self, identity: str, product: str) -> str:
        """
        The name under which a browser may keep this user's objects of this set of data.
        """
        key = (identity, product)
        if key not in self._storage_ids:
            self._storage_ids[key] = self.ids.hex(40)
        return self._storage_ids[key]
