"""`typing.NamedTuple`, made for a tenth of its cost when a module is loaded.

A terminal that judges one code defines sixty named tuples and makes objects of thirty kinds. The library checks every
annotation and compiles a constructor for each class before anybody asks for one, which was an eighth of a cold start. Here
the constructor is compiled when the first object is made, and the other methods are shared.

1. Type checkers see the library's own. At run time a class made here is a tuple with the library's names: fields by name
   and place, defaults, `_fields`, `_field_defaults`, `_make`, `_replace`, `_asdict`, `match`, pickling, methods of its own.
2. From the second object on, making one costs what it costs there: the constructor is the same code.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

try:
    from _collections import _tuplegetter  # type: ignore[import-not-found] # what the library's own fields are
except ImportError:  # as the library does where there is none

    def _tuplegetter(place: int, _: str) -> Any:
        return property(itemgetter(place))


__all__ = ["NamedTuple"]


class _Maker(type):
    """Turns the body of a class into a tuple type."""

    def __new__(cls, name: str, _: tuple[type, ...], space: dict[str, Any]) -> Any:
        names = tuple(space.get("__annotations__", ()))
        defaults = {one: space.pop(one) for one in names if one in space}
        made = {
            "__slots__": (),
            "__new__": _first_new,
            "_fields": names,
            "_field_defaults": defaults,
            "__match_args__": names,
            **_SHARED,
            **{one: _tuplegetter(place, "") for place, one in enumerate(names)},
            **space,
        }
        return type(name, (tuple,), made)


def _first_new(cls: Any, /, *values: Any, **named: Any) -> Any:
    owner = next(one for one in cls.__mro__ if "__new__" in one.__dict__)
    taken = [f"{one}=_d[{one!r}]" if one in owner._field_defaults else one for one in owner._fields]
    given = "".join(f"{one}, " for one in owner._fields)
    code = f"lambda _cls, {', '.join(taken)}: _new(_cls, ({given}))"
    new = eval(code, {"_new": tuple.__new__, "_d": owner._field_defaults})  # noqa: S307 - names of fields, nothing else
    new.__name__, new.__qualname__ = "__new__", f"{owner.__qualname__}.__new__"
    owner.__new__ = staticmethod(new)
    return new(cls, *values, **named)


def _make(cls: Any, values: Iterable[Any]) -> Any:
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _replace(self: Any, /, **changes: Any) -> Any:
    made = self._make(map(changes.pop, self._fields, self))
    if changes:
        raise ValueError(f"Got unexpected field names: {list(changes)!r}")
    return made


def _asdict(self: Any) -> dict[str, Any]:
    return dict(zip(self._fields, self, strict=True))


def _show(self: Any) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{type(self).__name__}({shown})"


def _getnewargs(self: Any) -> tuple[Any, ...]:
    return tuple(self)


_SHARED = {
    "_make": classmethod(_make),
    "_replace": _replace,
    "__replace__": _replace,
    "_asdict": _asdict,
    "__repr__": _show,
    "__getnewargs__": _getnewargs,
}

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})
