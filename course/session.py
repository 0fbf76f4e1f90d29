"""What every command starts from: the curriculum, the workspace one stands in, and its progress."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from course.content import Content, find_content
from course.curriculum import Curriculum, Step, load_curriculum
from course.errors import UsageError
from course.gate import Standing, current_step, following, require_open, standings
from course.progress import Progress, load_progress, now, update
from course.workspace import Workspace, find_workspace, open_stub


@dataclass(slots=True)
class Session:
    curriculum: Curriculum
    workspace: Workspace
    progress: Progress

    @property
    def content(self) -> Content:
        return self.curriculum.content

    def standings(self) -> dict[str, Standing]:
        return standings(self.curriculum, self.workspace, self.progress)

    def step(self, text: str | None) -> Step:
        """The step of this number or key, which must be open; without one, the current step."""
        if text is not None:
            step = self.curriculum.find(text)
        elif (current := current_step(self.curriculum, self.progress)) is not None:
            step = current
        else:
            raise UsageError("Every step that exists so far has passed.", hint="course map   shows them")
        require_open(self.curriculum, self.workspace, self.progress, step)
        return step

    def open(self, step: Step) -> bool:
        """Open a step: copy its stub in where there is no file, make it the current one; say whether it was copied."""
        require_open(self.curriculum, self.workspace, self.progress, step)
        copied = open_stub(self.workspace, self.content, step)
        if self.progress.current == step.key and step.key in self.progress.opened:
            return copied
        with update(self.workspace.progress) as progress:
            progress.opened.setdefault(step.key, now())
            progress.current = step.key
        self.progress = progress
        return copied

    def following(self) -> Step | None:
        return following(self.curriculum, self.progress)


def open_session(start: Path | None = None) -> Session:
    """Find content, workspace and progress from where the user stands; raise a `CourseError` for what is missing."""
    workspace = find_workspace((start or Path.cwd()).absolute())
    return Session(load_curriculum(find_content()), workspace, load_progress(workspace.progress))
