"""`course dev`: the tiny course is clean, each way of breaking it is named, and a scaffold is a sound beginning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Cli

from course.content import Content
from course.curriculum import Step, load_curriculum
from course.dev import prove, report
from course.dev.lint import lint
from course.dev.prove import Finding, Trial, fault_of, run_batch, run_trial, run_trials, trials
from course.dev.report import run_texts
from course.errors import LibraryMissing
from course.grading.outcomes import Outcome, PropertyResult, Verdict
from course.grading.process import LearnerProcess

KEY = "alpha/double"


def edit(path: Path, find: str, replace: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(find) >= 1, (path, find)
    path.write_text(text.replace(find, replace), encoding="utf-8")


def faults(content: Content, key: str = KEY) -> list[str]:
    curriculum = load_curriculum(content)
    return lint(curriculum, curriculum[key])


# ---------------------------------------------------------------- the whole of it


def test_the_tiny_course_is_clean(cli: Cli, tmp_path: Path) -> None:
    said = cli.ok("dev", "check", "--seeds", "1", "-v", cwd=tmp_path)  # it needs no workspace
    lines = [" ".join(line.split()) for line in said.splitlines()]
    steps = (
        "A.1 alpha/double",
        "A.2 alpha/mean",
        "A.3 alpha/power",
        "A.4 alpha/stack",
        "A.5 alpha/stack_pop",
        "B.1 beta/centre",
    )
    for step in steps:
        assert any(line.startswith(f"✓ {step} 2 2 5 ") for line in lines), said
    assert any(
        line.startswith("squares instead of doubling: test_double (wrong): double: got 9, expected 6") for line in lines
    )
    assert "✗" not in said


def test_faults_end_with_exit_code_3_and_spare_the_other_steps(cli: Cli, copied: Content) -> None:
    cli.content = copied
    copied.prompt(KEY).unlink()
    edit(copied.mistakes("alpha/power"), "    result = 0", "    result = 1 * 1")
    result = cli("dev", "check", "A.1", "alpha/power", "--seeds", "1", "-j", "1")
    assert result.exit_code == 3
    assert "✗ A.1 alpha/double" in result.stdout
    assert "mentor_prompts/steps/alpha/double.toml is missing" in "".join(result.stdout.split("\n      "))
    assert "✗ A.3 alpha/power" in result.stdout
    assert "mistake 'starts at zero': a wrong version passes (seed 1)" in result.stdout


@pytest.mark.parametrize("drawn", ["random.random()", "np.random.randn(3)", "np.random.default_rng()"])
def test_a_grader_that_draws_what_no_seed_decides_is_a_fault(copied: Content, drawn: str) -> None:
    file = copied.test_file(KEY)
    rest = file.read_text(encoding="utf-8")
    file.write_text(f"{rest}\n\ndef helper():\n    return {drawn}, np.random.default_rng([1, 2])\n", encoding="utf-8")
    line = rest.count("\n") + 4
    assert faults(copied) == [
        f"test_double.py:{line}: {drawn.partition('(')[0]}() draws what no seed decides; take strategies.rngs()"
    ]


def test_a_generator_that_one_run_leaves_to_the_next_is_a_fault(copied: Content) -> None:
    file = copied.test_file(KEY)
    rest = file.read_text(encoding="utf-8")
    drawn = "from hypothesis import example\n\n@example(1, np.random.default_rng(3))\ndef helper(x, rng):\n    pass\n"
    file.write_text(f"{rest}\n\n{drawn}", encoding="utf-8")
    [fault] = faults(copied)
    assert fault.startswith(f"test_double.py:{rest.count(chr(10)) + 5}: an @example hands the same generator")


def test_a_library_that_is_missing_is_said_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(step: Step) -> None:
        raise LibraryMissing("it uses torch, which is not installed here.", hint="make torch")

    monkeypatch.setattr(report, "require_libraries", missing)
    result = cli("dev", "check", "A.1")
    assert result.exit_code == 3
    assert result.stdout.count("it uses torch, which is not installed here. make torch") == 1
    assert "grader" not in result.stdout


def test_lint_only_grades_nothing(cli: Cli, copied: Content) -> None:
    cli.content = copied
    copied.test_file(KEY).write_text("raise SystemExit\n", encoding="utf-8")
    assert "✓ A.1 alpha/double" in cli.ok("dev", "check", "A.1", "--lint-only")


def test_an_unknown_step_is_wrong_usage(cli: Cli) -> None:
    assert cli("dev", "check", "A.99").exit_code == 2


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    "path",
    [
        "curriculum/alpha/double.md",
        "stubs/alpha/double.py",
        "graders/alpha/double/test_double.py",
        "graders/alpha/double/reference.py",
        "graders/alpha/double/mistakes.toml",
        "mentor_prompts/steps/alpha/double.toml",
    ],
)
def test_a_missing_file(copied: Content, path: str) -> None:
    (copied.root / path).unlink()
    assert faults(copied) == [f"{copied.root / path} is missing"]


def test_no_second_right_implementation(copied: Content) -> None:
    (copied.grader(KEY) / "right_sum.py").unlink()
    assert ["no second right implementation" in fault for fault in faults(copied)] == [True]


def test_the_tiny_course_has_no_fault(content: Content) -> None:
    curriculum = load_curriculum(content)
    assert {step.key: lint(curriculum, step) for step in curriculum} == {step.key: [] for step in curriculum}


# ---------------------------------------------------------------- texts

Change = Callable[[Content], None]


def changed(tree: str, find: str, replace: str) -> Change:
    return lambda content: edit(content.root / tree, find, replace)


LESSON, STUB, MISTAKES = "curriculum/alpha/double.md", "stubs/alpha/double.py", "graders/alpha/double/mistakes.toml"
REFERENCE, PROMPT = "graders/alpha/double/reference.py", "mentor_prompts/steps/alpha/double.toml"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (changed(LESSON, "(mean.md)", "(nothing.md)"), "the lesson links to nothing.md, which is not there"),
        (changed(LESSON, "# Doubling", "Doubling"), "the lesson does not begin with its title"),
        (changed(LESSON, "Predict before you run", "Guess"), "has no *predict before you run*"),
        (changed(LESSON, "This paragraph is filler.", "word " * 300), "the lesson has "),
        (changed(STUB, ">>>", "..."), "the stub has no example"),
        (
            changed(STUB, '    """Return x / 2.\n\n    >>> halve(3.0)\n    1.5\n    """\n', ""),
            "the stub's halve has no docstring",
        ),
        (
            changed(STUB, "def halve", "import minillm.beta.centre\n\n\ndef halve"),
            "imports minillm.beta.centre, which only step B.1",
        ),
        (changed(STUB, "def halve(", "def halve(:"), "stubs/alpha/double.py:13: this is no Python"),
        (changed(REFERENCE, "def halve(", "def halve(:"), "graders/alpha/double/reference.py:8: this is no Python"),
        (changed(MISTAKES, "    return 2 * x", "    return 9 * x"), "occurs 0 times in reference.py"),
        (changed(MISTAKES, "    return 2 * x", "x: float"), "occurs 2 times in reference.py"),
        (changed(MISTAKES, "    return x**2", "    return 2 * x"), "changes nothing"),
        (changed(MISTAKES, "halves downwards", "squares instead of doubling"), "stands there twice"),
        (changed(MISTAKES, 'belief = "Rounding', 'belif = "Rounding'), "unknown field 'belif'"),
        (changed(MISTAKES, 'belief = "Rounding down does no harm."', 'belief = ""'), "it needs a belief and 3 hints"),
        (changed(MISTAKES, "hints = [", "hints = [ # ]\n["), "cannot be read"),
        (changed(MISTAKES, "find =", "file = 'wrong.py'\nfind ="), "either `find` and `replace` or a `file`"),
        (changed(PROMPT, "[[facts]]", "[[fact]]"), "not four to eight facts"),
        (changed(PROMPT, '"1 + 1"', '"1 +"'), "has no `value` that is an expression"),
        (changed(PROMPT, "openers = [", "openers = ["[:-1]), "cannot be read"),
        (changed(PROMPT, "openers", "opener"), "fewer than three openers"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_each_fault_of_a_text_is_named(copied: Content, change: Change, fault: str) -> None:
    change(copied)
    found = faults(copied)
    assert any(fault in one for one in found), found


def test_a_mistake_in_a_file_of_its_own_that_is_not_there(copied: Content) -> None:
    path = copied.mistakes(KEY)
    text = path.read_text(encoding="utf-8")
    begin = text.index("find ="), text.index("belief =")
    path.write_text(f"{text[: begin[0]]}file = 'wrong_one.py'\n{text[begin[1] :]}", encoding="utf-8")
    assert any("wrong_one.py" in fault for fault in faults(copied))


def test_a_mistake_without_its_replacement(copied: Content) -> None:
    edit(copied.mistakes(KEY), 'replace = """    return x**2"""\n', "")
    assert any("squares instead of doubling" in fault for fault in faults(copied))


def test_a_grader_that_is_no_python(copied: Content) -> None:
    copied.test_file(KEY).write_text("def test_x(:\n", encoding="utf-8")
    assert faults(copied) == [f"{copied.test_file(KEY)}:1: this is no Python (invalid syntax)"]


def test_no_mistakes_prove_nothing(copied: Content) -> None:
    copied.mistakes(KEY).write_text("", encoding="utf-8")
    assert faults(copied) == ["mistakes.toml lists no mistake: nothing proves the grader"]


def test_a_class_of_mistakes_must_be_there(copied: Content) -> None:
    edit(copied.mistakes(KEY), 'name = "halves downwards"', 'name = "halves downwards"\nsame_as = "halves"')
    assert faults(copied) == ["the mistake 'halves downwards' is said to be 'halves', which names no class of mistakes"]


@pytest.mark.parametrize(
    ("freedom", "fault"),
    [
        ('choice = ["test_doubles"]', "names test_doubles, which is no property of the grader"),
        ('errors = ["test_halve", "halve"]', "names halve, which is no property of the grader"),
        ("[rtol]\ntest_doubled = 1e-8", "names test_doubled, which is no property of the grader"),
        ('aside = ["puritty.changed"]', "names puritty.changed, but no probe is called 'puritty'"),
        ('aside = ["purity"]', "names purity, but '' is no entry of what the probes bring back"),
        ('any_order = ["purity.changes"]', "names purity.changes, but 'changes' is no entry of what"),
        ('choices = ["test_double"]', "unknown field 'choices'"),
    ],
)
def test_what_is_left_free_must_be_there(copied: Content, freedom: str, fault: str) -> None:
    copied.freedoms(KEY).write_text(freedom, encoding="utf-8")
    (found,) = faults(copied)
    assert fault in found


def test_what_is_left_free_and_is_there(copied: Content) -> None:
    free = 'choice = ["test_double"]\naside = ["purity.changed", "warnings_of.warnings"]\n[rtol]\ntest_halve = 1e-8\n'
    copied.freedoms(KEY).write_text(free, encoding="utf-8")
    assert faults(copied) == []


def test_what_a_shared_file_hides_must_be_named_and_be_there(copied: Content) -> None:
    edit(copied.course_toml, '"Stack.pop", "drain"', '"Stack.popp"')
    found = faults(copied, "alpha/stack_pop")
    assert "`defines` in course.toml names Stack.popp, which is no function of the reference" in found
    edit(copied.course_toml, '"Stack.popp"', '"Stack._popp", "Stack.__len__"')
    found = faults(copied, "alpha/stack_pop")
    assert "`defines` in course.toml names Stack._popp, which is no function of the reference" in found
    assert "`defines` in course.toml names Stack._popp, which is no function of the stub" not in found, "a helper"
    assert "`defines` in course.toml names Stack.__len__, which is no function of the stub" in found
    edit(copied.course_toml, 'defines = ["Stack._popp", "Stack.__len__"]\n', "")
    assert any(
        "must name the functions of minillm/alpha/stack.py" in fault for fault in faults(copied, "alpha/stack_pop")
    )


# ---------------------------------------------------------------- examples


@pytest.mark.parametrize(
    ("tree", "find", "replace", "fault"),
    [
        (LESSON, ">>> double(1.5)\n3.0", ">>> double(1.5)\n4.0", "an example of the lesson differs"),
        (STUB, "    >>> halve(3.0)\n    1.5", "    >>> halve(3.0)\n    1.25", "an example of the stub differs"),
        (LESSON, "assert 2 * 21 == 42", "assert 2 * 21 == 43", "the lesson's Python does not run: AssertionError"),
        (REFERENCE, "def double", "import nothing_of_this_name\n\n\ndef double", "the reference cannot be imported"),
    ],
)
def test_examples_are_run_on_the_reference(copied: Content, tree: str, find: str, replace: str, fault: str) -> None:
    edit(copied.root / tree, find, replace)
    curriculum = load_curriculum(copied)
    found = run_texts(curriculum, curriculum[KEY])
    assert len(found) == 1
    assert found[0].startswith(fault)


# ---------------------------------------------------------------- the proof


def proof(content: Content, kind: str, name: str) -> str:
    """Run the one trial of this kind and name; return the fault it showed."""
    curriculum = load_curriculum(content)
    trial = next(one for one in trials(content, curriculum[KEY], [1]) if (one.kind, one.name) == (kind, name))
    return run_trial(content, curriculum, trial).fault


def test_sound_trials_show_no_fault(content: Content) -> None:
    for kind, name in (
        ("stub", "stub"),
        ("right", "reference"),
        ("right", "right_sum"),
        ("mistake", "halves downwards"),
    ):
        assert proof(content, kind, name) == ""


def test_a_mistake_that_is_accepted(copied: Content) -> None:
    edit(
        copied.test_file(KEY),
        'check.close(learner.double(float(x)), float(x + x), what="double")',
        "learner.double(1.0)",
    )
    assert proof(copied, "mistake", "squares instead of doubling") == "a wrong version passes (seed 1)"


def test_a_right_implementation_that_is_refused(copied: Content) -> None:
    edit(copied.grader(KEY) / "right_sum.py", "return x + x", "return 2 * (x + x) / 2.0000001")
    said = proof(copied, "right", "right_sum")
    assert said.startswith("right code is refused (seed 1): test_double (wrong): double: got ")


def test_a_stub_that_is_not_unfinished(copied: Content) -> None:
    edit(copied.stub(KEY), 'raise NotImplementedError("halve")', "return x / 2")
    assert proof(copied, "stub", "stub") == "the stub is not unfinished in test_halve"


def test_a_grader_that_fails(copied: Content) -> None:
    edit(copied.test_file(KEY), "learner.double(float(x))", "learner.double(float(y))")
    said = proof(copied, "right", "reference")
    assert said.startswith("the grader failed: test_double (grader-fault)")
    assert "NameError" in said


# ---------------------------------------------------------------- many in one process

# After this, `fsum` is wrong for everybody in the process. (Whoever replaces a builtin ends the process.)
SPOILS = """import math

math.fsum = lambda values: 0


def double(x):
    return x**2


def halve(x):
    return x / 2
"""


def batch(content: Content, *sources: str) -> list[Finding]:
    trials = [Trial(KEY, "mutant", f"number {place}", source, 1) for place, source in enumerate(sources)]
    return run_batch(content, load_curriculum(content), trials)


def test_wrong_versions_share_a_process(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    usual = LearnerProcess.__init__
    monkeypatch.setattr(LearnerProcess, "__init__", lambda self, setup: started.append(self) or usual(self, setup))
    right = content.read(content.reference(KEY))
    found = batch(content, *[right.replace("2 * x", f"{factor} * x") for factor in (3, 4, 5, 6, 7)])
    assert [one.fault for one in found] == [""] * 5
    assert len(started) == 1


def test_a_version_that_passes_is_found_among_wrong_ones(content: Content) -> None:
    right = content.read(content.reference(KEY))
    found = batch(content, right.replace("2 * x", "3 * x"), right, right.replace("2 * x", "x"))
    assert [one.fault for one in found] == ["", "a wrong version passes (seed 1)", ""]


def test_what_a_spoiled_process_rejected_is_tried_again_alone(copied: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(copied.reference(KEY), "return 2 * x", "import math; return math.fsum([x, x])")
    right = copied.read(copied.reference(KEY))
    monkeypatch.setattr(prove, "_still_right", lambda *_: True)
    assert [one.fault for one in batch(copied, SPOILS, right)] == ["", ""], "this process rejects everything"
    monkeypatch.undo()
    assert [one.fault for one in batch(copied, SPOILS, right)] == ["", "a wrong version passes (seed 1)"]


def test_a_version_that_ends_its_process_does_not_end_the_next(content: Content) -> None:
    right = content.read(content.reference(KEY))
    leaves = "import os\n" + right.replace("return 2 * x", "os._exit(3)")
    found = batch(content, leaves, right.replace("2 * x", "3 * x"), right)
    assert [one.fault for one in found] == ["", "", "a wrong version passes (seed 1)"]
    assert "crashed" in found[0].rejected_by


def test_batches_keep_the_order_of_what_was_asked(content: Content) -> None:
    asked = trials(content, load_curriculum(content)[KEY], [1, 2], [1, 2, 3])
    assert [finding.trial for finding in run_trials(content, asked, 2)] == asked
    assert [trial.seed for trial in asked if trial.kind == "mistake"] == [1, 1, 2, 2, 3, 3]


def test_a_property_that_did_not_run_is_never_a_proof() -> None:
    trial = Trial(KEY, "mistake", "x", "", 1)
    fault = PropertyResult("test_x", "x", Outcome.GRADER_FAULT)
    verdict = Verdict(KEY, Outcome.GRADER_FAULT, (fault,), 1, 0.0, "", "", "")
    assert "the grader failed" in fault_of(trial, verdict)


# ---------------------------------------------------------------- a new step


def test_a_new_step_lies_in_its_places_and_passes_but_for_its_texts(cli: Cli, copied: Content, tmp_path: Path) -> None:
    cli.content = copied
    said = cli.ok("dev", "new", "beta/twice", "--title", "Twice as much", "--rules", "PY", cwd=tmp_path)
    assert said.count("✓") == 7
    assert "course dev check beta/twice" in said
    entry = said[said.index("[[stages.steps]]") : said.index("  next:")]
    edit(copied.course_toml, '[[stages]]\nid = "C"', f'{entry}\n[[stages]]\nid = "C"')
    curriculum = load_curriculum(copied)
    step = curriculum["beta/twice"]
    assert (step.number, step.title, step.rules.name) == ("B.2", "Twice as much", "PY")
    found = faults(copied, "beta/twice")
    assert len(found) == 2  # what only its author can write
    assert "the lesson has" in found[1]
    assert "not four to eight facts" in found[0]
    lesson = copied.lesson("beta/twice")
    lesson.write_text(lesson.read_text(encoding="utf-8") + "word " * 600, encoding="utf-8")
    prompt = copied.prompt("beta/twice")
    prompt.write_text(
        prompt.read_text(encoding="utf-8") + '\n[[facts]]\nsays = "{}"\nvalue = "1"\n' * 3, encoding="utf-8"
    )
    assert "✓ B.2 beta/twice" in cli.ok("dev", "check", "beta/twice", "--seeds", "1", "-j", "1", cwd=tmp_path)


def test_a_new_step_overwrites_nothing(cli: Cli, copied: Content) -> None:
    cli.content = copied
    copied.stub("beta/twice").write_text("mine\n", encoding="utf-8")
    assert cli.ok("dev", "new", "beta/twice").count("✓") == 6
    assert copied.stub("beta/twice").read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("Beta/Twice", "is not a step's key"),
        ("twice", "is not a step's key"),
        ("../twice", "is not a step's key"),
        ("beta/my-step", "is not a step's key"),
        ("alpha/double", "alpha/double exists already: it is A.1."),
    ],
)
def test_a_key_that_cannot_be_one(cli: Cli, copied: Content, key: str, said: str) -> None:
    cli.content = copied
    before = sorted(copied.root.rglob("*"))
    result = cli("dev", "new", key)
    assert result.exit_code == 2
    assert said in result.stderr
    assert sorted(copied.root.rglob("*")) == before


def test_rules_that_do_not_exist_are_refused(cli: Cli, copied: Content) -> None:
    cli.content = copied
    result = cli("dev", "new", "beta/twice", "--rules", "XX")
    assert result.exit_code == 2
    assert "PY, NP" in result.stderr


def test_a_title_with_quotes(cli: Cli, copied: Content) -> None:
    cli.content = copied
    said = cli.ok("dev", "new", "beta/twice", "--title", 'The "twice" step', "--rules", "PY")
    entry = said[said.index("[[stages.steps]]") : said.index("  next:")]
    edit(copied.course_toml, '[[stages]]\nid = "C"', f'{entry}\n[[stages]]\nid = "C"')
    assert load_curriculum(copied)["beta/twice"].title == 'The "twice" step'
