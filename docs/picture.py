"""Draw docs/check.svg: what `course check` prints, by the program itself. Run it with: python docs/picture.py"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from course.content import find_content
from course.curriculum import load_curriculum
from course.grading.judge import Submission, grade
from course.grading.mistakes import load_mistakes
from course.grading.score import read_score
from course.view import console as shared
from course.view import verdict as view

STEP, MISTAKE = "foundations/neuron", "dw averaged over the batch"


def main() -> None:
    content = find_content()
    step = load_curriculum(content)[STEP]
    wrong = next(mistake for mistake in load_mistakes(content.mistakes(STEP)) if mistake.name == MISTAKE)
    picture = Console(
        record=True, width=100, theme=shared.THEME, highlight=False, force_terminal=True, file=io.StringIO()
    )
    shared.console = lambda: picture  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "neuron.py"
        file.write_text(wrong.source(content, step), encoding="utf-8")
        verdict = grade(content, step, Submission({step.module: file}))
        picture.print(Text("$ course check F.1", style="bold"))
        view.show(step, verdict)
        file.write_text(content.read(content.reference(step.file)), encoding="utf-8")
        verdict = grade(content, step, Submission({step.module: file}))
        picture.print(Text("\n$ course check F.1", style="bold"))
        view.show(step, verdict)
        following = load_curriculum(content)["foundations/gradcheck"]
        view.show_way_on(step, following, read_score(content, step), current=True)
    picture.save_svg(str(Path(__file__).with_name("check.svg")), title="course check")


if __name__ == "__main__":
    main()
