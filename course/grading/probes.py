"""The general probes every grader has: they run in the learner process, on the learner's module, and return plain data.

They decide nothing; what a probe brings back is judged on the other side. They import NumPy only when the step may.
"""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Callable
from sys import settrace
from types import FrameType, ModuleType
from typing import Any

from course.content import PACKAGE
from course.grading import computing, expressions, wire

# These run our own lessons and examples on references, with tools (doctest) that a learner's code is refused.
FOR_AUTHORS = frozenset({"run_examples", "run_source"})
# This one runs no line of the learner's, and looks into libraries that load some of their parts only when asked.
LOOKS_ONLY = frozenset({"missing_names"})


def checkpoint() -> None:
    """Make sure that nothing has been replaced that a probe looks with; the learner process puts its own here."""


class MissingName(Exception):
    """The learner's module has no such function or class."""


def find_function(module: Any, name: str) -> Callable[..., Any]:
    """Look a name up in the learner's module (`Class.method` works too); raise `MissingName`."""
    target = module
    for part in name.split("."):
        if not hasattr(target, part):
            raise MissingName(name)
        target = getattr(target, part)
    if not callable(target):
        raise MissingName(name)
    return target  # type: ignore[no-any-return]


def essence(name: str, value: Any) -> Any:
    """What of a general probe's answer two versions of the code must share to behave alike.

    Whether it warned, not in whose words.
    """
    if name == "warnings_of" and isinstance(value, dict):
        return value.get("value"), bool(value.get("warnings"))
    return value


def forward_backward(
    module: ModuleType, forward: str, backward: str, args: tuple[Any, ...], upstream: Any, **kwargs: Any
) -> tuple[Any, Any]:
    """Run `*outputs, cache = forward(*args)` and `grads = backward(upstream, cache)`; return (outputs, grads).

    A single output comes back alone, several as a tuple. The cache never leaves the process: its form is the
    learner's own.
    """
    *outputs, cache = find_function(module, forward)(*args, **kwargs)
    gradients = find_function(module, backward)(upstream, cache)
    return outputs[0] if len(outputs) == 1 else tuple(outputs), gradients


def outputs(module: ModuleType, name: str, args: tuple[Any, ...], **kwargs: Any) -> Any:
    """Run `*outputs, cache = name(*args)`; return what is not the cache, a single output alone."""
    result = find_function(module, name)(*args, **kwargs)
    if not isinstance(result, tuple) or len(result) < 2:
        return result
    return result[0] if len(result) == 2 else result[:-1]


def purity(
    module: ModuleType, name: str, args: tuple[Any, ...], *, cached: bool = False, **kwargs: Any
) -> dict[str, Any]:
    """Call a function twice; say whether its inputs and the global random state are as before, and return both results.

    With `cached`, the last part of a result is the learner's own cache and stays here.

    Returns {"changed": [positions of changed arguments], "random": bool, "first": …, "second": …}.
    """
    run = outputs if cached else _call
    before = [wire.encode(argument) for argument in args]
    state = _random_state()
    kept = wire.encode(run(module, name, args, **kwargs))
    checkpoint()
    changed = [place for place, argument in enumerate(args) if wire.encode(argument) != before[place]]
    moved = _random_state() != state
    again = tuple(wire.decode(argument, tensors="torch" in sys.modules) for argument in before)
    second = run(module, name, again, **kwargs)
    return {"changed": changed, "random": moved, "first": wire.decode(kept), "second": second}


def _call(module: ModuleType, name: str, args: tuple[Any, ...], **kwargs: Any) -> Any:
    return find_function(module, name)(*args, **kwargs)


def _random_state() -> list[Any]:
    states: list[Any] = [random.getstate()]
    if numpy := sys.modules.get("numpy"):
        _, key, *rest = numpy.random.get_state()
        states += [key.tobytes(), *rest]
    if torch := sys.modules.get("torch"):
        states.append(torch.random.get_rng_state().numpy().tobytes())
    return states


def warnings_of(module: ModuleType, name: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Call a function and note every warning; return {"value": …, "warnings": [their texts]}."""
    import warnings  # noqa: PLC0415 - few properties ask

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = find_function(module, name)(*args, **kwargs)
    return {"value": value, "warnings": [str(warning.message) for warning in caught]}


def call_count(module: ModuleType, name: str, counted: str, args: tuple[Any, ...], **kwargs: Any) -> int:
    """Call `name` and return how often the module's own function `counted` was called meanwhile."""
    original, calls = find_function(module, counted), [0]

    def counting(*inner: Any, **inner_kwargs: Any) -> Any:
        calls[0] += 1
        return original(*inner, **inner_kwargs)

    setattr(module, counted, counting)
    try:
        find_function(module, name)(*args, **kwargs)
    finally:
        setattr(module, counted, original)
    return calls[0]


def counting_lines(work: Callable[[], Any]) -> tuple[Any, int]:
    """Run `work` and return (its result, how many lines of the learner's package ran): a cost without a clock.

    For probes that need an object's life. A pass of a comprehension or a generator counts as a line; what a function
    written in C does counts nothing.
    """
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        nonlocal lines
        lines += event == "line"
        return None if _of_a_library(frame.f_globals) else trace

    settrace(trace)
    try:
        return work(), lines
    finally:
        settrace(None)


def _of_a_library(names: dict[str, Any]) -> bool:
    """Whether these are the globals of a module that is not the learner's; code of no module is the learner's."""
    name = names.get("__name__", "")
    if names is globals() or (isinstance(name, str) and name.partition(".")[0] == PACKAGE):
        return names is globals()
    module = sys.modules.get(name)
    return module is not None and getattr(module, "__dict__", None) is names


def line_count(module: ModuleType, name: str, args: tuple[Any, ...], **kwargs: Any) -> int:
    """Call a function and return how many lines of the learner's package were executed; an iterator is consumed."""
    function = find_function(module, name)

    def work() -> None:
        result = function(*args, **kwargs)
        if hasattr(result, "__next__"):
            for _ in result:
                pass

    return counting_lines(work)[1]


def peak_bytes(module: ModuleType, name: str, args: tuple[Any, ...], **kwargs: Any) -> int:
    """Call a function and return the most bytes that were allocated at once (Python and NumPy), its result included.

    An iterator that it returns is consumed, item by item, while counting.
    """
    function = find_function(module, name)
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = function(*args, **kwargs)
        if hasattr(result, "__next__"):
            for _ in result:
                pass
        return tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()


def run_examples(module: ModuleType, source: str, name: str) -> list[str]:
    """Run the `>>>` examples of a text with the module's names; return one description per example that differs."""
    import doctest  # noqa: PLC0415 - authors only

    names = dict(vars(module))
    if numpy := sys.modules.get("numpy"):
        names.setdefault("np", numpy)
    test = doctest.DocTestParser().get_doctest(source, names, name, name, 0)
    found: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test, out=found.append)
    return found


def run_source(_module: ModuleType, source: str) -> str:
    """Execute a lesson's Python, fences joined; return the error, if any, as text."""
    names: dict[str, Any] = {"__name__": "lesson"}
    if numpy := sys.modules.get("numpy"):
        names["np"] = numpy
    try:
        exec(compile(source, "lesson", "exec"), names)  # the lesson is ours
    except Exception as error:  # reported to the author
        return f"{type(error).__name__}: {error}"
    return ""


def evaluate(
    module: ModuleType, source: str, names: tuple[str, ...], values: dict[str, Any], *, arrays: bool = True
) -> Any:
    """Compute an expression of the small language; `names` are the module's functions that it may call."""
    tree = expressions.parse(source, (*names, *values))
    functions = {name: getattr(module, name) for name in names if hasattr(module, name)}
    if missing := next((name for name in expressions.called(tree) if name in names and name not in functions), None):
        raise MissingName(missing)
    result = computing.compute(tree, functions, values, arrays=arrays)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(result, numpy.ndarray) and result.size > computing.MAX_RESULT:
        raise expressions.NotAllowed("what comes out is too large to compare")
    return result


def missing_names(_module: ModuleType, names: list[str], calls: list[tuple[str, str]]) -> dict[str, str]:
    """Say which dotted names of installed libraries are not there, and which keyword arguments a function refuses.

    Returns what is known of each: {"np.exp": "there", "np.softmax": "missing", "np.sum(dim=)": "refused", …}; a name
    behind anything but a module, and a signature that cannot be read, are "unknown".
    """
    import warnings  # noqa: PLC0415 - few ask

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: _existence(name)[0] for name in names}
        for name, keyword in calls:
            found[f"{name}({keyword}=)"] = _keyword(name, keyword)
    return found


def _existence(name: str) -> tuple[str, Any]:
    head, *parts = name.split(".")
    target: Any = sys.modules.get({"np": "numpy"}.get(head, head))
    if target is None:
        return "unknown", None
    for part in parts:
        if part.startswith("_"):
            return "unknown", None
        try:
            target = getattr(target, part)
        except AttributeError:
            return ("missing" if _is_whole(target, part) else "unknown"), None
        except BaseException:  # whatever a library does when one of its parts is asked for
            return "unknown", None
    return "there", target


def _is_whole(target: Any, part: str) -> bool:
    """Whether what a module does not have is not in it: a part of a package may only not be loaded yet."""
    import importlib.util  # noqa: PLC0415 - few ask

    if not isinstance(target, ModuleType):
        return False
    try:
        return not hasattr(target, "__path__") or importlib.util.find_spec(f"{target.__name__}.{part}") is None
    except (ImportError, ValueError):
        return False


def _keyword(name: str, keyword: str) -> str:
    import inspect  # noqa: PLC0415 - few ask

    there, function = _existence(name)
    if there != "there" or not callable(function):
        return "unknown"
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return "unknown"
    kinds = {one.kind for one in parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return "unknown"
    one = parameters.get(keyword)
    takes = one is not None and one.kind is not inspect.Parameter.POSITIONAL_ONLY
    return "there" if takes else "refused"
