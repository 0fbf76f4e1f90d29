"""Read course.toml: numbers from the order, steps by number or key, and every way in which it may not hold together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FAKE, step_keys

from course.content import Content, find_content
from course.curriculum import Curriculum, load_curriculum
from course.errors import ContentError, UnknownStep

Edit = Callable[[str, str], Content]


@pytest.fixture
def edit(copied: Content) -> Edit:
    """Return a function that changes course.toml in one place and returns the content."""

    def change(find: str, replace: str) -> Content:
        text = copied.course_toml.read_text(encoding="utf-8")
        assert find in text
        copied.course_toml.write_text(text.replace(find, replace, 1), encoding="utf-8")
        return copied

    return change


def refused(content: Content) -> str:
    with pytest.raises(ContentError) as caught:
        load_curriculum(content)
    return caught.value.message


# ---------------------------------------------------------------- what is read


def test_numbers_follow_from_the_order(curriculum: Curriculum) -> None:
    assert [(step.number, step.key) for step in curriculum] == [
        ("A.1", "alpha/double"),
        ("A.2", "alpha/mean"),
        ("A.3", "alpha/power"),
        ("A.4", "alpha/stack"),
        ("A.5", "alpha/stack_pop"),
        ("B.1", "beta/centre"),
    ]


def test_an_inserted_step_renumbers_but_keeps_every_key(curriculum: Curriculum, edit: Edit) -> None:
    entry = '[[stages.steps]]\nkey = "alpha/new"\ntitle = "New"\nminutes = 5\nrules = "PY"\n\n'
    place = '[[stages.steps]]\nkey = "alpha/mean"'
    grown = load_curriculum(edit(place, entry + place))
    assert grown["alpha/new"].number == "A.2"
    assert grown["alpha/mean"].number == "A.3"
    assert [key for key in step_keys(grown) if key != "alpha/new"] == step_keys(curriculum)


def test_a_step_knows_its_module_and_its_file(curriculum: Curriculum) -> None:
    second = curriculum["alpha/stack_pop"]
    assert second.module == "minillm.alpha.stack"
    assert second.path == "minillm/alpha/stack.py"
    assert second.defines == ("Stack.pop", "drain")


def test_steps_that_share_a_file(curriculum: Curriculum) -> None:
    shared = [step.number for step in curriculum.sharing(curriculum["alpha/stack_pop"])]
    assert shared == ["A.4", "A.5"]
    assert curriculum.sharing(curriculum["alpha/double"]) == [curriculum["alpha/double"]]


def test_the_rules_of_a_step_add_its_own_forbidden_names(curriculum: Curriculum) -> None:
    assert curriculum["alpha/mean"].rules.forbid == ("numpy.mean", "numpy.average")
    assert curriculum["beta/centre"].rules.forbid == ()
    assert curriculum["alpha/double"].rules.imports == ("stdlib",)


def test_budgets_are_the_usual_ones_unless_named(edit: Edit) -> None:
    found = load_curriculum(edit('title = "Doubling"', 'title = "Doubling"\ncall_seconds = 3\nmemory_mb = 64'))
    assert found["alpha/double"].budget.call_seconds == 3.0
    assert found["alpha/double"].budget.memory == 64 << 20
    assert found["alpha/mean"].budget.memory == 2 << 30


def test_a_planned_stage_has_no_steps_yet(curriculum: Curriculum) -> None:
    last = curriculum.stages[-1]
    assert (last.id, last.steps, last.planned) == ("C", (), ("One thing", "Another thing"))


def test_every_step_belongs_to_its_stage(curriculum: Curriculum) -> None:
    assert [curriculum.stage_of(step).id for step in curriculum] == ["A", "A", "A", "A", "A", "B"]


# ---------------------------------------------------------------- finding a step


@pytest.mark.parametrize("text", ["A.2", "a.2", " A.2 ", "alpha/mean", "ALPHA/Mean", "alpha/mean/", "/alpha/mean"])
def test_a_step_is_found_by_number_or_key_in_any_case(curriculum: Curriculum, text: str) -> None:
    assert curriculum.find(text).key == "alpha/mean"


def test_an_unknown_step_suggests_the_nearest(curriculum: Curriculum) -> None:
    with pytest.raises(UnknownStep) as caught:
        curriculum.find("alpha/maen")
    assert "'alpha/maen'" in caught.value.message
    assert caught.value.hint == "Did you mean A.2?  course map   lists every step"


def test_a_step_like_no_other_gets_no_suggestion(curriculum: Curriculum) -> None:
    with pytest.raises(UnknownStep) as caught:
        curriculum.find("quux")
    assert caught.value.hint == "course map   lists every step"


# ---------------------------------------------------------------- what does not hold together


def test_a_doubled_key(edit: Edit) -> None:
    assert "alpha/double stands twice" in refused(edit('key = "alpha/mean"', 'key = "alpha/double"'))


def test_a_need_that_comes_later(edit: Edit) -> None:
    said = refused(edit('needs = ["alpha/double"]', 'needs = ["beta/centre"]'))
    assert said == "alpha/mean needs beta/centre, which comes after it: the order cannot be walked."


def test_a_need_of_itself(edit: Edit) -> None:
    assert "comes after it" in refused(edit('needs = ["alpha/double"]', 'needs = ["alpha/mean"]'))


def test_a_need_that_is_no_step(edit: Edit) -> None:
    assert "needs alpha/nothing, which is no step" in refused(
        edit('needs = ["alpha/double"]', 'needs = ["alpha/nothing"]')
    )


def test_a_core_step_that_needs_an_elective(edit: Edit) -> None:
    assert "electives never gate" in refused(edit('needs = ["alpha/mean"]', 'needs = ["alpha/power"]'))


def test_a_mistyped_field(edit: Edit) -> None:
    said = refused(edit("elective = true", "electiv = true"))
    assert said == "Step alpha/power in curriculum/course.toml: unknown field 'electiv'."


def test_a_missing_field(edit: Edit) -> None:
    assert "alpha/double" in (said := refused(edit("minutes = 5\n", "")))
    assert "'minutes' is missing" in said


def test_rules_that_do_not_exist(edit: Edit) -> None:
    assert "no rules 'XX'" in refused(edit('rules = "PY"', 'rules = "XX"'))


def test_another_format(edit: Edit) -> None:
    assert "format 2; this engine reads 1" in refused(edit("format = 1", "format = 2"))


def test_no_toml_at_all(copied: Content) -> None:
    copied.course_toml.write_text("format = \n", encoding="utf-8")
    assert "curriculum/course.toml cannot be read" in refused(copied)
    copied.course_toml.unlink()
    assert "curriculum/course.toml cannot be read" in refused(copied)


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ('title = "A tiny course"\n', ""),
        ('id = "A"\n', ""),
        ('title = "Alpha"\n', ""),
        ('[rules.PY]\nimports = ["stdlib"]', "[rules.PY]"),
        ("minutes = 5", 'minutes = "five"'),
        ('needs = ["alpha/double"]', 'needs = "alpha/double"'),
        ('id = "B"', 'id = "A"'),
        ('key = "alpha/double"', 'key = "../double"'),
        ('key = "alpha/double"', "key = 7"),
    ],
)
def test_what_else_an_author_gets_wrong_is_named_as_content(edit: Edit, find: str, replace: str) -> None:
    assert "course.toml" in refused(edit(find, replace))


def test_bytes_that_are_no_utf8(copied: Content) -> None:
    copied.course_toml.write_bytes(b'format = 1\ntitle = "\xff"\n')
    assert "curriculum/course.toml cannot be read" in refused(copied)


# ---------------------------------------------------------------- where the content lies


def test_content_is_found_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CONTENT", str(FAKE))
    assert find_content().root == FAKE


def test_without_the_environment_it_is_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_CONTENT", raising=False)
    assert find_content().root == Path(__file__).resolve().parents[1]


def test_content_that_is_not_there_names_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_CONTENT", str(tmp_path))
    with pytest.raises(ContentError) as caught:
        find_content()
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint == "unset COURSE_CONTENT"


def test_every_tree_has_the_same_path(content: Content) -> None:
    key = "alpha/mean"
    found = [
        content.lesson(key),
        content.stub(key),
        content.test_file(key),
        content.reference(key),
        content.prompt(key),
    ]
    assert [path.relative_to(FAKE).as_posix() for path in found] == [
        "curriculum/alpha/mean.md",
        "stubs/alpha/mean.py",
        "graders/alpha/mean/test_mean.py",
        "graders/alpha/mean/reference.py",
        "mentor_prompts/steps/alpha/mean.toml",
    ]
    assert all(path.is_file() for path in found)


def test_a_file_of_ours_that_is_gone_is_content(copied: Content) -> None:
    copied.lesson("alpha/mean").unlink()
    with pytest.raises(ContentError) as caught:
        copied.read(copied.lesson("alpha/mean"))
    assert "curriculum/alpha/mean.md" in caught.value.message.replace("\\", "/")
