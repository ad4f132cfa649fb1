"""A small builder of LLVM IR text: values with operators, loops and branches as ``with`` blocks.

Types: ``f`` double, ``i`` i64, ``p`` ptr, ``b`` i1, and their vectors over the lanes ``F``, ``I``, ``B``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SCALARS = {"f": "double", "i": "i64", "p": "ptr", "b": "i1", "v": "void"}


class Value:
    """An SSA value; operators emit instructions in the function it belongs to."""

    __slots__ = ("fn", "kind", "name")

    def __init__(self, fn: Fn, kind: str, name: str):
        self.fn, self.kind, self.name = fn, kind, name

    def _two(self, other: Value | float | int, floating: str, integer: str) -> Value:
        b = self.fn.like(self, other)
        return self.fn.emit(self.kind, f"{floating if self.kind in 'fF' else integer} {{t}} {self.name}, {b.name}")

    def __add__(self, o: Value | float | int) -> Value:
        return self._two(o, "fadd", "add")

    def __sub__(self, o: Value | float | int) -> Value:
        return self._two(o, "fsub", "sub")

    def __mul__(self, o: Value | float | int) -> Value:
        return self._two(o, "fmul", "mul")

    def __truediv__(self, o: Value | float | int) -> Value:
        return self._two(o, "fdiv", "sdiv")

    def __neg__(self) -> Value:
        return self.fn.emit(self.kind, f"fneg {{t}} {self.name}")

    def __and__(self, o: Value | int) -> Value:
        return self._two(o, "?", "and")

    def __or__(self, o: Value | int) -> Value:
        return self._two(o, "?", "or")

    def __xor__(self, o: Value | int) -> Value:
        return self._two(o, "?", "xor")

    def __invert__(self) -> Value:
        return self ^ (1 if self.kind in "bB" else -1)

    def __lshift__(self, o: Value | int) -> Value:
        return self._two(o, "?", "shl")

    def __rshift__(self, o: Value | int) -> Value:
        return self._two(o, "?", "lshr")

    def _compare(self, o: Value | float | int, floating: str, integer: str) -> Value:
        b = self.fn.like(self, o)
        kind = "b" if self.kind in "fib" else "B"
        op = f"fcmp {floating}" if self.kind in "fF" else f"icmp {integer}"
        return self.fn.emit(kind, f"{op} {self.fn.type(self.kind)} {self.name}, {b.name}")

    def __lt__(self, o: Value | float | int) -> Value:
        return self._compare(o, "olt", "slt")

    def __le__(self, o: Value | float | int) -> Value:
        return self._compare(o, "ole", "sle")

    def __gt__(self, o: Value | float | int) -> Value:
        return self._compare(o, "ogt", "sgt")

    def __ge__(self, o: Value | float | int) -> Value:
        return self._compare(o, "oge", "sge")

    def equals(self, o: Value | float | int) -> Value:
        return self._compare(o, "oeq", "eq")

    def differs(self, o: Value | float | int) -> Value:
        return self._compare(o, "une", "ne")


class Variable:
    """A place on the stack; the optimiser turns it into a register."""

    def __init__(self, fn: Fn, first: Value):
        self.fn, self.kind = fn, first.kind
        self.place = fn.stack(fn.type(first.kind))
        self.set(first)

    def get(self) -> Value:
        return self.fn.emit(self.kind, f"load {{t}}, ptr {self.place}")

    def set(self, value: Value | float | int) -> None:
        given = self.fn.coerce(self.kind, value)
        self.fn.line(f"store {self.fn.type(self.kind)} {given.name}, ptr {self.place}")


class Fn:
    """One function under construction; ``lanes`` patients a vector."""

    def __init__(
        self, name: str, arguments: Sequence[tuple[str, str]], lanes: int, *, result: str = "v", inline: str = ""
    ):
        self.name, self.lanes, self.result, self.inline = name, lanes, result, inline
        self.arguments = [Value(self, kind, f"%{label}") for label, kind in arguments]
        self._entry: list[str] = []
        self._body: list[str] = []
        self._count = 0

    # text -----------------------------------------------------------------------------------------------------------
    def type(self, kind: str) -> str:
        return SCALARS[kind] if kind in SCALARS else f"<{self.lanes} x {SCALARS[kind.lower()]}>"

    def line(self, text: str) -> None:
        self._body.append("  " + text)

    def fresh(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def emit(self, kind: str, text: str) -> Value:
        name = self.fresh()
        self._body.append(f"  {name} = " + text.replace("{t}", self.type(kind)))
        return Value(self, kind, name)

    def stack(self, type_text: str) -> str:
        name = self.fresh()
        self._entry.append(f"  {name} = alloca {type_text}")
        return name

    def text(self) -> str:
        shown = ", ".join(f"{self.type(a.kind)}{' noalias' if a.kind == 'p' else ''} {a.name}" for a in self.arguments)
        head = f"define internal {self.type(self.result)} @{self.name}({shown}) #0 {{\nentry:\n"
        # Spilled vectors must not straddle cache lines.
        head = head.replace(" #0", f" {self.inline} alignstack({8 * max(self.lanes, 2)}) #0")
        return head + "\n".join(self._entry + self._body) + "\n}\n"

    # constants ------------------------------------------------------------------------------------------------------
    def const(self, kind: str, value: float | int) -> Value:
        if kind in "fF":
            scalar = f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"
        elif kind in "bB":
            scalar = "true" if value else "false"
        else:
            scalar = str(int(value))
        return Value(self, kind, scalar if kind.islower() else f"splat ({SCALARS[kind.lower()]} {scalar})")

    def coerce(self, kind: str, value: Value | float | int) -> Value:
        return value if isinstance(value, Value) else self.const(kind, value)

    def like(self, pattern: Value, value: Value | float | int) -> Value:
        return self.coerce(pattern.kind, value)

    def i(self, value: int) -> Value:
        return self.const("i", value)

    # arithmetic -----------------------------------------------------------------------------------------------------
    def fma(self, a: Value, b: Value, c: Value) -> Value:
        t = self.type(a.kind)
        return self.emit(a.kind, f"call {{t}} @llvm.fma.{self._suffix(a)}({t} {a.name}, {t} {b.name}, {t} {c.name})")

    def intrinsic(self, name: str, *a: Value) -> Value:
        t = self.type(a[0].kind)
        return self.emit(
            a[0].kind, f"call {{t}} @llvm.{name}.{self._suffix(a[0])}({', '.join(f'{t} {x.name}' for x in a)})"
        )

    def _suffix(self, a: Value) -> str:
        return "f64" if a.kind == "f" else f"v{self.lanes}f64"

    def select(self, condition: Value, a: Value | float | int, b: Value | float | int, kind: str = "") -> Value:
        kind = kind or (a.kind if isinstance(a, Value) else b.kind if isinstance(b, Value) else "")
        a, b = self.coerce(kind, a), self.coerce(kind, b)
        t = self.type(kind)
        return self.emit(kind, f"select {self.type(condition.kind)} {condition.name}, {t} {a.name}, {t} {b.name}")

    def least(self, a: Value, b: Value | float | int) -> Value:
        b = self.like(a, b)
        return self.select(a < b, a, b)

    def largest(self, a: Value, b: Value | float | int) -> Value:
        b = self.like(a, b)
        return self.select(a > b, a, b)

    def bitcast(self, kind: str, a: Value) -> Value:
        return self.emit(kind, f"bitcast {self.type(a.kind)} {a.name} to {{t}}")

    def widen(self, a: Value) -> Value:
        """Truth value(s) to integer(s) 0/1."""
        return self.emit("i" if a.kind == "b" else "I", f"zext {self.type(a.kind)} {a.name} to {{t}}")

    def to_int(self, a: Value) -> Value:
        return self.emit("i" if a.kind == "f" else "I", f"fptosi {self.type(a.kind)} {a.name} to {{t}}")

    def any(self, mask: Value) -> Value:
        """A lane of the mask is set."""
        n = self.lanes
        packed = self.emit("i", f"bitcast <{n} x i1> {mask.name} to i{n}".replace("{t}", ""))
        return self.emit("b", f"icmp ne i{n} {packed.name}, 0")

    def splat(self, a: Value) -> Value:
        kind = a.kind.upper()
        vector = self.type(kind)
        first = self.emit(kind, f"insertelement {vector} poison, {self.type(a.kind)} {a.name}, i32 0")
        order = f"<{self.lanes} x i32> zeroinitializer"
        return self.emit(kind, f"shufflevector {vector} {first.name}, {vector} poison, {order}")

    # memory ---------------------------------------------------------------------------------------------------------
    def at(self, base: Value, index: Value | int, kind: str) -> Value:
        """Address of element ``index`` of an array of ``kind``."""
        index = self.coerce("i", index)
        return self.emit("p", f"getelementptr inbounds {self.type(kind)}, ptr {base.name}, i64 {index.name}")

    def load(self, base: Value, index: Value | int, kind: str) -> Value:
        address = self.at(base, index, kind)
        return self.emit(kind, f"load {{t}}, ptr {address.name}, align {self._align(kind)}")

    def store(self, value: Value | float | int, base: Value, index: Value | int, kind: str) -> None:
        value, address = self.coerce(kind, value), self.at(base, index, kind)
        self.line(f"store {self.type(kind)} {value.name}, ptr {address.name}, align {self._align(kind)}")

    def _align(self, kind: str) -> int:
        return 8 * self.lanes if kind.isupper() else 8

    def call(self, name: str, result: str, *arguments: Value) -> Value:
        shown = ", ".join(f"{self.type(a.kind)} {a.name}" for a in arguments)
        if result == "v":
            self.line(f"call void @{name}({shown})")
            return Value(self, "v", "")
        return self.emit(result, f"call {{t}} @{name}({shown})")

    def ret(self, value: Value | None = None) -> None:
        self.line("ret void" if value is None else f"ret {self.type(value.kind)} {value.name}")

    # control --------------------------------------------------------------------------------------------------------
    def var(self, first: Value) -> Variable:
        return Variable(self, first)

    def label(self, name: str) -> None:
        self._body.append(f"{name[1:]}:")

    def branch(self, condition: Value, yes: str, no: str) -> None:
        self.line(f"br i1 {condition.name}, label {yes}, label {no}")

    def jump(self, to: str) -> None:
        self.line(f"br label {to}")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        yes, after = self.fresh(), self.fresh()
        self.branch(condition, yes, after)
        self.label(yes)
        yield
        self.jump(after)
        self.label(after)

    @contextmanager
    def loop(self) -> Iterator[Loop]:
        """Repeats until ``loop.leave_if``."""
        top, after = self.fresh(), self.fresh()
        self.jump(top)
        self.label(top)
        yield Loop(self, after)
        self.jump(top)
        self.label(after)

    @contextmanager
    def each(self, count: Value | int, first: Value | int = 0) -> Iterator[Value]:
        """Counts up from ``first`` to below ``count``."""
        counter = self.var(self.coerce("i", first))
        with self.loop() as loop:
            k = counter.get()
            loop.leave_if(k >= self.coerce("i", count))
            yield k
            counter.set(counter.get() + 1)


class Loop:
    def __init__(self, fn: Fn, after: str):
        self._fn, self._after = fn, after

    def leave_if(self, condition: Value) -> None:
        stay = self._fn.fresh()
        self._fn.branch(condition, self._after, stay)
        self._fn.label(stay)


DECLARED = ("fma", "sqrt", "fabs", "floor", "ceil", "trunc", "rint", "minnum", "maxnum")


def declarations(lanes: int) -> str:
    """Intrinsics the functions use."""
    lines = []
    for suffix, t in (("f64", "double"), (f"v{lanes}f64", f"<{lanes} x double>")):
        for name in DECLARED:
            count = 3 if name == "fma" else 2 if name in ("minnum", "maxnum") else 1
            lines.append(f"declare {t} @llvm.{name}.{suffix}({', '.join([t] * count)})")
    return "\n".join(lines) + "\n"
