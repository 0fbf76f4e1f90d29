"""What `course replay` writes prints the numbers of the verdict; `make bench-diagnosis` tries it on many mistakes."""

import ast
import sys
from pathlib import Path

import pytest

from course.content import find_content
from course.curriculum import load_curriculum
from course.grading.exchange import Exchange
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Failure, Outcome, PropertyResult
from course.mentor.repro import repro

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import repros

CONTENT = find_content()
CURRICULUM = load_curriculum(CONTENT)


@pytest.mark.parametrize(
    "key",
    [
        "foundations/neuron",
        "foundations/engine",
        "foundations/tensor",
        "tokenizer/bpe_basic",
        "tokenizer/tokenizer",
        "tokenizer/vocab_stats",
        "transformer/modules",
        "transformer/block",
        "transformer/inspect_model",
    ],
)
def test_the_script_prints_the_numbers_of_the_verdict(key):
    step = CURRICULUM[key]
    mistakes = load_mistakes(CONTENT.mistakes(key))
    for mistake in mistakes[5 :: len(mistakes) // 2]:
        tried = repros.tried(CONTENT, step, mistake)
        assert not tried.fault, f"{mistake.name}: {tried.fault}\n{tried.script}\n{tried.printed}"


def script(shown, said="", *args, value=None):
    failed = PropertyResult("test_f", "the claim", Outcome.WRONG, 1, Failure(said))
    exchange = Exchange("probe", "run", args, {}, shown, {"status": "ok", "value": value})
    text = repro(CURRICULUM["foundations/neuron"], failed, exchange)
    return [line for line in text.splitlines()[5:] if line and not line.startswith("# the grader")]


PROBES = """
from course.grading.probes import counting_lines, find_function

def run(module, size):
    return find_function(module, "f")(size) + 1

def costs(module, size):
    return counting_lines(lambda: find_function(module, "f")(size))[1]
"""


def inlined(shown, name="run", reply=None, **more):
    failed = PropertyResult("test_f", "the claim", Outcome.WRONG, 1, Failure("got 1"))
    exchange = Exchange("probe", name, (3,), {}, shown, reply or {"status": "ok", "value": 1}, **more)
    return repro(CURRICULUM["foundations/neuron"], failed, exchange, probes=PROBES)


@pytest.mark.parametrize("shown", ["", "f(3)  # and one more", "f(...)", "f(size)", "f(3) and one more"])
def test_a_wording_that_does_not_say_all_gives_way_to_the_probe(shown):
    text = inlined(shown)
    assert "import minillm.foundations.neuron as module\n" in text
    assert "    return module.f(size) + 1\n" in text
    assert "print(run(module, 3))\n" in text


def test_what_the_probe_itself_raised_it_raises_again():
    raised = {"status": "raised", "type": "TypeError", "message": "of no shape"}
    assert "print(run(module, 3))\n" in inlined("f(3) + 1", reply=raised)
    assert "print(f(3) + 1)\n" in inlined("f(3) + 1", reply=raised | {"where": ["minillm/f.py:1 in f"]})


def test_a_wording_that_says_all_stays():
    assert "print(f(3) + 1)\n" in inlined("f(3) + 1")
    assert "print(2)\n" in inlined("f(3)  # and one more", script="print(2)")
    assert "print(f(3))\n" in inlined("f(3)  # its lines are counted", "costs")


def test_an_infinite_argument_finds_its_name():
    failed = PropertyResult("test_f", "the claim", Outcome.WRONG, 1, Failure("got 1"))
    text = repro(CURRICULUM["tokenizer/vocab_stats"], failed, Exchange("call", "f", (float("inf"),), {}))
    assert "import numpy as np\n" in text
    assert "print(f(np.inf))\n" in text


def test_what_the_grader_speaks_of_is_printed():
    program = "a = Tensor(1.0)\nb = a.max()\nb.backward(2.0)"
    assert script(program, "a.grad: got 1, expected 2")[-2:] == ["b.backward(2.0)", "print(a.grad)"]
    assert script(program, "the gradient is wrong")[-1] == "print(b.backward(2.0))"
    assert script("x1 = f(2)", "the value is wrong")[-1] == "print(x1)"
    assert script(program, "the sum of a.grad over each group: got 0")[-1] == "print(a.grad)"
    assert script(program, "a is too small")[-1] == "print(a)"
    assert script(program, "what a is, nobody knows")[-1] == "print(b.backward(2.0))"


def test_the_answers_of_several_calls_are_all_printed():
    calls = "t = T()\nt.encode('a')\nt.decode([97])"
    assert script(calls, value=[[97], "a"])[-2:] == ["print(t.encode('a'))", "print(t.decode([97]))"]
    assert script(calls, value="a")[-2:] == ["t.encode('a')", "print(t.decode([97]))"]


def test_what_a_loop_calls_is_printed_each_time():
    assert script("for _ in range(3):\n    f(2)\n")[-2:] == ["for _ in range(3):", "    print(f(2))"]
    assert script("for x in [1, 2]: y = f(x)")[-2:] == ["for x in [1, 2]:", "    y = f(x)"]


def test_gradients_that_stay_in_the_network_are_printed():
    program = "net = MLP(2)\nnet.forward(1.0)\nnet.backward(2.0)"
    value = {"results": [{"dx": 1.0, "grads": [3.0]}]}
    said = "the gradient of W1: got 3, expected 4"
    assert script(program, said, value=value)[-2:] == ["print(net.backward(2.0))", "print(net.grads)"]
    assert script(program, said, value={"dx": 1.0})[-1] == "print(net.backward(2.0))"


def test_a_lambdas_argument_is_nothing_to_print():
    said = "x[0] is 2 afterwards, was 3"
    assert script("gradient(lambda x: x**2, np.array([3.0]))", said)[-1].startswith("print(gradient(")
    assert script("x = np.array([3.0])\ngradient(lambda x: x**2, x)", said)[-2:] == [
        "gradient(lambda x: x ** 2, x)",
        "print(x[0])",
    ]


def test_what_the_wording_takes_for_given_is_there():
    assert script("get_stats(ids)  # 3 ids", "", 40, "get_stats", [1, 2, 3]) == [
        "ids = [1, 2, 3]",
        "print(get_stats(ids))",
    ]
    assert script("net = MLP(rng)\nnet.size")[0] == "rng = np.random.default_rng(0)"


@pytest.mark.parametrize("shown", ["fit(model, 3)", "for _ in range(30): x = x * 1.01", "x = 1 and so on"])
def test_what_cannot_be_typed_is_a_comment(shown):
    lines = script(shown)
    assert lines
    assert not ast.parse("\n".join(lines)).body
