"""The parts of every prompt that are the same for all steps: the contract's parts and the persona's line."""

from __future__ import annotations

from course.content import Content
from course.errors import ContentError, UsageError


def personas(content: Content) -> list[str]:
    """The manners of teaching there are."""
    return sorted(path.stem for path in (content.root / "mentor_prompts" / "personas").glob("*.md"))


def persona(content: Content, name: str) -> str:
    """The line of a persona; raise `UsageError` naming those there are."""
    known = personas(content)
    if name.lower() not in known:
        raise UsageError(f"There is no persona {name!r}.", hint=f"course mentor --persona {'|'.join(known)}")
    return content.read(content.root / "mentor_prompts" / "personas" / f"{name.lower()}.md").strip()


def contract(content: Content) -> dict[str, str]:
    """The parts of contract.md by name."""
    parts: dict[str, str] = {}
    for block in content.read(content.root / "mentor_prompts" / "contract.md").split("\n## ")[1:]:
        name, _, text = block.partition("\n")
        parts[name.strip()] = text.strip()
    return parts


def part(parts: dict[str, str], name: str) -> str:
    if name not in parts:
        raise ContentError(f"mentor_prompts/contract.md has no part {name!r}.", hint="course dev check")
    return parts[name]
