"""
Rich content: templates that a message can be made from, and what such a message shows.

The classes are values: frozen, compared by their content, read by the SDK and never changed.
``raw_data`` of each holds its JSON text, with whatever this version does not know. Their
``repr`` has no content: it may be somebody's personal data.

What the service leaves out although it belongs there reads as an empty text or list; a kind
that is not known becomes :class:`ContentDataOther` or :class:`ContentDataActionOther`
(docs/protocol/conversations.md, Rich content).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

import attrs

from .errors import InvalidArgumentError

__all__ = [
    "ContentData",
    "ContentDataAction",
    "ContentDataActionOther",
    "ContentDataActionPhone",
    "ContentDataActionReply",
    "ContentDataActionUrl",
    "ContentDataCallToAction",
    "ContentDataCard",
    "ContentDataListItem",
    "ContentDataListPicker",
    "ContentDataLocation",
    "ContentDataMedia",
    "ContentDataOther",
    "ContentDataQuickReply",
    "ContentDataReply",
    "ContentDataText",
    "ContentTemplate",
    "ContentTemplateVariable",
]

_Field: TypeAlias = "attrs.Attribute[Any]"  # generic for type checkers only


def _is_text(_: object, field: _Field, value: object) -> None:
    if not isinstance(value, str):
        message = f"{field.name} must be a string, not {type(value).__name__}"
        raise InvalidArgumentError(message)


def _is_name(_: object, field: _Field, value: object) -> None:
    _is_text(_, field, value)
    if not value:
        message = f"{field.name} must not be empty"
        raise InvalidArgumentError(message)


def _kept(values: Iterable[Any]) -> tuple[Any, ...]:
    """
    What is handed out is a list of the reader's own; what is kept cannot be changed.
    """
    return tuple(values)


def _kept_mapping(values: Mapping[str, ContentData]) -> tuple[tuple[str, ContentData], ...]:
    return tuple(values.items())


# The parts of a content


@attrs.frozen(kw_only=True, repr=False)
class _Part:
    """
    Anything that was read out of a content.

    Attributes:
        raw_data: Its JSON text.
    """

    type: ClassVar[str]
    """
    The word that the official JavaScript SDK uses for what it is.
    """

    raw_data: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {len(self.raw_data)} characters>"


@attrs.frozen(kw_only=True, repr=False)
class ContentDataReply(_Part):
    """
    A button that sends a text back; of a :class:`ContentDataQuickReply`.

    Attributes:
        title: What the button shows and sends.
        id: What it sends besides, not shown to anybody.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "reply"

    title: str
    id: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class ContentDataListItem(_Part):
    """
    One entry of a :class:`ContentDataListPicker`.

    Attributes:
        id: Not shown to anybody.
        item: What it shows.
        description: More about it.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "listItem"

    id: str
    item: str
    description: str | None = None


# Actions


@attrs.frozen(kw_only=True, repr=False)
class ContentDataAction(_Part):
    """
    A button of a :class:`ContentDataCallToAction` or :class:`ContentDataCard`; which one, its
    class tells.

    Attributes:
        raw_data: Its JSON text.
    """


@attrs.frozen(kw_only=True, repr=False)
class ContentDataActionUrl(ContentDataAction):
    """
    A button that opens a page.

    Attributes:
        title: What the button shows.
        url: What it opens.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "url"

    title: str
    url: str


@attrs.frozen(kw_only=True, repr=False)
class ContentDataActionPhone(ContentDataAction):
    """
    A button that calls a number.

    Attributes:
        title: What the button shows.
        phone: The number.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "phone"

    title: str
    phone: str


@attrs.frozen(kw_only=True, repr=False)
class ContentDataActionReply(ContentDataAction):
    """
    A button that sends a text back.

    Attributes:
        title: What the button shows and sends.
        id: What it sends besides, not shown to anybody.
        index: Its place.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "reply"

    title: str
    id: str | None = None
    index: int = 0


@attrs.frozen(kw_only=True, repr=False)
class ContentDataActionOther(ContentDataAction):
    """
    A button of a kind that this version does not know.

    Attributes:
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "other"


# Contents


@attrs.frozen(kw_only=True, repr=False)
class ContentData(_Part):
    """
    The content of a rich message, or one variant of a template; which kind, its class tells.

    Attributes:
        raw_data: Its JSON text.
    """


@attrs.frozen(kw_only=True, repr=False)
class ContentDataText(ContentData):
    """
    Text alone (``twilio/text``).

    Attributes:
        body: The text.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "text"

    body: str


@attrs.frozen(kw_only=True, repr=False)
class ContentDataMedia(ContentData):
    """
    Files that lie on the web (``twilio/media``).

    Attributes:
        body: A text to them.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "media"

    body: str | None = None
    _media: tuple[str, ...] = attrs.field(converter=_kept, alias="media")

    @property
    def media(self) -> list[str]:
        """
        The addresses of the files.
        """
        return list(self._media)


@attrs.frozen(kw_only=True, repr=False)
class ContentDataLocation(ContentData):
    """
    A place (``twilio/location``).

    Attributes:
        longitude: In degrees, east positive.
        latitude: In degrees, north positive.
        label: What to show at the place.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "location"

    longitude: float
    latitude: float
    label: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class ContentDataQuickReply(ContentData):
    """
    A text with ready answers (``twilio/quick-reply``).

    Attributes:
        body: The text.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "quickReply"

    body: str
    _replies: tuple[ContentDataReply, ...] = attrs.field(converter=_kept, alias="replies")

    @property
    def replies(self) -> list[ContentDataReply]:
        """
        The answers to choose from.
        """
        return list(self._replies)


@attrs.frozen(kw_only=True, repr=False)
class ContentDataCallToAction(ContentData):
    """
    A text with buttons (``twilio/call-to-action``).

    Attributes:
        body: The text.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "callToAction"

    body: str
    _actions: tuple[ContentDataAction, ...] = attrs.field(converter=_kept, alias="actions")

    @property
    def actions(self) -> list[ContentDataAction]:
        """
        The buttons.
        """
        return list(self._actions)


@attrs.frozen(kw_only=True, repr=False)
class ContentDataListPicker(ContentData):
    """
    A text with a list to choose from (``twilio/list-picker``).

    Attributes:
        body: The text.
        button: What the button shows that opens the list.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "listPicker"

    body: str
    button: str
    _items: tuple[ContentDataListItem, ...] = attrs.field(converter=_kept, alias="items")

    @property
    def items(self) -> list[ContentDataListItem]:
        """
        The entries of the list.
        """
        return list(self._items)


@attrs.frozen(kw_only=True, repr=False)
class ContentDataCard(ContentData):
    """
    A title with pictures and buttons (``twilio/card``).

    Attributes:
        title: The title.
        subtitle: What stands below it.
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "card"

    title: str
    subtitle: str | None = None
    _media: tuple[str, ...] = attrs.field(default=(), converter=_kept, alias="media")
    _actions: tuple[ContentDataAction, ...] = attrs.field(
        default=(), converter=_kept, alias="actions"
    )

    @property
    def media(self) -> list[str]:
        """
        The addresses of the pictures.
        """
        return list(self._media)

    @property
    def actions(self) -> list[ContentDataAction]:
        """
        The buttons.
        """
        return list(self._actions)


@attrs.frozen(kw_only=True, repr=False)
class ContentDataOther(ContentData):
    """
    Content of a kind that this version does not know, or that cannot be understood.

    Attributes:
        raw_data: Its JSON text.
    """

    type: ClassVar[str] = "other"


# Templates


@attrs.frozen
class ContentTemplateVariable:
    """
    A place in a template that is filled when a message is made of it.

    Args:
        name: Of the place: what stands in ``{{…}}``.
        value: What to put there; as read from a template, what stands there by default.

    Raises:
        InvalidArgumentError: One is no string, or the name is empty.
    """

    name: str = attrs.field(validator=_is_name)
    value: str = attrs.field(validator=_is_text, repr=False)

    def copy_with_value(self, value: str) -> ContentTemplateVariable:
        """
        The same place, filled with something else.

        Args:
            value: What to put there; the service takes up to 256 characters.

        Raises:
            InvalidArgumentError: It is no string.
        """
        return ContentTemplateVariable(self.name, value)


@attrs.frozen(kw_only=True, repr=False)
class ContentTemplate:
    """
    A template that rich messages are made of
    (``ConversationsClient.get_content_templates``).

    Attributes:
        sid: ``HX…``.
        friendly_name: Its name, for people.
        date_created: When it was made, in UTC.
        date_updated: When it was last changed, in UTC.
    """

    sid: str
    friendly_name: str
    _variables: tuple[ContentTemplateVariable, ...] = attrs.field(
        default=(), converter=_kept, alias="variables"
    )
    _variants: tuple[tuple[str, ContentData], ...] = attrs.field(
        factory=dict, converter=_kept_mapping, alias="variants"
    )
    date_created: datetime | None = None
    date_updated: datetime | None = None

    @property
    def variables(self) -> list[ContentTemplateVariable]:
        """
        What can be filled in, with the values by default.
        """
        return list(self._variables)

    @property
    def variants(self) -> dict[str, ContentData]:
        """
        The content in each form that the template has, by the names of Twilio's Content API:
        ``twilio/text``, ``twilio/quick-reply`` and so on. Variables are not filled in.
        """
        return dict(self._variants)

    def __repr__(self) -> str:
        return f"<ContentTemplate {self.sid} {self.friendly_name!r}>"
