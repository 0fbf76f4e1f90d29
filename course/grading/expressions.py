"""A small language of expressions: Python's syntax, with a list of what is allowed and a bound on everything.

`mine.softmax([1.0, 2.0])`, `np.log(4) / 2`, `(mine.Value(2.0) * 3).data`. The tree is read and computed node by node,
nothing is ever handed to `eval`. An attribute is a listed NumPy or `math` name, a function of the step behind `mine` or
`expected`, or one of a few harmless ones of a value (`shape`, `data`, `sum()`). `computing` does the second half.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any

MAX_SOURCE = 500
MAX_NODES = 200
MAX_DEPTH = 25
MAX_BITS = 4096

SIDES = ("mine", "expected")
MODULES = {"np": "numpy", "numpy": "numpy", "math": "math"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMPY = _words("""
    abs absolute add all allclose any arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort
    around array array_equal asarray atleast_1d atleast_2d average bool_ broadcast_shapes broadcast_to cbrt ceil clip
    column_stack concatenate copysign corrcoef cos cosh count_nonzero cov cumprod cumsum deg2rad diag diff divide dot e
    einsum empty_like equal exp exp2 expand_dims expm1 eye finfo flip float32 float64 floor floor_divide fmax fmin
    full full_like greater greater_equal heaviside hstack hypot identity iinfo inf inner int32 int64 isclose isfinite
    isinf isnan less less_equal linalg.det linalg.inv linalg.norm linspace log log10 log1p log2 logaddexp logaddexp2
    logical_and logical_not logical_or matmul max maximum mean median min minimum mod moveaxis multiply nan nanmax
    nanmean nanmin nansum ndim negative newaxis nextafter nonzero norm not_equal ones ones_like outer percentile pi
    power prod ptp random.default_rng ravel reciprocal remainder repeat reshape result_type round shape sign sin sinh
    size sort spacing sqrt square squeeze stack std subtract sum swapaxes take tan tanh tensordot tile trace transpose
    tril triu true_divide trunc unique unravel_index var vdot vstack where zeros zeros_like
""")
MATH = _words("""
    acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh dist e erf erfc exp expm1 fabs floor fmod fsum
    gamma gcd hypot inf isclose isfinite isinf isnan isqrt ldexp lgamma log log10 log1p log2 nan pi pow prod radians
    remainder sin sinh sqrt tan tanh tau trunc ulp
""")
BUILTINS: dict[str, Callable[..., Any]] = {
    "abs": abs, "all": all, "any": any, "bool": bool, "float": float, "int": int, "len": len, "list": list, "max": max,
    "min": min, "round": round, "sorted": sorted, "sum": sum, "tuple": tuple,
}  # fmt: skip
FIELDS = _words("shape ndim size T data grad eps tiny bits ok max_rel_err worst_index params requires_grad")
METHODS = _words("""
    all any argmax argmin astype cumsum dot exp flatten forward item log matmul max mean min parameters prod ravel relu
    reshape round squeeze std sum tanh tolist transpose var
""")

_PLAIN = (
    ast.Constant, ast.Name, ast.Tuple, ast.List, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call,
    ast.Attribute, ast.Subscript, ast.Slice, ast.keyword, ast.expr_context, ast.boolop,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult, ast.UAdd, ast.USub, ast.Not,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


class NotAllowed(ValueError):
    """The expression cannot be computed here; says why in plain words."""


# ---------------------------------------------------------------- reading


def parse(source: str, names: Collection[str] = ()) -> ast.expr:
    """Read an expression that may use these names (functions of a step, values); raise `NotAllowed` for any other."""
    text = source.strip()
    if len(text) > MAX_SOURCE:
        raise NotAllowed(f"it is longer than {MAX_SOURCE} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the reply, not of ours: `1 is 1`, `"\d"`
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotAllowed("it is not an expression of Python") from error
    check(tree, names)
    return tree


def check(tree: ast.expr, names: Collection[str]) -> None:
    """Raise `NotAllowed` unless every node is one of the language's."""
    for count, (node, depth) in enumerate(_nodes(tree, 0), 1):
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise NotAllowed("it is too long to be computed here")
        if not isinstance(node, _PLAIN):
            raise NotAllowed(f"{kind(node)} is not allowed in a CHECK")
        _check_node(node, names)


def _nodes(node: ast.AST, depth: int) -> Iterator[tuple[ast.AST, int]]:
    yield node, depth
    if depth <= MAX_DEPTH:
        for child in ast.iter_child_nodes(node):
            yield from _nodes(child, depth + 1)


def kind(node: ast.AST) -> str:
    """Name a piece of syntax."""
    words: dict[type[ast.AST], str] = {
        ast.Lambda: "a lambda",
        ast.IfExp: "an if",
        ast.NamedExpr: "an assignment",
        ast.JoinedStr: "an f-string",
    }
    return words.get(type(node), f"{type(node).__name__}")


def _check_node(node: ast.AST, names: Collection[str]) -> None:
    match node:
        case ast.Constant(value=value):
            if isinstance(value, bytes | complex) or value is ... or (isinstance(value, str) and len(value) > 64):
                raise NotAllowed(f"the constant {str(value)[:20]!r} is not allowed in a CHECK")
            if isinstance(value, int) and value.bit_length() > MAX_BITS:
                raise NotAllowed("a number in it is too large")
        case ast.Name(id=name):
            known = {*names, *BUILTINS, *MODULES, *SIDES}
            if name not in known or name.startswith("_"):
                raise NotAllowed(f"{name} is not known here")
        case ast.Attribute(attr=attr):
            _check_attribute(node, attr, names)
        case ast.Call(args=args, keywords=keywords):
            if any(isinstance(one, ast.Starred) for one in args) or any(one.arg is None for one in keywords):
                raise NotAllowed("arguments with a star are not allowed in a CHECK")


def _check_attribute(node: ast.Attribute, attr: str, names: Collection[str]) -> None:
    path = dotted(node)
    head, _, rest = path.partition(".")
    if head in MODULES:
        listed = NUMPY if MODULES[head] == "numpy" else MATH
        if rest not in listed and rest not in ("random", "linalg"):
            raise NotAllowed(f"{path} is not among the functions that may be used in a CHECK")
    elif head in SIDES and "." not in rest:
        if rest not in names or rest.startswith("_"):
            raise NotAllowed(f"this step has no {rest}()")
    elif attr not in FIELDS and attr not in METHODS:
        raise NotAllowed(f".{attr} is not allowed in a CHECK")


def dotted(node: ast.expr) -> str:
    """`np.linalg.norm` for the attribute of that name; empty for an attribute of anything else than a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


def called(tree: ast.expr) -> set[str]:
    """The functions of a step that an expression speaks of, named alone or behind `mine` or `expected`."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    sides = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and dotted(node.value) in SIDES}
    return names | sides
