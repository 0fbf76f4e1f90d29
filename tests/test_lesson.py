"""What a lesson looks like: whole pages at a fixed width, and the small rules one by one."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from course.view.lesson import opening, plain, render

LESSON = r"""# Attention

A token takes from the others what it needs. The **query** $q_i \in \mathbb{R}^{d_k}$ meets every *key* $k_j$.

The output is
$$
\operatorname{Attention}(Q, K, V) = \operatorname{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V
$$
where `$x` is code. An hour costs $2 to $5, or \$3.

## Why $\sqrt{d_k}$?

1. The variance grows with $d_k$.
2. Large scores saturate:
   - see [the paper](https://arxiv.org/abs/1706.03762) and [step 2.5](../softmax.md)

> **Predict before you run.** With $d_k = 64$, what is the largest weight? Write the number down first.

### What it costs

| what | FLOPs |
|:--|--:|
| scores | $2 T^2 d_k$ |
| softmax | $5 T^2$ |

```python
def scores(q, k):
    return q @ k.T / np.sqrt(k.shape[-1])  # (T, T), not $x$
```
"""

AT_72 = """\
Attention
━━━━━━━━━

A token takes from the others what it needs. The query qᵢ ∈ ℝ^dₖ meets
every key kⱼ.

The output is

    Attention(Q, K, V) = softmax(QKᵀ/√dₖ)V

where `$x` is code. An hour costs $2 to $5, or $3.

Why √dₖ?
────────

 1. The variance grows with dₖ.
 2. Large scores saturate:
     • see the paper (https://arxiv.org/abs/1706.03762) and step 2.5

┃ Predict before you run. With dₖ = 64, what is the largest weight?
┃ Write the number down first.

What it costs

 what      FLOPs
─────────────────
 scores    2T²dₖ
 softmax     5T²

    def scores(q, k):
        return q @ k.T / np.sqrt(k.shape[-1])  # (T, T), not $x$
"""

AT_40 = """\
Attention
━━━━━━━━━

A token takes from the others what it
needs. The query qᵢ ∈ ℝ^dₖ meets every
key kⱼ.

The output is

    Attention(Q, K, V) =
        softmax(QKᵀ/√dₖ)V

where `$x` is code. An hour costs $2 to
$5, or $3.

Why √dₖ?
────────

 1. The variance grows with dₖ.
 2. Large scores saturate:
     • see the paper
       (https://arxiv.org/abs/1706.03762
       ) and step 2.5

┃ Predict before you run. With dₖ = 64,
┃ what is the largest weight? Write the
┃ number down first.

What it costs

 what      FLOPs
─────────────────
 scores    2T²dₖ
 softmax     5T²

    def scores(q, k):
        return q @ k.T /
            np.sqrt(k.shape[-1])  # (T,
            T), not $x$
"""


def terminal(columns: int) -> Console:
    """Open a recording terminal with sixteen colours, whatever NO_COLOR and TERM say of the real one."""
    return Console(
        width=columns, record=True, force_terminal=True, color_system="standard", file=io.StringIO(), _environ={}
    )


def shown(markdown: str, columns: int = 72, *, width: int | None = None) -> str:
    console = terminal(columns)
    console.print(render(markdown, width=width))
    return console.export_text(styles=False)


def written(markdown: str, columns: int = 72) -> str:
    console = terminal(columns)
    console.print(render(markdown))
    return console.export_text(styles=True)


def test_a_lesson_at_72_columns() -> None:
    assert plain(LESSON, width=72) == AT_72


def test_a_lesson_at_40_columns() -> None:
    assert plain(LESSON, width=40) == AT_40


def test_a_wide_terminal_keeps_a_margin() -> None:
    text = "word " * 100
    assert max(map(len, shown(text, 120).splitlines())) <= 88
    assert 110 < max(map(len, shown(text, 120, width=120).splitlines())) <= 120


def test_a_width_beyond_the_terminal_is_cut_to_it() -> None:
    assert max(map(len, shown("word " * 100, 50, width=120).splitlines())) <= 50


def test_a_terminal_shows_the_same_text_in_colours_without_backgrounds() -> None:
    assert shown(LESSON).replace("$x is", "`$x` is") == AT_72
    codes = {code for part in written(LESSON).split("\x1b[")[1:] for code in part.split("m")[0].split(";")}
    assert "35" in codes  # formulas
    assert not codes & {*map(str, range(40, 49)), *map(str, range(100, 108))}


def test_plain_text_has_no_escape_codes_and_no_trailing_spaces() -> None:
    text = plain(LESSON)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"`$x^2$` and ``a `$b$` c``", "`$x^2$` and `a `$b$` c`"),
        ("```\n$x^2$ and $$y$$\n```", "    $x^2$ and $$y$$"),
        ("    $x^2$", "    $x^2$"),
        ("~~~text\n$$\nx^2\n$$\n~~~", "    $$\n    x^2\n    $$"),
        (r"\$x^2\$", "$x^2$"),
        ("$5 and $10, or 5$ to 10$", "$5 and $10, or 5$ to 10$"),
        ("it costs $5 (or US$ 6)", "it costs $5 (or US$ 6)"),
        ("$5 on one machine and A$ 9 there", "$5 on one machine and A$ 9 there"),
        ("`cost$` is $5 and `a$b`", "`cost$` is $5 and `a$b`"),
        ("$ x $ and $HOME", "$ x $ and $HOME"),
        ("$5$ of $2n$ and $5 = x$ at $\\$5$", "5 of 2n and 5 = x at $5"),
        ("$a_1 * b_2$ and $c_1 * d_2$", "a₁ * b₂ and c₁ * d₂"),
        ("$x_i$-th, ($y$), **$z_j$**", "xᵢ-th, (y), zⱼ"),
        ("over $a\n= b$ lines", "over a = b lines"),
        ("# The $L_2$ norm", "The L₂ norm\n━━━━━━━━━━━"),
        ("an $$a = b$$ in a line", "an\n    a = b\nin a line"),
        ("$$ a = b. $$", "    a = b."),
        ("$$a = b$$,", "    a = b,"),
        ("text\n$$\na\n$$\ntext", "text\n\n    a\n\ntext"),
        ("$$\na\n\nnot closed", "$$ a\n\nnot closed"),
        ("> $$\n> a \\\\ b\n> $$", "┃     a\n┃     b"),
        ("- one\n\n  $$x$$\n\n  two\n- three", " • one\n\n       x\n\n   two\n • three"),
        ("9. a\n10. b", "  9. a\n 10. b"),
        ("<https://a.org> and [b](https://b.org)", "https://a.org and b (https://b.org)"),
        ("![a plot](plot.png) <!-- a note -->", "[a plot]"),
        ("<details>\n\nx\n\n</details>", "x"),
        ("a\n\n---\n\nb", "a\n\n" + "─" * 40 + "\n\nb"),
    ],
)
def test_one_rule_at_a_time(markdown: str, text: str) -> None:
    assert plain(markdown, width=40).rstrip("\n") == text


def test_a_short_formula_is_not_broken_at_a_line_end() -> None:
    assert plain("about thirty letters of text, $a + b$", width=33) == "about thirty letters of text,\na + b\n"


def test_python_is_highlighted_and_text_is_not() -> None:
    assert "\x1b[35mdef\x1b[0m" in written("```python\ndef f(): ...\n```")
    assert "\x1b[" not in written("```text\ndef f(): ...\n```").replace("\x1b[0m", "")


def test_the_opening_is_the_title_and_the_first_paragraphs() -> None:
    assert opening("# T\n\none\n\ntwo\n\nthree\n") == "# T\n\none\n\ntwo"
    assert opening("# T\n\n## Why\n\none\n\n## What\n\ntwo", paragraphs=2) == "# T\n\none"


def test_the_opening_keeps_what_a_paragraph_leads_to() -> None:
    assert opening("# T\n\nIt is\n$$\nx\n$$\nwhere", 1) == "# T\n\nIt is\n\n$$\nx\n$$"
    assert opening("# T\n\nTwo things:\n\n- a\n- b\n\nmore", 1) == "# T\n\nTwo things:\n\n- a\n- b"
    assert opening("# T\n\none\n\n- a\n\ntwo", 1) == "# T\n\none"


def test_the_opening_ends_before_code() -> None:
    assert opening("# T\n\none\n\n```\ncode\n```\n\ntwo") == "# T\n\none"
    assert opening("") == ""


def test_the_opening_of_a_lesson_can_be_shown() -> None:
    assert plain(opening(LESSON), width=72) == AT_72.partition("\nwhere")[0]


PARTS = [
    "# ",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "1. ",
    "    ",
    "```",
    "`",
    "$",
    "$$",
    "\\",
    "*",
    "[a](b)",
    "![i](j)",
    "</kbd>",
    "<a>",
    "|",
]


@settings(max_examples=60)
@given(st.one_of(st.text(), st.lists(st.sampled_from([*PARTS, "x", "word ", "|---|\n"])).map("".join)))
def test_any_text_can_be_shown(markdown: str) -> None:
    for width in (1, 40, 120):
        plain(markdown, width=width)
    assert isinstance(opening(markdown), str)


def test_no_line_is_wider_than_asked_for() -> None:
    for width in (24, 40, 60, 72, 100):
        assert max(map(cell_len, plain(LESSON, width=width).splitlines())) <= width
