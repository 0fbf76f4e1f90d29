"""Dotted names of NumPy, PyTorch and `math` in a reply, and keyword arguments: do they exist where they are used?

Asked of the installed libraries in a confined process. A name that the reply itself doubts or denies is left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from course.mentor.claims import Claim, Kind, Result
from course.mentor.graft import NoCode, read
from course.mentor.reply import Block, Sentence, any_word, spans, without_addresses
from course.mentor.workbench import Workbench

MOST = 60
_DOTTED = re.compile(r"(?<![\w./-])(?:np|numpy|torch|math)(?:\.[A-Za-z]\w{0,60}){1,6}(?![\w-])")
_PLACEHOLDERS = (
    *("something", "anything", "whatever", "func", "function", "fn", "foo", "bar", "baz", "name", "your_function"),
    *("some_function", "xxx", "op", "method", "etc"),
)
# A sentence that denies a name, asks for it, or makes one up.
_DENIES = any_word(
    r"""
    no | not | \w+n't | never | without | neither | nor | none | cannot | isn't | doesn't | don't | there's no |
    imagin\w* | hypothetical | invented | made up | would | if | whether | were | removed | deprecated | older |
    newer | former | formerly | used to | renamed | was | missing | instead of | wrong | mistake | typo |
    kein\w* | nicht | pas | aucun\w* | ning\w+ | there is no | lacks? | calls it | version | versions
    """,
    also=r"\?",
)


def library_names(bench: Workbench, sentences: Sequence[Sentence], blocks: Sequence[Block]) -> list[Claim]:
    """Say which names and keyword arguments are not there; those that are count as confirmed."""
    places: dict[str, str] = {}
    calls: dict[tuple[str, str], str] = {}
    denied: set[str] = set()
    for sentence in sentences:
        text = without_addresses(sentence.text)
        names = [name for name in _DOTTED.findall(text) if _is_meant(name, text)]
        if _DENIES.search(_without_code(text)):
            denied |= set(names)
            continue
        for name in names:
            places.setdefault(name, sentence.text)
        for span in spans(text):
            calls |= dict.fromkeys(_keywords(span), sentence.text)
    for block in blocks:
        speaks_ill = bool(_DENIES.search(block.before[-300:]))
        for name, keyword in _code_names(block.text):
            if speaks_ill:
                denied.add(name)
            elif keyword:
                calls.setdefault((name, keyword), f"{name}(…, {keyword}=…)")
            else:
                places.setdefault(name, name)
    wanted = [name for name in places if name not in denied][:MOST]
    asked = [call for call in calls if call[0] not in denied][:MOST]
    found = bench.names([*dict.fromkeys([*wanted, *(name for name, _ in asked)])], asked)
    claims = [_about(name, places[name], found.get(name, "unknown"), _library(name)) for name in wanted]
    for name, keyword in asked:
        state = found.get(f"{name}({keyword}=)", "unknown") if found.get(name) == "there" else "unknown"
        claims.append(
            _about(f"{name}(…, {keyword}=…)", calls[name, keyword], state, f"{name} takes no argument {keyword}")
        )
    return claims


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]{1,300}`", " ", text)


def _is_meant(name: str, text: str) -> bool:
    """`torch.` and `math.` also end sentences: in prose their names count only as code or before a parenthesis."""
    if name.rpartition(".")[2].casefold() in _PLACEHOLDERS:
        return False
    in_code = any(name in span for span in spans(text))
    return in_code or f"{name}(" in text or (name.startswith(("np.", "numpy.")) and name.rpartition(".")[2].islower())


def _code_names(text: str) -> list[tuple[str, str]]:
    """Dotted names in a block of code, each with "" or with a keyword argument it is called with."""
    try:
        tree: ast.AST = read(text)
    except NoCode:
        return []
    found: list[tuple[str, str]] = []
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner and (name := _name(node)):
            found.append((name, ""))
            inner |= {id(one) for one in ast.walk(node)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (name := _name(node.func)):
            found += [(name, one.arg) for one in node.keywords if one.arg]
    return found


def _keywords(span: str) -> list[tuple[str, str]]:
    return [(name, keyword) for name, keyword in _code_names(span) if keyword]


def _name(node: ast.expr) -> str:
    from course.grading.expressions import dotted  # noqa: PLC0415

    name = dotted(node)
    return name if _DOTTED.fullmatch(name) and name.rpartition(".")[2] not in _PLACEHOLDERS else ""


def _library(name: str) -> str:
    library = {"np": "NumPy", "numpy": "NumPy", "torch": "PyTorch"}.get(name.partition(".")[0], "Python's math")
    return f"the {library} installed here has no {name.partition('.')[2]}"


def _about(name: str, said: str, state: str, truth: str) -> Claim:
    words = said if len(said) <= 200 else name
    if state == "there":
        return Claim(Kind.NAME, Result.CONFIRMED, name)
    if state in ("missing", "refused"):
        return Claim(Kind.NAME, Result.REFUTED, words, truth)
    return Claim(Kind.NAME, Result.NOT_VERIFIED, name, "it cannot be read off the library")
