"""What a verdict speaks of: which files belong to a step, and which changes of them count."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.code import closure, fingerprint, imported, modules_in, raw_digest, read_source

SOURCE = '''"""A module."""


def double(x):
    """Return 2·x."""
    return 2 * x
'''


def written(path: Path, source: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "minillm"


def names(paths: list[Path], package: Path) -> list[str]:
    return [path.relative_to(package).as_posix() for path in paths]


# ---------------------------------------------------------------- the fingerprint


def same(folder: Path, one: str | bytes, other: str | bytes) -> bool:
    first, second = written(folder / "one.py", one), written(folder / "other.py", other)
    assert raw_digest([first]) != raw_digest([second])  # else nothing would be compared
    return fingerprint([first]) == fingerprint([second])


@pytest.mark.parametrize(
    "other",
    [
        SOURCE + "# a last word\n",
        SOURCE.replace("    return", "    # twice\n    return"),
        SOURCE.replace("2 * x\n", "2 * x  # twice\n"),
        SOURCE.replace("\n\n\n", "\n\n\n\n\n"),
        SOURCE.replace('"""\n    return', '"""\n\n    return'),
        SOURCE.replace("\n", "\r\n"),
        SOURCE.replace("2 * x", "2*x"),
        "\n\n" + SOURCE,
        b"\xef\xbb\xbf" + SOURCE.encode(),
        "# -*- coding: utf-8 -*-\n" + SOURCE,
        SOURCE.rstrip("\n"),
    ],
    ids=["end", "line", "trailing", "blank", "blank-inside", "crlf", "spacing", "top", "bom", "coding", "no-newline"],
)
def test_comments_and_layout_do_not_count(tmp_path: Path, other: str | bytes) -> None:
    assert same(tmp_path, SOURCE, other)


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace("2 * x", "x * 2"),
        SOURCE.replace("2 * x", "3 * x"),
        SOURCE.replace("double", "Double"),
        SOURCE.replace("2·x", "twice x"),
        SOURCE + "double = None\n",
        SOURCE.replace("    return 2 * x", "    if x:\n        return 2 * x"),
    ],
    ids=["order", "number", "name", "docstring", "more", "nested"],
)
def test_code_counts(tmp_path: Path, other: str) -> None:
    assert not same(tmp_path, SOURCE, other)


def test_indentation_that_changes_the_meaning_counts(tmp_path: Path) -> None:
    assert not same(tmp_path, "if x:\n    a()\n    b()\n", "if x:\n    a()\nb()\n")


def test_one_line_is_not_two(tmp_path: Path) -> None:
    assert not same(tmp_path, "a\nb\n", "a; b\n")


def test_a_comment_inside_a_string_counts(tmp_path: Path) -> None:
    assert not same(tmp_path, "x = '# one'\n", "x = '# two'\n")


def test_the_border_between_files_counts(tmp_path: Path) -> None:
    one = [written(tmp_path / "a.py", "x = 1\ny = 2\n"), written(tmp_path / "b.py", "z = 3\n")]
    other = [written(tmp_path / "c.py", "x = 1\n"), written(tmp_path / "d.py", "y = 2\nz = 3\n")]
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("broken", ["def f(:\n", "x = '''\n", "if x:\n\ty\n        z\n", "\x00", "(" * 300])
def test_what_is_no_python_still_has_a_fingerprint(tmp_path: Path, broken: str) -> None:
    path = written(tmp_path / "broken.py", broken)
    before = fingerprint([path])
    assert before == fingerprint([path])
    written(path, broken + "x\n")
    assert fingerprint([path]) != before


def test_bytes_that_cannot_be_decoded_are_kept_apart(tmp_path: Path) -> None:
    assert not same(tmp_path, b"x = '\xff'\n", b"x = '\xffa'\n")


def test_a_coding_line_is_followed(tmp_path: Path) -> None:
    path = written(tmp_path / "old.py", "# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    assert read_source(path) == "# coding: latin-1\nx = 'é'\n"


# ---------------------------------------------------------------- what a module imports


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import minillm.alpha.mean", {"minillm.alpha.mean"}),
        ("import minillm.alpha.mean as m, numpy", {"minillm.alpha.mean"}),
        ("from minillm.alpha import mean", {"minillm.alpha", "minillm.alpha.mean"}),
        ("from minillm.alpha.mean import mean", {"minillm.alpha.mean", "minillm.alpha.mean.mean"}),
        ("from ..alpha import mean", {"minillm.alpha", "minillm.alpha.mean"}),
        ("from . import other", {"minillm.beta", "minillm.beta.other"}),
        ("from .other import f", {"minillm.beta.other", "minillm.beta.other.f"}),
        ("def f():\n    from minillm.alpha import mean", {"minillm.alpha", "minillm.alpha.mean"}),
        ("import numpy as np", set()),
        ("import minillmx.alpha", set()),
        ("from .... import far", set()),
        ("this is no python", set()),
    ],
)
def test_imports_of_the_learners_own_modules(line: str, expected: set[str]) -> None:
    assert imported(line, "minillm.beta.centre") == expected


# ---------------------------------------------------------------- which files belong to a step


def test_a_module_that_imports_nothing_stands_alone(package: Path) -> None:
    written(package / "alpha" / "double.py", SOURCE)
    written(package / "alpha" / "mean.py", "x = 1\n")
    found = closure("minillm.alpha.double", modules_in(package))
    assert names(found, package) == ["alpha/double.py"]


def test_imports_are_followed_to_the_end(package: Path) -> None:
    written(package / "__init__.py", "")
    written(package / "a.py", "from minillm.b import g\n")
    written(package / "b.py", "from .inner import c\n")
    written(package / "inner" / "__init__.py", "")
    written(package / "inner" / "c.py", "import numpy\n")
    written(package / "d.py", "")
    found = names(closure("minillm.a", modules_in(package)), package)
    assert found == ["__init__.py", "a.py", "b.py", "inner/__init__.py", "inner/c.py"]


def test_what_an_imported_package_runs_belongs_to_it(package: Path) -> None:
    written(package / "a.py", "from minillm.inner.c import f\n")
    written(package / "inner" / "__init__.py", "")
    written(package / "inner" / "c.py", "def f(): ...\n")
    before = fingerprint(closure("minillm.a", modules_in(package)))
    written(package / "inner" / "__init__.py", "import minillm.inner.c as c\nc.f = None\n")
    assert fingerprint(closure("minillm.a", modules_in(package))) != before


def test_relative_imports_of_a_package_itself(package: Path) -> None:
    written(package / "a.py", "import minillm.inner\n")
    written(package / "inner" / "__init__.py", "from .c import f\n")
    written(package / "inner" / "c.py", "def f(): ...\n")
    found = names(closure("minillm.a", modules_in(package)), package)
    assert "inner/c.py" in found


def test_the_packages_a_module_lies_in_belong_to_it(package: Path) -> None:
    for path in ("__init__.py", "alpha/__init__.py", "alpha/double.py", "beta/__init__.py"):
        written(package / path, "")
    found = names(closure("minillm.alpha.double", modules_in(package)), package)
    assert found == ["__init__.py", "alpha/__init__.py", "alpha/double.py"]


def test_cycles_end(package: Path) -> None:
    written(package / "a.py", "import minillm.b\n")
    written(package / "b.py", "import minillm.a\n")
    assert names(closure("minillm.a", modules_in(package)), package) == ["a.py", "b.py"]


def test_a_syntax_error_hides_only_its_own_imports(package: Path) -> None:
    written(package / "a.py", "import minillm.b\n")
    written(package / "b.py", "import minillm.c\ndef f(:\n")
    written(package / "c.py", "")
    assert names(closure("minillm.a", modules_in(package)), package) == ["a.py", "b.py"]


def test_a_module_that_is_not_there_is_left_out(package: Path) -> None:
    written(package / "a.py", "import minillm.gone\n")
    assert names(closure("minillm.a", modules_in(package)), package) == ["a.py"]
    assert closure("minillm.gone", modules_in(package)) == []


def test_modules_are_named_by_their_path(package: Path) -> None:
    written(package / "__init__.py", "")
    written(package / "alpha" / "__init__.py", "")
    written(package / "alpha" / "double.py", "")
    written(package / "alpha" / "double copy.py", "")
    written(package / "my-notes" / "x.py", "")
    assert list(modules_in(package)) == ["minillm", "minillm.alpha", "minillm.alpha.double"]


def test_no_package_no_modules(package: Path) -> None:
    assert modules_in(package) == {}
