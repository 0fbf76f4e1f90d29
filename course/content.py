"""Where the course's content stands: the same relative path in every tree."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from course.errors import ContentError

PACKAGE = "minillm"


@dataclass(frozen=True, slots=True)
class Content:
    """The content trees below one folder (a clone, the inside of the wheel, or a test's fake course)."""

    root: Path

    def read(self, path: Path) -> str:
        """Read one of the course's own files; raise `ContentError` naming it."""
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(
                f"The course's file {path.relative_to(self.root)} cannot be read ({type(error).__name__}).",
                hint="git status   in the clone, or pip install --force-reinstall, brings it back",
            ) from error

    @property
    def course_toml(self) -> Path:
        return self.root / "curriculum" / "course.toml"

    def lesson(self, key: str) -> Path:
        return self.root / "curriculum" / f"{key}.md"

    def stub(self, file: str) -> Path:
        return self.root / "stubs" / f"{file}.py"

    def grader(self, key: str) -> Path:
        return self.root / "graders" / key

    def test_file(self, key: str) -> Path:
        return self.grader(key) / f"test_{key.rsplit('/', 1)[-1]}.py"

    def probes(self, key: str) -> Path:
        return self.grader(key) / "probes.py"

    def picture(self, key: str) -> Path:
        """What draws something with the learner's code (optional)."""
        return self.grader(key) / "picture.py"

    def reference(self, file: str) -> Path:
        return self.grader(file) / "reference.py"

    def references(self) -> dict[str, Path]:
        """Every reference by the name of its module: the finished package, in our words."""
        graders = self.root / "graders"
        return {
            ".".join((PACKAGE, *path.parent.relative_to(graders).parts)): path
            for path in sorted(graders.glob("*/*/reference.py"))
        }

    def rights(self, file: str) -> list[Path]:
        """Right implementations in other styles than the reference's; a grader that refuses one is broken."""
        return sorted(self.grader(file).glob("right_*.py"))

    def mistakes(self, key: str) -> Path:
        return self.grader(key) / "mistakes.toml"

    def freedoms(self, key: str) -> Path:
        return self.grader(key) / "freedoms.toml"

    def prompt(self, key: str) -> Path:
        return self.root / "mentor_prompts" / "steps" / f"{key}.toml"


def find_content() -> Content:
    """Find the content: `COURSE_CONTENT`, else the clone this package stands in, else what the wheel carries."""
    named = os.environ.get("COURSE_CONTENT")
    here = Path(__file__).resolve().parent
    for root in [Path(named).resolve()] if named else [here.parent, here / "_content"]:
        content = Content(root)
        if content.course_toml.is_file():
            return content
    raise ContentError(
        f"The course's content was not found{f' in {named}' if named else ''}.",
        hint="unset COURSE_CONTENT" if named else "pip install --force-reinstall .   in the clone repairs it",
    )
