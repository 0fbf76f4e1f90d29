"""What came out of the learner's code as an exception, as plain data: kind, words, and the lines it came through."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from course.grading import probes
from course.grading.guard import ForbiddenImport, ForbiddenUse

MAX_MESSAGE = 600
MAX_NAME = 100


class Asked(Protocol):
    """Whose module was asked: its settings, the module, and which of the learner's modules a file is."""

    config: dict[str, Any]
    module: ModuleType | None

    def module_of(self, file: str) -> str | None: ...


def describe(
    session: Asked, error: BaseException, operation: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    where = _where(session, error)
    described: dict[str, Any] = {
        "status": "raised",
        "type": type(error).__name__[:MAX_NAME],
        "bases": [base.__name__[:MAX_NAME] for base in type(error).__mro__],
        "message": text_of(error),
        "where": where,
    }
    if isinstance(error, NotImplementedError):
        described["status"] = "unfinished"
    elif isinstance(error, probes.MissingName):
        described |= {"status": "missing", "message": str(error)}
    elif isinstance(error, AttributeError) and error.obj is session.module:
        described |= {"status": "missing", "message": error.name}
    elif isinstance(error, ForbiddenUse | ForbiddenImport):
        described["status"] = "forbidden"
    elif isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in text_of(error)
    ):
        described["status"] = "memory"
    elif isinstance(error, SystemExit):
        described["status"] = "exit"
    elif isinstance(error, SyntaxError):
        described |= _syntax(session, error)
    elif isinstance(error, TypeError) and operation == "call" and not where:
        described |= _signature(session, name, args, kwargs)
    elif operation == "probe" and not where and _raised_in_probe(session, error):
        described |= {"status": "probe-fault", "message": "".join(traceback.format_exception(error))[-2000:]}
    return described


def text_of(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:  # even __str__ is the learner's
        return "(its message could not be read)"


def _where(session: Asked, error: BaseException) -> list[str]:
    """The places in the learner's own files that the exception came through, innermost last."""
    places = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = session.module_of(frame.f_code.co_filename)
        if name is not None:
            places.append(f"{name.replace('.', '/')}.py:{line} in {frame.f_code.co_name}")
    # A recursion comes through the same line a thousand times.
    return places if len(places) <= 4 else [*places[:2], f"… {len(places) - 3} more", places[-1]]


def _syntax(session: Asked, error: SyntaxError) -> dict[str, Any]:
    place = f"{Path(error.filename).name}:{error.lineno}: " if error.filename else ""
    lines = [f"{place}{error.msg}"]
    if error.text:
        column = max((error.offset or 1) - 1, 0)
        lines += [f"    {error.text.rstrip()}", f"    {' ' * column}^"]
    return {"status": "raised", "message": "\n".join(lines)}


def _signature(session: Asked, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Tell a wrong signature from a TypeError within: the call itself does not fit."""
    import inspect  # noqa: PLC0415 - 10 ms, only for an error message

    try:
        signature = inspect.signature(probes.find_function(session.module, name))
    except (TypeError, ValueError):
        return {}
    try:
        signature.bind(*args, **kwargs)
    except TypeError as misfit:
        bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
        shown = signature.replace(parameters=bare, return_annotation=signature.empty)
        return {"status": "signature", "message": f"your {name}{shown} cannot take this call: {misfit}"}
    return {}


def _raised_in_probe(session: Asked, error: BaseException) -> bool:
    """A probe's own bug, unless it stumbled over what the learner's code gave it (a wrong type, no attribute).

    A version that came as a text, in a proof, has no file whose places could be told: its frames have its name.
    """
    if not isinstance(error, LookupError | NameError) or isinstance(error, KeyError | IndexError):
        return False
    names = [frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return not names or names[-1] != session.config["module"]
