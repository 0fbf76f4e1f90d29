"""`course hint`: a rung, and what opens the next one."""

from __future__ import annotations

from rich.text import Text

from course.curriculum import Step
from course.grading.outcomes import Diagnosis, Finding
from course.mentor.hints import Hint
from course.view.console import command, say, say_next


def show_hint(step: Step, hint: Hint, diagnosis: Diagnosis | None) -> None:
    say(Text.assemble((f"{step.number} {step.title}", "bold"), (f"   hint {hint.rung} of {hint.of}", "quiet")))
    if hint.rung == 1 and diagnosis and diagnosis.finding is not Finding.MATCH:
        alike = "Several known mistakes behave" if diagnosis.mistakes else "No known mistake behaves exactly"
        say(f"{alike} like your code, so this hint is about the claim.", "quiet", indent=2)
    for line in hint.lines:
        say(line, indent=2)
    if hint.waits:
        say_next("change your code, ", command(f"course check {step.number}"), ", then the next hint opens")
    else:
        say_next(command(f"course replay {step.number} --pdb"), " steps into your code with this input")
