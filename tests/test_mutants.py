from course.curriculum import load_curriculum
from course.dev.mutants import mutants
from course.dev.mutate import generate

SOURCE = '''
import numpy as np


def scale(x, y):
    """Docstring."""
    if x > 0:
        x = x.copy()
    return np.sum(x.T * 2.0, axis=0, keepdims=True) + y


class Thing:
    def value(self):
        return 1
'''


def changes(**how):
    return {mutant.name.partition(": ")[2]: mutant for mutant in mutants(SOURCE, **how)}


def test_the_operators_of_the_field_are_there():
    found = set(changes())
    for wanted in ("x > 0 → x >= 0", "x.T → x", "2.0 → 4.0", "x = x.copy() → nothing", "x.copy() → x", "1 → 2"):
        assert wanted in found
    assert any("axis=-1" in name for name in found)
    assert any("np.mean" in name for name in found)
    assert any("axis=0) " in name or name.endswith("axis=0)") for name in found), "keepdims is dropped somewhere"


def test_each_mutant_differs_and_compiles():
    sources = [mutant.source for mutant in mutants(SOURCE)]
    assert len(sources) == len(set(sources)) > 15
    for source in sources:
        compile(source, "mutant", "exec")


def test_docstrings_and_commuting_arguments_are_left_alone():
    found = mutants("def f(x):\n    '''Text.'''\n    return max(x, 0)\n")
    assert not any("Text" in mutant.diff and mutant.diff.strip().startswith("-") for mutant in found)
    assert "f: max(x, 0) → max(0, x)" not in {mutant.name for mutant in found}


def test_only_and_never_choose_functions():
    assert {mutant.name.partition(":")[0] for mutant in mutants(SOURCE, only=frozenset({"Thing.value"}))} == {
        "Thing.value"
    }
    assert "Thing.value" not in {
        mutant.name.partition(":")[0] for mutant in mutants(SOURCE, never=frozenset({"Thing.value"}))
    }


def test_names_are_stable_and_unique():
    names = [mutant.name for mutant in mutants(SOURCE)]
    assert names == [mutant.name for mutant in mutants(SOURCE)]
    assert len(names) == len(set(names))


def test_each_function_of_a_shared_file_is_changed_for_one_step(copied):
    reference = copied.reference("alpha/stack")
    text = reference.read_text().replace("return self.items.pop()", "return _last(self.items)")
    reference.write_text(f"{text}\n\ndef _last(items):\n    return items.pop() if items else 0\n")
    curriculum = load_curriculum(copied)
    first, second = (
        {
            mutant.name.partition(":")[0].removeprefix("reference.py ")
            for mutant in generate(curriculum, curriculum[key])
        }
        for key in ("alpha/stack", "alpha/stack_pop")
    )
    assert "Stack.push" in first
    assert {"_last", "drain"} <= second
    assert not first & second
