"""What this machine offers the course: Python, packages, cores, memory, GPU, and the hardware tier that follows."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

PACKAGES = ("numpy", "pytest", "hypothesis", "rich", "click", "torch")
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Gpu:
    name: str
    memory: int


@dataclass(frozen=True, slots=True)
class Machine:
    system: str
    python: str
    packages: dict[str, str | None]
    cores: int
    memory: int
    gpu: Gpu | None

    @property
    def tier(self) -> tuple[str, str]:
        """The hardware tier and what it means for the course."""
        if self.gpu is not None and self.gpu.memory >= 15 * GIB:
            return "gpu-16gb", "everything, the 100 M parameter model included"
        if self.gpu is not None:
            return "gpu-8gb", "everything but the 100 M model; the 10 M model trains in minutes"
        if self.memory >= 15 * GIB and self.cores >= 8:
            return "cpu-16gb", "everything on small models; the 10 M model on a short token budget"
        return "cpu-8gb", "everything on small models; the 0.8 M model trains in a few minutes"


def inspect_machine() -> Machine:
    return Machine(
        system=f"{platform.system()} {platform.release()} ({platform.machine()})",
        python=platform.python_version(),
        packages={name: _version(name) for name in PACKAGES},
        cores=cores(),
        memory=_memory(),
        gpu=_gpu(),
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def cores() -> int:
    """Cores this process may use: a container's share, not the host's number."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    import psutil  # noqa: PLC0415 - only `course doctor` pays for it

    return int(psutil.virtual_memory().total)


def _gpu() -> Gpu | None:
    """The first NVIDIA GPU, asked of its own tool: importing torch to ask would take seconds."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        said = subprocess.run(
            [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=10, check=True,
        ).stdout  # fmt: skip
        name, _, memory = said.splitlines()[0].rpartition(",")
        return Gpu(name.strip(), int(memory) << 20)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
