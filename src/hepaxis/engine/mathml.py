"""libSBML's syntax trees into graph nodes.

Names are resolved by the caller; function definitions are expanded in place.  What has no meaning here (``delay``,
distributions) is refused by name.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

import libsbml

from .faults import Refusal
from .graph import LIBM, Graph, Node

MOST_READ = 500_000  # elements of formulas once functions are expanded: definitions that call one another grow fast
AVOGADRO = 6.02214179e23  # 1/mol, the value fixed by SBML Level 3 Version 1 and 2, section 3.4.6

_CALLS = {
    libsbml.AST_FUNCTION_EXP: "exp",
    libsbml.AST_FUNCTION_LN: "log",
    libsbml.AST_FUNCTION_ABS: "abs",
    libsbml.AST_FUNCTION_FLOOR: "floor",
    libsbml.AST_FUNCTION_CEILING: "ceil",
    libsbml.AST_FUNCTION_SIN: "sin",
    libsbml.AST_FUNCTION_COS: "cos",
    libsbml.AST_FUNCTION_TAN: "tan",
    libsbml.AST_FUNCTION_ARCSIN: "asin",
    libsbml.AST_FUNCTION_ARCCOS: "acos",
    libsbml.AST_FUNCTION_ARCTAN: "atan",
    libsbml.AST_FUNCTION_SINH: "sinh",
    libsbml.AST_FUNCTION_COSH: "cosh",
    libsbml.AST_FUNCTION_TANH: "tanh",
    libsbml.AST_FUNCTION_ARCSINH: "asinh",
    libsbml.AST_FUNCTION_ARCCOSH: "acosh",
    libsbml.AST_FUNCTION_ARCTANH: "atanh",
}
# 1/f and f of the reciprocal, in terms of the above.
_RECIPROCALS = {
    libsbml.AST_FUNCTION_SEC: "cos",
    libsbml.AST_FUNCTION_CSC: "sin",
    libsbml.AST_FUNCTION_COT: "tan",
    libsbml.AST_FUNCTION_SECH: "cosh",
    libsbml.AST_FUNCTION_CSCH: "sinh",
    libsbml.AST_FUNCTION_COTH: "tanh",
}
_OF_RECIPROCAL = {
    libsbml.AST_FUNCTION_ARCSEC: "acos",
    libsbml.AST_FUNCTION_ARCCSC: "asin",
    libsbml.AST_FUNCTION_ARCSECH: "acosh",
    libsbml.AST_FUNCTION_ARCCSCH: "asinh",
    libsbml.AST_FUNCTION_ARCCOTH: "atanh",
}
_CHAINS = (libsbml.AST_PLUS, libsbml.AST_TIMES)
_RELATIONS = {
    libsbml.AST_RELATIONAL_LT: ("lt", False),
    libsbml.AST_RELATIONAL_GT: ("lt", True),
    libsbml.AST_RELATIONAL_LEQ: ("le", False),
    libsbml.AST_RELATIONAL_GEQ: ("le", True),
}
assert set(_CALLS.values()) >= set(LIBM) - {"tgamma"}


class MathReader:
    """Translates the formulas of one model."""

    def __init__(
        self,
        graph: Graph,
        resolve: Callable[[str], Node],
        rate_of: Callable[[str], Node],
        functions: Mapping[str, libsbml.FunctionDefinition],
    ):
        self._g = graph
        self._resolve = resolve
        self._rate_of = rate_of
        self._functions = functions
        self._count = 0

    def read(self, ast: libsbml.ASTNode | None, where: str, local: Mapping[str, Node] | None = None) -> Node:
        """The node of a formula; ``where`` names the element it stands in, ``local`` holds names seen there only."""
        if ast is None:
            raise Refusal("missing math", where)
        return self._node(ast, where, local or {})

    def number(self, ast: libsbml.ASTNode | None, where: str, local: Mapping[str, Node] | None = None) -> Node:
        return self._g.as_number(self.read(ast, where, local))

    def boolean(self, ast: libsbml.ASTNode | None, where: str) -> Node:
        return self._g.as_boolean(self.read(ast, where))

    def _node(self, ast: libsbml.ASTNode, where: str, local: Mapping[str, Node]) -> Node:
        g, kind = self._g, ast.getType()
        self._count += 1
        if self._count > MOST_READ:
            raise Refusal(f"more than {MOST_READ} elements of formulas once functions are expanded", where)
        if kind == libsbml.AST_NAME:
            name = ast.getName()
            return local[name] if name in local else self._resolve(name)
        if kind == libsbml.AST_NAME_TIME:
            return g.time()
        if kind == libsbml.AST_NAME_AVOGADRO:
            return g.const(AVOGADRO)
        if kind == libsbml.AST_CONSTANT_PI:
            return g.const(math.pi)
        if kind == libsbml.AST_CONSTANT_E:
            return g.const(math.e)
        if kind in (libsbml.AST_CONSTANT_TRUE, libsbml.AST_CONSTANT_FALSE):
            return g.boolean(kind == libsbml.AST_CONSTANT_TRUE)
        if ast.isNumber():
            return g.const(ast.getValue())
        if kind == libsbml.AST_FUNCTION_DELAY:
            raise Refusal("delay", where)
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            name = ast.getChild(0).getName()
            return g.zero if name in local else self._rate_of(name)
        if kind == libsbml.AST_FUNCTION:
            return self._call(ast, where, local)
        if kind in _CHAINS and ast.getNumChildren() == 2:
            return self._chain(ast, where, local)
        children = [self._node(ast.getChild(k), where, local) for k in range(ast.getNumChildren())]
        if kind == libsbml.AST_FUNCTION_PIECEWISE:
            return self._piecewise(children)
        node = self._relation(kind, children)
        if node is None:
            node = self._arithmetic(kind, [g.as_number(child) for child in children])
        if node is None:
            name = ast.getName() or libsbml.formulaToL3String(ast)
            raise Refusal(f"function '{name}'", where)
        return node

    def _chain(self, ast: libsbml.ASTNode, where: str, local: Mapping[str, Node]) -> Node:
        """A long sum or product: libSBML nests its operands to the left, so they are met from the innermost."""
        kind, right = ast.getType(), []
        while ast.getType() == kind and ast.getNumChildren() == 2:
            right.append(ast.getChild(1))
            ast = ast.getChild(0)
        join = self._g.sum if kind == libsbml.AST_PLUS else self._g.product
        node = self._g.as_number(self._node(ast, where, local))
        for one in reversed(right):
            node = join([node, self._g.as_number(self._node(one, where, local))])
        return node

    def _call(self, ast: libsbml.ASTNode, where: str, local: Mapping[str, Node]) -> Node:
        name = ast.getName()
        definition = self._functions.get(name)
        if definition is None:
            raise Refusal(f"function '{name}'", where)
        arguments = {
            definition.getArgument(k).getName(): self._node(ast.getChild(k), where, local)
            for k in range(definition.getNumArguments())
        }
        if definition.getBody() is None:
            raise Refusal("function definition without math", name)
        return self._node(definition.getBody(), where, arguments)

    def _piecewise(self, children: list[Node]) -> Node:
        g = self._g
        otherwise = children[-1] if len(children) % 2 else g.const(math.nan)
        logical = all(g.is_boolean(value) for value in children[0::2])
        result = otherwise if logical and len(children) % 2 else g.as_number(otherwise)
        for k in reversed(range(len(children) // 2)):
            value, condition = children[2 * k], g.as_boolean(children[2 * k + 1])
            if logical and g.is_boolean(result):
                result = g.either(g.both(condition, value), g.both(g.invert(condition), result))
            else:
                result = g.select(condition, g.as_number(value), result)
        return result

    def _relation(self, kind: int, children: list[Node]) -> Node | None:
        g = self._g
        if kind in _RELATIONS or kind in (libsbml.AST_RELATIONAL_EQ, libsbml.AST_RELATIONAL_NEQ):
            numbers = [g.as_number(child) for child in children]
            if kind == libsbml.AST_RELATIONAL_NEQ:
                return g.compare("ne", numbers[0], numbers[1])
            op, swap = _RELATIONS.get(kind, ("eq", False))
            result = g.true
            for a, b in itertools.pairwise(numbers):
                result = g.both(result, g.compare(op, b, a) if swap else g.compare(op, a, b))
            return result
        truths = [g.as_boolean(child) for child in children] if kind in _LOGIC else []
        if kind == libsbml.AST_LOGICAL_AND:
            result = g.true
            for truth in truths:
                result = g.both(result, truth)
            return result
        if kind == libsbml.AST_LOGICAL_OR:
            result = g.false
            for truth in truths:
                result = g.either(result, truth)
            return result
        if kind == libsbml.AST_LOGICAL_XOR:
            result = g.false
            for truth in truths:
                result = g.either(g.both(result, g.invert(truth)), g.both(g.invert(result), truth))
            return result
        if kind == libsbml.AST_LOGICAL_NOT:
            return g.invert(truths[0])
        if kind == libsbml.AST_LOGICAL_IMPLIES:
            return g.either(g.invert(truths[0]), truths[1])
        return None

    def _arithmetic(self, kind: int, x: list[Node]) -> Node | None:
        g = self._g
        if kind == libsbml.AST_PLUS:
            return g.sum(x)
        if kind == libsbml.AST_TIMES:
            return g.product(x)
        if kind == libsbml.AST_MINUS:
            return g.neg(x[0]) if len(x) == 1 else g.sub(x[0], x[1])
        if kind == libsbml.AST_DIVIDE:
            return g.div(x[0], x[1])
        if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
            return g.pow(x[0], x[1])
        if kind == libsbml.AST_FUNCTION_ROOT:
            return g.sqrt(x[0]) if len(x) == 1 else g.pow(x[1], g.div(g.one, x[0]))
        if kind == libsbml.AST_FUNCTION_LOG:
            base, value = (g.const(10), x[0]) if len(x) == 1 else (x[0], x[1])
            return g.div(g.log(value), g.log(base))
        if kind == libsbml.AST_FUNCTION_FACTORIAL:
            return g.call("tgamma", g.add(x[0], g.one))
        if kind in (libsbml.AST_FUNCTION_MIN, libsbml.AST_FUNCTION_MAX):
            pick, result = (g.minimum if kind == libsbml.AST_FUNCTION_MIN else g.maximum), x[0]
            for value in x[1:]:
                result = pick(result, value)
            return result
        if kind == libsbml.AST_FUNCTION_QUOTIENT:
            return g.call("trunc", g.div(x[0], x[1]))
        if kind == libsbml.AST_FUNCTION_REM:
            return g.sub(x[0], g.mul(x[1], g.call("trunc", g.div(x[0], x[1]))))
        if kind == libsbml.AST_FUNCTION_ARCCOT:
            # atan(1/x), which is pi/2 at zero
            return g.select(g.compare("eq", x[0], g.zero), g.const(math.pi / 2), g.call("atan", g.rcp(x[0])))
        if kind in _CALLS:
            return g.call(_CALLS[kind], x[0])
        if kind in _RECIPROCALS:
            return g.rcp(g.call(_RECIPROCALS[kind], x[0]))
        if kind in _OF_RECIPROCAL:
            return g.call(_OF_RECIPROCAL[kind], g.rcp(x[0]))
        return None


_LOGIC = frozenset(
    {
        libsbml.AST_LOGICAL_AND,
        libsbml.AST_LOGICAL_OR,
        libsbml.AST_LOGICAL_XOR,
        libsbml.AST_LOGICAL_NOT,
        libsbml.AST_LOGICAL_IMPLIES,
    }
)
