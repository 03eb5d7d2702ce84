"""
Attributes: one JSON value that a user's program attaches to a conversation, a message, a
participant or a user, and the names of JSON types.

On the wire attributes are a JSON text inside a string (docs/protocol/conversations.md,
Attributes). Their content is the business of the program alone: it is never logged, and a
``repr`` shows its type and size only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NoReturn, TypeAlias, TypeVar, Union

import attrs

from ._core.upstream import JSONScalar, JSONValue
from ._logs import ClientLog
from .enums import AttributesType
from .errors import InvalidArgumentError

__all__ = ["Attributes", "AttributesLike", "JSONArray", "JSONObject", "JSONValue"]

JSONObject: TypeAlias = dict[str, JSONValue]
JSONArray: TypeAlias = list[JSONValue]

AttributesLike: TypeAlias = Union[
    "Attributes",
    str,
    int,
    float,
    bool,
    "Sequence[AttributesLike]",
    "Mapping[str, AttributesLike]",
    None,
]
"""
What every method that takes attributes accepts.
"""

T = TypeVar("T")

MAX_DEPTH = 200
"""
Levels of arrays and objects; beyond it Python's own limits would decide, less predictably.
"""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

logger = ClientLog("conversations.client")


def _json_copy(value: object, depth: int = 0) -> JSONValue:
    """
    A copy of *value* made of plain JSON types, or :exc:`InvalidArgumentError`.
    """
    if depth > MAX_DEPTH:
        message = f"attributes are nested more than {MAX_DEPTH} levels deep, or contain themselves"
        raise InvalidArgumentError(message)
    match value:
        case None | bool() | str() | int() | float():
            return _json_scalar(value)
        case Attributes():
            return _json_copy(value._value, depth)  # noqa: SLF001  # its own class
        case Mapping():
            return {_checked_key(key): _json_copy(item, depth + 1) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [_json_copy(item, depth + 1) for item in value]
    message = f"attributes cannot hold a value of type {type(value).__name__}"
    raise InvalidArgumentError(message)


def _json_scalar(value: JSONScalar) -> JSONScalar:
    """
    The value without the subclass it may be of, such as an enum's.
    """
    match value:
        case str():
            return str.__str__(value)
        case None | bool():
            return value
    try:
        is_finite = math.isfinite(value)
    except OverflowError:  # an integer that no other reader of JSON could hold
        is_finite = False
    if not is_finite:
        message = "attributes cannot hold a number outside the range of a float"
        raise InvalidArgumentError(message)
    return int(value) if isinstance(value, int) else float(value)


def _checked_key(key: object) -> str:
    if not isinstance(key, str):
        message = f"the keys of attributes are strings, not {type(key).__name__}"
        raise InvalidArgumentError(message)
    return str.__str__(key)


def _comparable(value: JSONValue) -> object:
    """
    A hashable stand-in that is equal exactly for equal JSON values: ``true`` is not 1.
    """
    match value:
        case bool():
            return (AttributesType.BOOLEAN, value)
        case list():
            return (AttributesType.ARRAY, tuple(_comparable(item) for item in value))
        case dict():
            members = frozenset((key, _comparable(item)) for key, item in value.items())
            return (AttributesType.OBJECT, members)
    return value


def _type_of(value: JSONValue) -> AttributesType:
    match value:
        case None:
            return AttributesType.NULL
        case bool():
            return AttributesType.BOOLEAN
        case str():
            return AttributesType.STRING
        case list():
            return AttributesType.ARRAY
        case dict():
            return AttributesType.OBJECT
    return AttributesType.NUMBER


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


@attrs.frozen(eq=False, repr=False)
class Attributes:
    """
    An immutable JSON value. Equal to another with the same value, and hashable.

    Arrays and objects can be read like lists and dictionaries: ``attributes["key"]``,
    ``attributes.get("key")``, ``in``, ``len``, iteration. What is read is a copy.

    Args:
        value: Anything that JSON can express: ``None``, booleans, finite numbers, strings,
            lists, tuples, mappings with strings as keys; or other attributes.

    Raises:
        InvalidArgumentError: *value* is none of these.
    """

    DEFAULT: ClassVar[Attributes]
    """
    The empty object.
    """

    _value: JSONValue = attrs.field(default=None, converter=_json_copy)

    @classmethod
    def of(cls, value: AttributesLike) -> Attributes:
        """
        *value* itself if it is attributes already, else attributes made of it.
        """
        return value if isinstance(value, Attributes) else cls(value)

    @classmethod
    def from_wire(
        cls, wire: object, *, owner: str = "an object", text_only: bool = False
    ) -> Attributes:
        """
        Attributes as the server sent them. Never raises.

        What cannot be read becomes the empty object, with a warning; what is absent becomes
        the empty object, without.

        Args:
            wire: A JSON text, or a JSON value that is not a string; ``None`` for absent.
            owner: Whose attributes they are, for the warning: a sid.
            text_only: Only a text counts: the rule for messages, participants and users.
        """
        if wire is None:
            return cls.DEFAULT
        try:
            if isinstance(wire, str):
                return cls(json.loads(wire, parse_constant=_refuse_constant))
            if not text_only:
                return cls(wire)
        except (ValueError, RecursionError):
            pass  # the error would quote the content
        logger.warning("The attributes of %s are malformed and count as empty", owner)
        return cls.DEFAULT

    def to_wire(self) -> str:
        """
        The JSON text, compact, as it travels in a request.
        """
        text = json.dumps(self._value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # Half a character cannot be encoded in UTF-8; JSON can still express it.
        return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)

    @property
    def type(self) -> AttributesType:
        """
        The JSON type of the value.
        """
        return _type_of(self._value)

    @property
    def value(self) -> JSONValue:
        """
        The plain value, a copy, which may be changed.
        """
        return _json_copy(self._value)

    @property
    def json_object(self) -> JSONObject | None:
        """
        The value, a copy, if it is an object, else ``None``.
        """
        value = self.value
        return value if isinstance(value, dict) else None

    @property
    def json_array(self) -> JSONArray | None:
        """
        The value, a copy, if it is an array, else ``None``.
        """
        value = self.value
        return value if isinstance(value, list) else None

    @property
    def string(self) -> str | None:
        """
        The value if it is a string, else ``None``.
        """
        return self._value if isinstance(self._value, str) else None

    @property
    def number(self) -> int | float | None:
        """
        The value if it is a number, else ``None``. A boolean is no number.
        """
        value = self._value
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    @property
    def boolean(self) -> bool | None:
        """
        The value if it is a boolean, else ``None``.
        """
        return self._value if isinstance(self._value, bool) else None

    def get(self, key: str | int, default: T | None = None) -> JSONValue | T:
        """
        The member *key* of an object or the item *key* of an array, or *default*.

        Raises:
            TypeError: The value is neither an object nor an array.
        """
        try:
            return self[key]
        except (KeyError, IndexError):
            return default

    def __getitem__(self, key: str | int) -> JSONValue:
        """
        The member *key* of an object or the item *key* of an array.
        """
        container = self._container
        if isinstance(container, dict):
            return _json_copy(container[key])  # type: ignore[index]  # a wrong key is a KeyError
        return _json_copy(container[key])  # type: ignore[index]  # a wrong index is a TypeError

    def __contains__(self, item: object) -> bool:
        """
        Whether *item* is a key of the object, or an item of the array.
        """
        container = self._container
        if isinstance(container, dict):
            return item in container
        try:
            wanted = _comparable(_json_copy(item))
        except InvalidArgumentError:
            return False
        return any(_comparable(present) == wanted for present in container)

    def __iter__(self) -> Iterator[JSONValue]:
        """
        The keys of the object, or the items of the array.
        """
        return iter(_json_copy(item) for item in self._container)

    def __len__(self) -> int:
        """
        How many members or items there are.
        """
        return len(self._container)

    def __bool__(self) -> bool:
        """
        Whether the value is true in Python's sense; for every type of value.
        """
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """
        Whether both are the same JSON value.
        """
        if not isinstance(other, Attributes):
            return NotImplemented
        return self is other or _comparable(self._value) == _comparable(other._value)

    def __hash__(self) -> int:
        """
        The same for equal values.
        """
        return hash(_comparable(self._value))

    def __str__(self) -> str:
        """
        The JSON text.
        """
        return self.to_wire()

    def __repr__(self) -> str:
        """
        Type and size, no content: it may be somebody's personal data.
        """
        return f"<Attributes {self.type.value}, {len(self.to_wire())} characters>"

    @property
    def _container(self) -> JSONObject | JSONArray:
        if not isinstance(self._value, dict | list):
            message = f"attributes of type {self.type.value} have no members"
            raise TypeError(message)
        return self._value


Attributes.DEFAULT = Attributes({})
