"""How values that validate themselves are defined: frozen dataclasses with slots, cheap to define and to make.

`dataclass(frozen=True, slots=True)` compiles six methods of every class from text, which was a fifth of a terminal's
cold start. `frozen` compiles `__init__` alone, when the first object is made, and lets it write straight into the slots; the
other methods are shared. What it makes stays a dataclass for `fields`, `replace`, `match` and mypy: compared and hashed by
its fields, not assignable.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["frozen"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """The class as a frozen dataclass; its `__post_init__` is called where it has one. Defaults are plain values."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__init__ = _first_init
    made.__compared__ = attrgetter(*(one.name for one in fields(made) if one.compare))
    made.__eq__, made.__hash__ = _equals, _hash
    made.__setattr__ = made.__delattr__ = _refuse
    made.__reduce__ = _reduce
    if made.__repr__ is object.__repr__:
        made.__repr__ = _show
    return made  # type: ignore[no-any-return]


def _first_init(self: Any, *values: Any, **named: Any) -> None:
    """Compile the constructor when the first object is made: half of the kinds never are."""
    kind: Any = next(one for one in type(self).__mro__ if "__init__" in one.__dict__)
    kind.__init__ = _init(kind)
    kind.__init__(self, *values, **named)


def _init(made: Any) -> Any:
    parameters, lines, names = ["self"], [], {}
    for one in fields(made):
        parameters.append(one.name)
        if one.default is not MISSING:
            names[f"default_{one.name}"] = one.default
            parameters[-1] += f"=default_{one.name}"
        names[f"set_{one.name}"] = getattr(made, one.name).__set__
        lines.append(f" set_{one.name}(self, {one.name})")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join([f"def __init__({', '.join(parameters)}):", *lines]), names)  # noqa: S102 - names of fields alone
    init: Any = names["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _equals(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__compared__(self) == self.__compared__(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _refuse(self: Any, name: str, _value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"{type(self).__name__} is frozen: {name} cannot be changed")


def _reduce(self: Any) -> tuple[Any, ...]:
    """Copies and pickles are made, and so validated, like any other value."""
    return type(self), tuple(getattr(self, one.name) for one in fields(self))


def _show(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
