"""A replaced function is noticed; what a library itself puts into its names is not."""

from __future__ import annotations

import importlib.util
import tempfile
from types import ModuleType

import pytest

from course.grading.seal import seal, spaces_of, used_by


def fresh(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_library_may_keep_what_it_looked_up() -> None:
    module = fresh("tempfile")
    broken = seal([("tempfile", vars(module))], grows=True)
    assert module.tempdir is None
    assert module.gettempdir() == tempfile.gettempdir()
    assert module.tempdir is not None
    assert broken() == ""
    module.mkdtemp = print  # type: ignore[attr-defined]
    assert broken() == "tempfile.mkdtemp"


@pytest.mark.parametrize(("grows", "said"), [(True, ""), (False, "ours.more")])
def test_a_new_name_in_our_own_module_is_noticed(grows: bool, said: str) -> None:
    module = ModuleType("ours")
    broken = seal(spaces_of(module), grows=grows)
    module.more = 1  # type: ignore[attr-defined]
    assert broken() == said


def test_tables_and_classes_are_noted_as_well() -> None:
    module = ModuleType("ours")
    exec("table = {'a': 1}\nclass Kind:\n    def f(self): pass\nnothing = None", vars(module))
    broken = seal(spaces_of(module), grows=False)
    module.table["a"] = 2  # type: ignore[attr-defined]
    assert broken() == "ours.table.a"
    module.table["a"] = 1  # type: ignore[attr-defined]
    assert broken() == ""
    module.nothing = 1  # type: ignore[attr-defined]
    assert broken() == "ours.nothing"
    module.nothing = None  # type: ignore[attr-defined]
    module.Kind.f = print  # type: ignore[attr-defined]
    assert broken() == "ours.Kind.f"


def test_the_modules_that_probes_use_are_found_and_sys_is_not() -> None:
    probes = ModuleType("_probes_0")
    exec("import tempfile, sys\nfrom os import path", vars(probes))
    assert [name for name, _ in used_by([probes], ["json", "no such"], {"json": importlib})] == [
        "tempfile", importlib.import_module("os.path").__name__, "importlib",
    ]  # fmt: skip
