"""How much memory a running watch holds, all of its processes together, as honestly as the system can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Shared pages counted by share; each process's own pages; everything resident, shared pages counted in each.
KINDS = ("pss", "uss", "rss")


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes by process: the watch itself, its judge, and the processes that the judge keeps."""

    kind: str
    watch: int
    judge: int
    learners: int

    @property
    def total(self) -> int:
        return self.watch + self.judge + self.learners


def held_by(pid: int) -> Held | None:
    """Measure a watch; None when it has ended meanwhile."""
    import psutil  # noqa: PLC0415

    try:
        watch = psutil.Process(pid)
        judges = watch.children()
        learners = [one for judge in judges for one in judge.children(recursive=True)]
        sizes = [list(_sizes(group)) for group in ([watch], judges, learners)]
    except psutil.Error:
        return None
    kind = next(kind for kind in KINDS if all(kind in one for group in sizes for one in group))
    own, judge, rest = (sum(one[kind] for one in group) for group in sizes)
    return Held(kind.upper(), own, judge, rest)


def _sizes(processes: Sequence[object]) -> Iterator[dict[str, int]]:
    import psutil  # noqa: PLC0415

    for process in processes:
        assert isinstance(process, psutil.Process)
        try:
            found = process.memory_full_info()._asdict()
        except psutil.AccessDenied:  # macOS tells it only of one's own processes, and not always
            found = process.memory_info()._asdict()
        yield {kind: size for kind, size in found.items() if kind in KINDS and size}
