"""The text that is pasted into a chat: what the grader knows, computed facts, the code that fails, a few rules, last.

Plain text of at most 4,000 characters, the same for the same inputs. The code gets what room the rest leaves; where
that is too little, the rest is shortened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from course.content import Content
from course.curriculum import Step
from course.errors import UsageError
from course.grading.last import LastCheck
from course.grading.outcomes import Diagnosis, Finding, Outcome, PropertyResult
from course.mentor.excerpt import excerpt
from course.mentor.facts import Fact, load_facts, load_prompt
from course.mentor.history import History
from course.mentor.predict import begin, shown
from course.mentor.voice import contract, part, persona

MOST = 4000
# The code gets at least so many characters, if it has so many.
LEAST_CODE = 600
MOST_NAMES = 4
MOST_LINE = 160


@dataclass(frozen=True, slots=True)
class _Measure:
    """How much is said: characters of the failing call, lines beside it, facts."""

    call: int = 420
    details: int = 3
    facts: int = 8


# From the usual to the shortest.
_MEASURES = (_Measure(), _Measure(220, 2), _Measure(140, 1, 6), _Measure(100, 1, 4))


class Situation(StrEnum):
    START = "start"
    FAILED = "failed"
    PASSED = "passed"
    DEFEND = "defend"


@dataclass(frozen=True, slots=True)
class Request:
    """What a prompt is made from. `suspects`: functions of the step, the likeliest to hold the bug first."""

    step: Step
    situation: Situation
    history: History
    last: LastCheck | None = None
    source: str = ""
    suspects: Sequence[str] = ()
    persona: str = "feynman"
    language: str = ""
    measured: Sequence[str] = field(default=())


def build(content: Content, request: Request) -> str:
    """Write the prompt."""
    parts = contract(content)
    head = f"{part(parts, 'role')} {persona(content, request.persona)}"
    now = request.last.diagnosis.mistakes if request.last is not None and request.last.diagnosis is not None else ()
    state = f"MY STATE\n{request.history.told(request.step, now)}"
    tail = [state, part(parts, f"rules {request.situation.value}")]
    if request.language:
        tail.append(f"Answer in {_language(request.language)}.")
    facts = load_facts(content, request.step)
    middle, code = [], ""
    for measure in _MEASURES:
        middle = _middle(content, request, facts[: measure.facts], measure)
        room = MOST - len("\n\n".join([head, *middle, *tail])) - 4
        code = _code(request, part(parts, "code"), room)
        if room >= LEAST_CODE or request.situation is not Situation.FAILED:
            break
    return "\n\n".join([head, *middle, *([code] if code else []), *tail]) + "\n"


def _middle(content: Content, request: Request, facts: Sequence[Fact], measure: _Measure) -> list[str]:
    """What is known, and what goes with it, between the role and the code."""
    parts, step = contract(content), request.step
    sections = [
        f"{part(parts, 'known')}\n{_known(request, measure)}",
        "\n".join([part(parts, "facts"), *(f"{fact.name} {fact.text}" for fact in facts)]),
    ]
    prompt = load_prompt(content, step)
    if request.situation is Situation.START:
        openers = prompt.get("openers", ())
        sections.append("QUESTIONS to begin with\n" + "\n".join(f"- {opener}" for opener in openers))
    if request.situation is Situation.PASSED and request.last is not None and prompt.get("predict"):
        sections.append(_predictions(content, step, request.last.code))
    return sections


def _predictions(content: Content, step: Step, code: str) -> str:
    """Two questions with computed answers, drawn from the code's hash: the same code, the same questions."""
    questions = begin(content, step, int(code[:8], 16), []).questions[:2]
    lines = [f"P{place} {one.ask}  (true: {shown(one.answer)})" for place, one in enumerate(questions, 1)]
    return "\n".join(["PREDICTIONS for me, with their true answers, which you keep to yourself", *lines])


def short(name: str) -> str:
    """A property's name in words: test_rows_sum_to_one is “rows sum to one”."""
    return name.removeprefix("test_").replace("_", " ")


def _known(request: Request, measure: _Measure) -> str:
    step, last = request.step, request.last
    title = f"{step.number} “{step.title}”"
    if request.situation is Situation.DEFEND:
        return "\n".join(request.measured)
    if last is None and request.history.checks.get(step.key):
        return f"I begin {title} afresh. What I have written so far, and how it was checked, is left out here."
    if last is None:
        return f"I begin {title}. Nothing is written yet, and nothing has been checked."
    if last.problem is not None:
        problem = [last.problem.summary, *last.problem.detail, *last.problem.where]
        return "\n".join([f"{title}: my code cannot be run ({last.outcome.value}).", *map(_line, problem[:6])])
    hold = [one for one in last.properties if one.outcome is Outcome.PASSED]
    lines = [f"{title}: {len(hold)} of {len(last.properties)} properties hold."]
    if hold:
        lines.append("These hold; do not question them: " + ", ".join(short(one.name) for one in hold) + ".")
    if request.situation is Situation.FAILED:
        lines += _failing(last, measure)
    return "\n".join(lines)


def _failing(last: LastCheck, measure: _Measure) -> list[str]:
    failed = last.first_failure
    if failed is None:
        return []
    lines = [f"This fails ({failed.outcome.value}): {_line(failed.claim)}.", *_evidence(failed, measure)]
    others = [one for one in last.properties if one.outcome is not Outcome.PASSED and one is not failed]
    written = [short(one.name) for one in others if one.outcome is not Outcome.UNFINISHED]
    if written:
        more = f" and {len(written) - 4} more" if len(written) > 4 else ""
        lines.append(f"Also failing: {', '.join(written[:4])}{more}.")
    if unwritten := len(others) - len(written):
        lines.append(f"Not written yet: what {unwritten} other properties ask for.")
    return [*lines, _diagnosis(last)]


def _evidence(failed: PropertyResult, measure: _Measure) -> list[str]:
    failure = failed.failure
    if failure is None:
        return []
    call = failure.call if len(failure.call) <= measure.call else failure.call[: measure.call] + " …"
    lines = [f"  {_line(failure.summary)}", *(f"  {_line(line)}" for line in failure.detail[: measure.details])]
    return [
        *lines,
        *(f"  for  {line}" if place == 0 else f"       {line}" for place, line in enumerate(call.split("\n"))),
    ]


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MOST_LINE else flat[: MOST_LINE - 1] + "…"


def _diagnosis(last: LastCheck) -> str:
    found = last.diagnosis
    if found is None or found.finding is Finding.UNKNOWN:
        return f"Diagnosis: none. It is no bug the course knows; {_place(found)}."
    names = " and ".join(f"“{name}”" for name in found.mistakes)
    if found.finding is Finding.MATCH:
        return f"Diagnosis: it behaves exactly like {names} on {found.inputs} inputs. Do not tell me; lead me there."
    more = len(found.mistakes) - MOST_NAMES
    named = found.mistakes if more <= 1 else found.mistakes[:MOST_NAMES]
    either = " or ".join([*(f"“{name}”" for name in named), *([f"{more} others"] if more > 1 else [])])
    return (
        f"Diagnosis: it behaves like {either}; {found.inputs} inputs do not tell which. Do not tell me; lead me there."
    )


def _place(found: Diagnosis | None) -> str:
    if found is None or not found.functions:
        return "nobody has named it yet"
    return "but it is in my " + found.where("the reference's")


def _code(request: Request, head: str, room: int) -> str:
    if request.situation is not Situation.FAILED:
        return ""
    text = excerpt(request.source, request.suspects, room - len(head) - 20)
    if not text:
        return ""
    # One backtick more than the code has in a row: nothing in it can end the fence.
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{head}\n{fence}python\n{text}\n{fence}"


def _language(name: str) -> str:
    clean = " ".join(name.split())
    if not re.fullmatch(r"[^\W\d_][\w .()'-]{1,30}", clean):
        raise UsageError(f"{name!r} is no language.", hint="course mentor --language German")
    return clean
