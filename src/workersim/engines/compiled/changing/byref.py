# mypy: disable-error-code="no-untyped-call,untyped-decorator,override,attr-defined,import-untyped"
# Numba has few types.
"""A tuple of arrays handed from one compiled function to the next as a pointer, not as some hundred numbers.

Numba passes a NamedTuple of 50 arrays as 350 arguments, at each call, and every helper compiles them anew: a kernel of
150 helpers takes a minute. With a pointer to where the entry has put the tuple it takes a quarter of that.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model

__all__ = ["by_reference"]


class Reference(types.Type):
    """The type of a pointer to a tuple."""

    def __init__(self, to: Any) -> None:
        self.to = to
        super().__init__(name=f"Reference({to.name})")


register_model(Reference)(models.OpaqueModel)


@infer_getattr
class _Attributes(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:
        return reference.to.types[reference.to.fields.index(name)]


@lower_getattr_generic(Reference)
def _load(context: Any, builder: Any, reference: Any, pointer: Any, name: str) -> Any:
    whole = context.get_value_type(reference.to).as_pointer()
    field = cgutils.gep_inbounds(builder, builder.bitcast(pointer, whole), 0, reference.to.fields.index(name))
    return builder.load(field)


@intrinsic
def _by_reference(_: Any, value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(cgutils.alloca_once_value(builder, arguments[0]), ir.IntType(8).as_pointer())

    return Reference(value)(value), generate


def _as_it_is(value: Any) -> Any:
    return value


by_reference: Any = _as_it_is if config.DISABLE_JIT else _by_reference
