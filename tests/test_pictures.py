"""`course show`: pictures come from the learner's code, fit every screen, and never end in a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Cli, open_step
from rich.text import Text

from course.content import Content
from course.curriculum import Curriculum, load_curriculum
from course.data.corpus import corpus
from course.errors import ContentError, NotDrawn
from course.grading.judge import reference_modules
from course.grading.pictures import Bars, Curve, Heatmap, Picture, Scatter, Tokens, draw, has_picture, pictures_of
from course.view.pictures import lines, save_svg, visible
from course.workspace import Workspace

REAL = load_curriculum(Content(Path(__file__).parents[1]))
SAMPLE = corpus(100_000).decode()
DRAWN = [step.key for step in REAL if has_picture(REAL.content, step)]
EVERY_KIND: list[Picture] = [
    Tokens("t", (b"The", b" cat", b"\xc3", b"\xa9\n", b"x" * 200, "日本".encode())),
    Heatmap("h", ("a", "a long label, much too long"), ("a", "b", "c"), ((0.0, 0.5, 1.0), (1.0, 0.25, 0.0))),
    Heatmap("d", ("0",), tuple(map(str, range(40))), (tuple(-1 + i / 20 for i in range(40)),), low=-1.0),
    Heatmap("flat", ("0",), ("0",), ((3.0,),), low=3.0, high=3.0),
    Curve("c", "size", "ratio", (256.0, 300.0, 1000.0), (1.0, 1.5, 3.25)),
    Curve("constant", "size", "ratio", (1.0, 1.0), (2.0, 2.0)),
    Scatter("s", (0.0, 1.0, 1.0), (0.0, 1.0, 1.0), ("cat", "dog", "a label that is far too long")),
    Bars("b", ("one", "two"), (0.0, 3.5), "bytes"),
    Bars("nothing", ("one",), (0.0,)),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The references where a learner's modules lie: those among the graders may not be read."""
    root = tmp_path_factory.mktemp("work")
    modules = {name: root / f"{name}.py" for name in reference_modules(REAL.content)}
    for name, path in reference_modules(REAL.content).items():
        shutil.copyfile(path, modules[name])
    return modules


@pytest.mark.parametrize("key", DRAWN)
def test_every_picture_of_the_course_is_drawn_by_the_reference(key: str, finished: dict[str, Path]) -> None:
    for text in (None, "a", "Grüße an alle,\nand to all\tthe others — 日本 🙂"):
        for picture in draw(REAL, REAL[key], finished, text, SAMPLE):
            assert lines(picture, 46, colours=False)


def test_the_text_is_the_learner_s_own(cli: Cli, solve: Callable[[str], Path]) -> None:
    solve("alpha/double")
    said = cli.ok("show", "A.1", "four sixsix")
    assert "four|" in said.splitlines()[1] + "|"
    assert "four" in said and " 8 letters" in said and " 12 letters" in said
    assert cli.ok("show", "A.1", "-", answer="four sixsix") == said
    assert all(line == line.rstrip() for line in said.splitlines())


def test_the_learner_s_code_is_what_is_drawn(cli: Cli, solve: Callable[[str], Path]) -> None:
    solve("alpha/double").write_text("def double(x):\n    return 3 * x\n", encoding="utf-8")
    assert " 12 letters" in cli.ok("show", "A.1", "four sixsix")


def test_json_and_svg(cli: Cli, solve: Callable[[str], Path], tmp_path: Path) -> None:
    solve("alpha/double")
    kinds = [picture["kind"] for picture in json.loads(cli.ok("show", "A.1", "--json"))]
    assert kinds == ["tokens", "bars", "curve", "scatter", "heatmap"]
    cli.ok("show", "A.1", "--svg", str(tmp_path / "my picture.svg"))
    assert "Lengths" in (tmp_path / "my picture.svg").read_text(encoding="utf-8")
    refused = cli("show", "A.1", "--svg", str(tmp_path / "nowhere" / "p.svg"))
    assert refused.exit_code == 2 and "could not be written" in refused.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "there is no double() in your file"),
        ("def double(x):\n    raise NotImplementedError\n", "not written yet"),
        ("def double(x):\n    return x / 0\n", "ZeroDivisionError"),
        ("def double(x):\n    return float('nan')\n", "not finite"),
        ("def double(x):\n    return -1\n", "0 and more"),
        ("def double(x)\n", "SyntaxError"),
        ("import os\ndef double(x):\n    os._exit(0)\n", "ended the whole process"),
    ],
)
def test_code_that_gives_nothing_to_draw_is_told_why(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, source: str, words: str
) -> None:
    open_step(workspace, curriculum, "alpha/double").write_text(source, encoding="utf-8")
    result = cli("show", "A.1")
    assert result.exit_code == 1
    assert words in result.stderr and "course check A.1" in result.stderr and "Traceback" not in result.stderr


def test_a_step_without_a_picture_names_those_that_have_one(cli: Cli, solve: Callable[[str], Path]) -> None:
    solve("alpha/double")
    solve("alpha/mean")
    result = cli("show", "A.2")
    assert result.exit_code == 2 and "A.2 has no picture" in result.stderr and "these have one: A.1" in result.stderr


@pytest.mark.parametrize("text", ["", "x" * 100_001])
def test_an_empty_or_endless_text_is_refused(cli: Cli, solve: Callable[[str], Path], text: str) -> None:
    solve("alpha/double")
    assert cli("show", "A.1", "-", answer=text).exit_code == 2


@pytest.mark.parametrize("width", [20, 46, 80, 200])
@pytest.mark.parametrize("picture", EVERY_KIND, ids=lambda picture: picture.title)
@pytest.mark.parametrize("colours", [True, False])
def test_a_picture_fits_the_screen(picture: Picture, width: int, colours: bool) -> None:
    drawn = lines(picture, width, colours=colours)
    assert drawn
    assert max(line.cell_len for line in drawn) <= max(width, 46)


def test_no_token_is_lost_without_colour() -> None:
    pieces = tuple(bytes([i]) for i in range(256))
    text = "".join(line.plain for line in lines(Tokens("t", pieces), 60, colours=False))
    assert text == "".join(f"{visible(piece)}|" for piece in pieces)


def test_what_is_no_text_by_itself_is_shown_as_bytes() -> None:
    assert [visible(piece) for piece in (b"\xc3", b"\n", b"\t", b"\x1b[2J", "é".encode())] == [
        "\\xc3", "↵", "→", "\\x1b[2J", "é",
    ]  # fmt: skip


def test_a_label_is_no_markup(tmp_path: Path) -> None:
    picture = Heatmap("[red]t", ("[bold]",), ("[/]",), ((0.5,),), note="[link=x]")
    save_svg([picture], tmp_path / "p.svg", "[b]")
    assert isinstance(lines(picture, 80, colours=True)[0], Text)
    assert "[bold]" in lines(picture, 80, colours=False)[1].plain


@pytest.mark.parametrize(
    "found",
    [
        [{"kind": "tokens", "title": "t", "pieces": ["text"]}],
        [{"kind": "curve", "title": "c", "x": "", "y": "", "xs": [1.0], "ys": [1.0]}],
        [{"kind": "curve", "title": "c", "x": "", "y": "", "xs": [1.0, 2.0], "ys": [1.0, float("inf")]}],
        [{"kind": "heatmap", "title": "h", "rows": ["a"], "columns": ["a", "b"], "values": [[1.0]]}],
        [{"kind": "scatter", "title": "s", "xs": [], "ys": [], "labels": []}],
        [],
        None,
    ],
)
def test_unfit_data_is_the_learner_s_affair(found: object) -> None:
    with pytest.raises(NotDrawn):
        pictures_of(found, REAL["foundations/neuron"])


@pytest.mark.parametrize("found", [[{}], [{"kind": "film"}], [{"kind": "bars", "titel": "b"}], [{"kind": "bars"}], [3]])
def test_a_picture_of_no_known_form_is_the_author_s_affair(found: object) -> None:
    with pytest.raises(ContentError):
        pictures_of(found, REAL["foundations/neuron"])
