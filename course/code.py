"""What code a verdict speaks of: the step's file and the learner's own modules that it imports."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path

from course.content import PACKAGE
from course.errors import WorkspaceError

# Comments, blank lines and line endings may change without making a pass stale.
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


def modules_in(package: Path) -> dict[str, Path]:
    """Map every module of the learner's package to its file: `minillm.foundations.neuron` → …/neuron.py."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if not all(part.isidentifier() for part in parts) or not path.is_file():
            continue
        found[".".join((PACKAGE, *(part for part in parts if part != "__init__")))] = path
    return found


def imported(source: str, module: str, *, package: bool = False) -> set[str]:
    """The learner's modules that this one imports; empty when the source does not parse.

    With `package` the source is that of an `__init__.py`, whose `.` is the package itself.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = [*module.split("."), "__init__"] if package else module.split(".")
                base = ".".join([*parts[: -node.level], *filter(None, [base])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == PACKAGE}


def closure(module: str, modules: Mapping[str, Path]) -> list[Path]:
    """The module's file and, transitively, those of the learner's modules it imports, in a fixed order.

    Importing a module runs the `__init__.py` of the packages it lies in: they belong to it.
    """
    seen: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules:
            continue
        seen[name] = file = modules[name]
        waiting += imported(read_source(file), name, package=file.name == "__init__.py")
        waiting.append(name.rpartition(".")[0])
    return [seen[name] for name in sorted(seen)]


def read_source(path: Path) -> str:
    """Read a source as Python would (byte-order mark, coding line); undecodable bytes are kept visible."""
    data = _bytes(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding).replace("\r\n", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return data.decode("utf-8", "replace").replace("\r\n", "\n")


def fingerprint(paths: Iterable[Path]) -> str:
    """Hash what the code says: two files that differ in comments and blank lines only have the same one."""
    digest = hashlib.sha256()
    for path in paths:
        for token in _tokens(read_source(path)):
            digest.update(token.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(b"\1")
    return digest.hexdigest()[:32]


def raw_digest(paths: Iterable[Path]) -> str:
    """Hash the bytes: the quick answer to "did anything change at all?"."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(_bytes(path) + b"\1")
    return digest.hexdigest()[:32]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be read: {error.strerror}.", hint=f"ls -l '{path}'   shows whose it is"
        ) from error


def _tokens(source: str) -> list[str]:
    try:
        found = tokenize.generate_tokens(io.StringIO(source).readline)
        # DEDENT and NEWLINE carry no text of their own worth hashing, but their places do.
        return [
            f"{token.type} {'' if token.type == tokenize.NEWLINE else token.string}"
            for token in found
            if token.type not in _SILENT
        ]
    except (tokenize.TokenError, SyntaxError, ValueError):
        return [source]
