"""`python alone.py CALLS`: a step's own functions and probes on the calls of one grading, and nothing else.

What `course check` is compared with: no judge, no boundary, no hypothesis. The calls come as `run.py` wrote them.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path

from course.grading import probes, wire
from course.grading.child import _load, package_finder


def main() -> None:
    with Path(sys.argv[1]).open("rb") as calls:
        first = wire.read_frame(calls)
        assert first is not None
        config = wire.decode(first)
        own = [_load(path, f"_probes_{place}") for place, path in enumerate(config["probes"])]
        sys.meta_path.insert(0, package_finder(config["modules"]))
        module = importlib.import_module(config["module"])
        while (frame := wire.read_frame(calls)) is not None:
            _, operation, name, args, kwargs = wire.decode(frame, tensors="torch" in config["preload"])
            with contextlib.suppress(Exception):  # many properties are about what is refused
                if operation == "call":
                    probes.find_function(module, name)(*args, **kwargs)
                elif operation == "probe":
                    place = next(one for one in (*own, probes) if hasattr(one, name))
                    getattr(place, name)(module, *args, **kwargs)


if __name__ == "__main__":
    main()
