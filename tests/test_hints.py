"""`course hint` and `course replay` on F.1, as a learner meets them."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from course.cli import main
from course.content import find_content
from course.grading.outcomes import Failure, Outcome, PropertyResult
from course.mentor.hints import counterexample
from course.mentor.repro import repro

RIGHT = find_content().reference("foundations/neuron").read_text(encoding="utf-8")
WRONG = RIGHT.replace("    db = dz.sum()", "    db = dz.mean()")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_CONTENT", raising=False)

    def course(*args):
        return CliRunner().invoke(main, list(args), catch_exceptions=False)

    assert course("init", ".").exit_code == 0
    assert course("next").exit_code == 0
    return course


def write(tmp_path, source):
    (tmp_path / "minillm/foundations/neuron.py").write_text(source, encoding="utf-8")


def test_nothing_to_hint_at_before_the_first_check(run):
    result = run("hint")
    assert result.exit_code == 2
    assert "course check F.1" in result.output


def test_three_rungs_open_by_honest_attempts(run, tmp_path):
    write(tmp_path, WRONG)
    assert run("check").exit_code == 1
    first, again = run("hint"), run("hint")
    assert "hint 1 of 3" in first.output
    assert again.output == first.output, "asking twice opens nothing"
    write(tmp_path, WRONG.replace("    dx = np.outer(dz, w)", "    dx = 1.0 * np.outer(dz, w)"))
    run("check")
    second = run("hint")
    assert "hint 2 of 3" in second.output
    assert "for neuron_forward(" in second.output
    write(tmp_path, WRONG.replace("    dx = np.outer(dz, w)", "    dx = np.outer(dz, w) * 1.0"))
    run("check")
    third = run("hint")
    assert "hint 3 of 3" in third.output
    assert "You believe" in third.output
    assert "dz.sum()" not in first.output + second.output + third.output


def test_another_bug_begins_with_the_first_rung(run, tmp_path):
    write(tmp_path, WRONG)
    run("check")
    assert "hint 1 of 3" in run("hint").output
    write(tmp_path, RIGHT.replace("2.0 * diff / diff.size", "diff / diff.size"))
    run("check")
    said = run("hint").output
    assert "hint 1 of 3" in said
    write(tmp_path, WRONG.replace("    dx = np.outer(dz, w)", "    dx = 1.0 * np.outer(dz, w)"))
    run("check")
    assert "hint 2 of 3" in run("hint").output, "back at the first bug, its hints go on"


def test_where_no_bug_is_known_its_place_is_told(run, tmp_path):
    """Told with the verdict, with the second hint and to the mentor; never what to write there."""
    write(tmp_path, RIGHT.replace("1.0 - np.tanh(x) ** 2", "1.0 - np.tanh(x) ** 4"))
    said = " ".join(run("check").output.split())
    place = "tanh_grad() or what it uses: with {} in its place, all that failed comes out right"
    assert f"DIAGNOSIS no known mistake; it is in {place.format('ours')}" in said
    assert "tanh_grad()" not in run("hint").output
    write(tmp_path, RIGHT.replace("1.0 - np.tanh(x) ** 2", "1.0 - 1.0 * np.tanh(x) ** 4"))
    run("check")
    assert f"It is in {place.format('ours')}." in " ".join(run("hint").output.split())
    prompt = " ".join(run("mentor", "--print").output.split())
    assert "it is in my " + place.format("the reference's") in prompt


def test_another_claim_begins_with_the_first_rung_where_no_bug_is_known(run, tmp_path):
    write(tmp_path, RIGHT.replace("    db = dz.sum()", "    db = 1.37 * dz.sum()"))
    run("check")
    assert "hint 1 of 2" in run("hint").output
    write(tmp_path, RIGHT.replace("2.0 * diff / diff.size", "1.37 * diff / diff.size"))
    run("check")
    said = " ".join(run("hint").output.split())
    assert "hint 1 of 2" in said
    assert "so this hint is about the claim" in said
    write(tmp_path, RIGHT.replace("2.0 * diff / diff.size", "1.38 * diff / diff.size"))
    run("check")
    assert "hint 2 of 2" in run("hint").output


def test_a_counterexample_of_several_lines_stays_in_one_column():
    failure = Failure("y: got 1, expected 2", call="net = MLP(2)\nnet.forward(x)")
    lines = counterexample(PropertyResult("test_y", "the claim", Outcome.WRONG, 1, failure))
    assert lines == ("for net = MLP(2)\n    net.forward(x)", "y: got 1, expected 2")


def test_changed_code_must_be_checked_first(run, tmp_path):
    write(tmp_path, WRONG)
    run("check")
    write(tmp_path, WRONG + "\nx = 1\n")
    result = run("hint")
    assert result.exit_code == 2
    assert "changed since" in result.output


def test_unfinished_code_has_no_hint(run):
    run("check")
    result = run("hint")
    assert result.exit_code == 2
    assert "course lesson F.1" in result.output


def test_code_that_cannot_be_run_is_mended_first(run, tmp_path):
    write(tmp_path, "def sigmoid(x:\n")
    run("check")
    result = run("hint")
    assert result.exit_code == 2
    assert "F.1 could not be run: SyntaxError" in result.output
    assert "course next" not in result.output


def test_passed_code_has_no_hint(run, tmp_path):
    write(tmp_path, RIGHT)
    run("check")
    assert run("hint").exit_code == 2
    assert run("replay").exit_code == 2


def test_replay_gives_the_numbers_that_were_printed(run, tmp_path):
    write(tmp_path, WRONG)
    said = run("check").output
    wrong_db = said.split("db: got ")[1].split(",")[0]
    assert run("replay").exit_code == 0
    script = tmp_path / "repro_f_1.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 15
    shown = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert wrong_db in shown or f"{float(wrong_db):.4f}"[:6] in shown


def test_the_script_may_stop_in_the_debugger(run, tmp_path):
    from course.curriculum import load_curriculum
    from course.grading.last import read_last
    from course.workspace import Workspace

    write(tmp_path, WRONG)
    run("check")
    step = load_curriculum(find_content())["foundations/neuron"]
    last = read_last(Workspace(tmp_path), step)
    failed = last.first_failure
    text = repro(step, failed, last.transcript(failed.name)[-1], debug=True)
    assert "breakpoint()" in text
    compile(text, "repro", "exec")
    assert len(text.splitlines()) == len(repro(step, failed, last.transcript(failed.name)[-1]).splitlines())


def test_the_debugger_shows_the_scripts_lines_and_is_left_quietly(run, tmp_path):
    write(tmp_path, WRONG)
    run("check")
    command = [sys.executable, "-m", "course", "replay", "--pdb"]
    done = subprocess.run(command, input="s\ns\nw\nq\n", capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "-> y, cache = neuron_forward(" in done.stdout or "-> *outputs, cache = neuron_forward(" in done.stdout
    assert "neuron.py(" in done.stdout, "it steps into the learner's code"
    assert "Traceback" not in done.stderr + done.stdout


def test_hint_needs_no_numpy(run, tmp_path):
    write(tmp_path, WRONG)
    run("check")
    code = (
        "import sys; from course.cli import main; main(['hint'], standalone_mode=False); "
        "print([name for name in ('numpy', 'pytest', 'hypothesis', 'torch') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    ).stdout
    assert shown.strip().endswith("[]")
