"""The from-scratch rules, read off the syntax tree: what breaks them is named, what only looks like it passes."""

from __future__ import annotations

from textwrap import dedent

import pytest

from course.curriculum import Rules
from course.grading.rules import breach

PY = Rules("PY", ("stdlib",), words="pure Python: the standard library only")
NP = Rules("NP", ("stdlib", "numpy"), ("numpy.mean", "numpy.linalg.*", "numpy.gradient"))
T = Rules("T", ("stdlib", "torch"), ("torch.nn.functional.*", "torch.softmax", "torch.nn.Transformer*"))
NARROW = Rules("NARROW", ("math", "numpy.random"))

REFUSED = [
    (PY, "import numpy", "`numpy`"),
    (PY, "import numpy.linalg as la", "`numpy.linalg`"),
    (PY, "import math, numpy as np", "`numpy`"),
    (PY, "from numpy import mean", "`numpy`"),
    (PY, "from numpy import *", "`numpy`"),
    (PY, "def f():\n    import numpy", "`numpy`"),
    (PY, "try:\n    import numpy\nexcept BaseException:\n    numpy = None", "`numpy`"),
    (PY, "__import__('numpy')", "`numpy`"),
    (PY, "__import__(name='numpy')", "`numpy`"),
    (PY, "import importlib\nimportlib.import_module('numpy')", "`numpy`"),
    (PY, "import importlib as i\ni.import_module('numpy')", "`numpy`"),
    (PY, "from importlib import import_module as load\nload('numpy')", "`numpy`"),
    (PY, "from importlib import import_module as load\nload(name='numpy')", "`numpy`"),
    (PY, "import builtins\nbuiltins.__import__('numpy')", "`numpy`"),
    (PY, "import subprocess", "`subprocess`"),
    (PY, "from concurrent.futures import ThreadPoolExecutor", "`concurrent.futures`"),
    (PY, "import ctypes.util", "`ctypes.util`"),
    (PY, "import course.grading.wire", "`course.grading.wire`"),
    (PY, "import pandas", "`pandas`"),
    (NARROW, "import random", "`random`"),
    (NARROW, "import numpy", "`numpy`"),
    (NP, "import numpy as np\nnp.mean(1)", "`numpy.mean`"),
    (NP, "import numpy\ndef f(x):\n    return numpy.mean(x)", "`numpy.mean`"),
    (NP, "from numpy import mean", "`numpy.mean`"),
    (NP, "from numpy import mean as middle", "`numpy.mean`"),
    (NP, "import numpy as np\nmean = np.mean", "`numpy.mean`"),
    (NP, "import numpy as np\nlist(map(np.mean, []))", "`numpy.mean`"),
    (NP, "import numpy as np\nnp.linalg.inv([[1]])", "`numpy.linalg.inv`"),
    (NP, "import numpy.linalg as la\nla.inv([[1]])", "`numpy.linalg.inv`"),
    (NP, "from numpy import linalg\nlinalg.inv([[1]])", "`numpy.linalg.inv`"),
    (NP, "from numpy.linalg import inv", "`numpy.linalg.inv`"),
    (NP, "import numpy as np\ngetattr(np, 'mean')(1)", "`numpy.mean`"),
    (NP, "import numpy as np\ngetattr(np.linalg, 'inv')", "`numpy.linalg.inv`"),
    (NP, "def f(x):\n    return np.mean(x)\nimport numpy as np", "`numpy.mean`"),
    (T, "import torch.nn.functional as F\nF.softmax(1)", "`torch.nn.functional.softmax`"),
    (T, "from torch.nn import functional as F\nF.relu", "`torch.nn.functional.relu`"),
    (T, "import torch\ntorch.nn.TransformerEncoder(1)", "`torch.nn.TransformerEncoder`"),
    (T, "from torch import nn\nclass A(nn.Transformer):\n    pass", "`torch.nn.Transformer`"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "source", "what"), REFUSED, ids=lambda part: str(part)[-40:])
def test_a_breach_is_named_with_its_line(rules: Rules, source: str, what: str) -> None:
    failure = breach(source, rules, "minillm/a.py")
    assert failure is not None
    assert what in failure.summary
    (place,) = failure.where
    line = int(place.split(":")[1])
    assert place == f"minillm/a.py:{line}: {source.splitlines()[line - 1].strip()}"


ALLOWED = [
    (PY, ""),
    (PY, "import math, random, collections.abc\nfrom functools import *"),
    (PY, "from __future__ import annotations\nimport minillm.other\nfrom minillm import other"),
    (PY, "from . import numpy\nfrom .numpy import mean\nfrom .. import torch\nfrom ..pandas import read"),
    (PY, "from minillm.numpy import mean\nmean(1)"),
    (PY, "numpy = []\nnumpy.append(1)\ntorch = 'import numpy'"),
    (PY, "import threading, os, sys, importlib\nimportlib.import_module('json')"),
    (PY, "getattr(object, 'numpy', None)\n__import__('math')"),
    (NP, "import numpy as np\nnp.sum(np.ones(3).mean())"),
    (NP, "def mean(x):\n    return sum(x) / len(x)\nmean([1])"),
    (NP, "class A:\n    def mean(self):\n        return self.mean\nA().mean()"),
    (NP, "class np:\n    mean = 1\nnp.mean"),
    (NP, "import numpy as np\nnp.meaningful\nnp.linalg"),
    (NP, "import statistics\nstatistics.mean([1])"),
    (NP, "from minillm.maths import mean, linalg\nlinalg.inv(1)"),
    (NP, "import numpy as np\nclass M:\n    np = None\nM().np.mean"),
    (NP, "import numpy as np\ngetattr(np, 'sum')"),
    (NP, "'np.mean'\n# np.mean"),
    (T, "import torch\ndef softmax(x):\n    return torch.exp(x)\nsoftmax(1)\nx = torch.ones(1).softmax(0)"),
    (T, "import torch.nn as nn\nclass Transformer(nn.Module):\n    pass\nTransformer()"),
    (T, "from torch.nn import functional"),
    (NARROW, "import math\nfrom numpy.random import default_rng\nimport numpy.random"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "source"), ALLOWED, ids=lambda part: str(part)[-40:])
def test_what_only_looks_forbidden_is_allowed(rules: Rules, source: str) -> None:
    assert breach(source, rules, "minillm/a.py") is None


def test_the_first_breach_in_the_file_is_shown() -> None:
    source = """
    def f():
        return numpy.mean(1)
    import pandas
    import numpy
    """
    failure = breach(dedent(source), NP, "minillm/a.py")
    assert failure is not None
    assert failure.where == ("minillm/a.py:3: return numpy.mean(1)",)


def test_the_rules_are_quoted_in_words() -> None:
    failure = breach("import numpy", PY, "minillm/a.py")
    assert failure is not None
    assert failure.detail == ("the rules of this step: pure Python: the standard library only",)
    assert (breach("import pandas", NP, "a.py") or failure).detail == ()


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "\tx\n  y",
        "x = '\0'",
        "(" * 5000,
        "-" * 100_000 + "1",
        "import",
        "import pandas\nx = " + "+".join("1" * 5000),
    ],
)
def test_what_is_no_python_is_left_to_the_import(source: str) -> None:
    assert breach(source, PY, "a.py") is None
