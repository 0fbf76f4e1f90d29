"""Sentences that judge the learner's code, held against the grader's last verdict.

A sentence is a verdict only if it says so plainly: somebody's code, a verb, a judgement, and no question, condition,
doubt, negation or limit in it. What remains is marked *possible*, and quoted: a pattern cannot understand a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from course.grading.outcomes import Outcome, PropertyResult
from course.mentor.claims import Claim, Kind, Result
from course.mentor.reply import Sentence, any_word, spans
from course.mentor.workbench import Workbench

MAX_SENTENCE = 400

# English, German, French, Spanish. Each part is short and fixed: no pattern looks further than a few words.
_YOURS = (
    r"your (?:NAME )?(?:code|implementation|solution|function|file|version|program|method|class|module)(?: of NAME)?"
)
# Where the mentor shows code of its own, “the code” may be that.
_CODE = rf"(?:{_YOURS}|(?:the|this) (?:NAME )?(?:code|implementation|program)(?: of NAME)?)"
_VERY = (
    r"(?:(?:now|still|completely|totally|fully|absolutely|entirely|perfectly|100 ?%|clearly|simply|just|also|indeed"
    r"|really|definitely|already|therefore|unfortunately|actually|jetzt|leider|völlig|ganz|ya|totalmente|bien"
    r"|maintenant|malheureusement|parfaitement),? ){0,3}"
)
_GOOD = r"(?:correct|right|perfect|flawless|bug[- ]free|error[- ]free|spot[- ]on|complete and correct)"
_BAD = r"(?:wrong|incorrect|buggy|broken|faulty|flawed|erroneous|not correct|not right|isn't right|isn't correct)"
_BUG = r"(?:bug|error|mistake|flaw)"
_ANY = r"(?:a|one|an|another|two|some|several|a small|a subtle|a tiny|a serious)"

_STAMPS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_CODE} (?:is|looks) {_VERY}{_GOOD}\b",
        rf"\b(?:your|the) NAME (?:is|looks) {_VERY}{_GOOD}\b",
        rf"^\W*NAME is {_VERY}{_GOOD}\b",
        rf"\bthere (?:are|is) (?:no|not a single|zero) (?:more )?(?:bugs?|errors?|mistakes?) in (?:{_CODE}|your NAME)",
        rf"\bI (?:see|found|find) no (?:bugs?|errors?|mistakes?) in (?:{_CODE}|your NAME)",
        r"\ball (?:the |your )?(?:tests|checks|properties) (?:should |will |now )?(?:pass|hold)\b",
        rf"^\W*(?:yes[,!]? )?everything {_VERY}(?:works|passes|is {_VERY}{_GOOD})\b",
        r"\b(?:you can|you may|you are|you're|ready|earned|free)\b.{0,40}\b(?:move|go|proceed|continue)(?: on)? to "
        r"(?:the next step(?! of| in)\b|(?:step )?[F\d]\.\d{1,2}\b)",
        rf"\b(?:dein|der|ihr) code ist {_VERY}(?:korrekt|richtig|perfekt|fehlerfrei)\b",
        rf"\b(?:ton|votre|le) code est {_VERY}(?:correct|juste|parfait)\b",
        rf"\b(?:tu|su|el) código es {_VERY}(?:correcto|perfecto)\b",
        rf"\b(?:tu|su|el) código está {_VERY}(?:correcto|perfecto|bien)\b",
    )
)
_ALARMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_CODE} (?:is|looks) {_VERY}{_BAD}\b",
        rf"\b(?:your|the) NAME (?:is|looks) {_VERY}{_BAD}\b",
        rf"^\W*NAME is {_VERY}{_BAD}\b",
        rf"\b(?:{_CODE}|your NAME) {_VERY}(?:has|contains) (?:still )?{_ANY} (?:\w+ )?{_BUG}s?\b",
        rf"\bthere (?:is|are) {_VERY}{_ANY} (?:\w+ )?{_BUG}s? in (?:{_YOURS}|your NAME|NAME|this code)",
        rf"\bI (?:see|found|find|spotted|have found) {_ANY} (?:\w+ )?{_BUG}s? in (?:{_YOURS}|your NAME|this code)",
        rf"\byou {_VERY}have {_ANY} (?:\w+ )?{_BUG}s? in (?:{_YOURS}|your NAME|NAME)",
        r"\byour NAME is (?:clearly |simply )?the (?:culprit|problem)\b",
        rf"\b{_CODE} (?:does not|doesn't) (?:work|pass)\b",
        r"(?:\byour |^\W*)NAME returns the wrong (?:value|values|result|results|shape|answer)\b",
        rf"\b(?:dein|ihr) code ist {_VERY}(?:falsch|fehlerhaft|nicht korrekt|nicht richtig)\b",
        rf"\b(?:ton|votre) code est {_VERY}(?:faux|incorrect|erroné)\b",
        rf"\b(?:tu|su) código es {_VERY}incorrecto\b",
        rf"\b(?:tu|su) código está {_VERY}mal\b",
    )
)
# “However, …” only turns from the sentence before.
_TURN = re.compile(r"^\W*(?:however|but|still|hmm+|well|okay|ok|sorry|aber|leider|mais|pero)\b[,:]?\s*", re.IGNORECASE)
# Words that fill a sentence and limit nothing.
_FILL = re.compile(
    r"\b(?:(?:for|in|of) this (?:step|exercise|task|function)|as it stands|as written|before anything else)\b",
    re.IGNORECASE,
)
# Doubt, condition, limit, the past, other people, and what is only almost so: such a sentence is no plain verdict.
_HEDGED = any_word(
    r"""
    if | whether | when | once | until | unless | after | before | as soon as | suppose | supposing | imagine |
    assume | assuming | say that | would | could | should be | might | may | must | maybe | perhaps | possibly |
    probably | likely | seems? | suspect | guess | think | believe | not verified | unsure | not sure | but |
    except | however | although | though | while | apart | only | so far | almost | nearly | partly | mostly |
    partially | mathematically | conceptually | syntactically | on paper | up to | as long as |
    earlier | was | were | had | previous | previously | old | used to | said | wrote | claimed | many | most |
    people | learners | students | anyone | someone | common | typical | example | imaginary | for | in | on | with |
    without | because | make | making | let | let's | goal | aim | want |
    needs? | try | run | see | check | convinced | sure | certain | hope | explain | why | how | what | prove |
    show | verify | ask | asks | asked | tell | claims? | statement | derivation | reasoning | answer |
    explanation | idea | approach | intuition | argument | understanding | prediction | calculation | formula |
    wenn | falls | ob | sobald | wäre | könnte | aber | vielleicht | si | cuando | pero | quizás? | sería | mais |
    quand | peut-être | serait | lorsque | dès
    """,
    also=r"\?|¿",
)
_NEGATED = any_word(
    r"""
    not | never | no | nothing | none | neither | nor | cannot | can't | don't | doesn't | isn't | aren't |
    won't | wouldn't | nicht | kein | keine | no es | n'est | pas | ningún
    """,
)
# “…, it ignores the axis” only tells more of what was said before it: there a “not” or an “in” limits nothing.
_MORE = re.compile(
    r"^(?: ?[,;:—–] ?| )(?:(?:and|since|because|as) )?(?:it|this|that|you)\b"
    r"|^ ?[:;—–] ?(?:the|every|each|all|no|an?)\b",
    re.IGNORECASE,
)
_LIMITS = any_word(
    r"""
    if | whether | when | once | until | unless | after | before | as soon as | suppose | supposing | imagine |
    assume | assuming | would | could | should be | might | may | maybe | perhaps | possibly | probably | likely |
    seems? | suspect | guess | think | believe | verified | unsure | sure | but | except | however | although |
    though | while | apart | only | so far | almost | nearly | partly | mostly | as long as | earlier | was | were |
    had | previous | previously | old | used to | said | wrote | claim\w* | ask\w* | right | correct | wrong | fine
    """,
    also=r"\?|¿",
)
_LEADS_TO_NO_CLAIM = any_word(
    r"""
    if | suppose | imagine | which | choose | pick | true or false | either | say | said | wrote | claim |
    claims | pretend | example | would | never | don't | do not | retract | stelle? dir | wenn | supongamos |
    imagina
    """,
    also=r"\?|¿",
    behind=r"[^.!]*$",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The last verdict as far as sentences can speak of it. `bugged`: where the diagnosed mistake lies, if known."""

    properties: Sequence[PropertyResult]
    functions: Sequence[str]
    bugged: frozenset[str] = frozenset()

    @property
    def failing(self) -> list[PropertyResult]:
        return [one for one in self.properties if one.outcome is not Outcome.PASSED]

    def about(self, result: PropertyResult) -> set[str]:
        """The functions of the step that a property names, in its claim or its own name."""
        words, own = set(re.split(r"\W+", result.claim)), f"_{result.name.removeprefix('test')}_"
        in_name = {name for name in self.functions if f"_{name}_" in own}
        # test_log_softmax speaks of log_softmax, not of softmax.
        longest = {name for name in in_name if not any(name != one and name in one for one in in_name)}
        return longest | (words & set(self.functions))


def standing(bench: Workbench) -> Standing | None:
    """What the last verdict on the code as it is says; None without one."""
    if bench.last is None or not bench.last.properties:
        return None
    bugged = frozenset(name.partition(".")[0] for name in bench.bugged())
    return Standing(bench.last.properties, bench.functions, bugged if bugged <= set(bench.functions) else frozenset())


def judged(standing: Standing | None, sentences: Sequence[Sentence], *, shows_code: bool) -> tuple[list[Claim], int]:
    """The sentences that contradict the last verdict, and how many plain verdicts there are in all.

    `shows_code`: the mentor shows code of its own, so that “this code” may be that.
    """
    claims, plain = [], 0
    for sentence in sentences:
        reading = _reading(standing.functions if standing else (), sentence, shows_code)
        if reading is None:
            continue
        plain += 1
        if standing is not None and (truth := _contradicts(standing, *reading)):
            claims.append(Claim(Kind.VERDICT, Result.POSSIBLE, sentence.text, truth))
    return claims, plain


def _reading(functions: Sequence[str], sentence: Sentence, shows_code: bool) -> tuple[bool, set[str]] | None:
    """Whether a sentence praises or blames, and the functions it names; None for all other sentences."""
    if len(sentence.bare) > MAX_SENTENCE or _LEADS_TO_NO_CLAIM.search(sentence.before[-MAX_SENTENCE:]):
        return None
    text, named = _with_names(functions, _FILL.sub("", _TURN.sub("", sentence.bare)))
    for praised, patterns in ((False, _ALARMS), (True, _STAMPS)):
        for pattern in patterns:
            found = pattern.search(text)
            if found is None or (shows_code and re.search(r"\b(?:the|this) ", found[0], re.IGNORECASE)):
                continue
            before, behind = text[: found.start()], text[found.end() :]
            if _MORE.match(behind) and not _LIMITS.search(behind):
                behind = ""
            rest = f"{before} … {behind}"
            return None if _HEDGED.search(rest) or _NEGATED.search(rest) else (praised, named)
    return None


def _with_names(functions: Sequence[str], text: str) -> tuple[str, set[str]]:
    """The sentence with NAME in the place of every function of the step, and CODE in the place of other code."""
    named = set()
    for span in spans(text):
        name = span.partition("(")[0].rpartition(".")[2].strip()
        text = text.replace(f"`{span}`", "NAME" if name in functions else "CODE")
        named |= {name} & set(functions)
    for name in functions:
        # A word like `sum` or `relu` counts without backticks only after “your”, or with parentheses.
        plain = rf"(?<![\w.]){re.escape(name)}"
        pattern = rf"{plain}(?:\(\))?(?!\w)" if "_" in name else rf"(?<=\byour ){plain}(?!\w)(?:\(\))?|{plain}\(\)"
        text, count = re.subn(pattern, "NAME", text, flags=re.IGNORECASE)
        named |= {name} if count else set()
    return text, named


def _contradicts(standing: Standing, praised: bool, named: set[str]) -> str:
    return _false_praise(standing, named) if praised else _false_alarm(standing, named)


def _false_praise(standing: Standing, named: set[str]) -> str:
    """Why praise is false: the step fails; or, where functions are praised, a property of just those does."""
    failing = standing.failing
    if named and not (standing.bugged and standing.bugged <= named):
        failing = [one for one in failing if standing.about(one) and standing.about(one) <= named]
    return f"the grader says it is not: {failing[0].claim} ({failing[0].outcome.value})" if failing else ""


def _false_alarm(standing: Standing, named: set[str]) -> str:
    """Why blame is false: everything holds; or all that speaks of the function does, and what fails is another's."""
    failing = standing.failing
    if not failing:
        return f"the grader found nothing wrong: all {len(standing.properties)} properties hold"
    if not named or any(standing.about(one) & named for one in failing):
        return ""
    elsewhere = standing.bugged and not standing.bugged & named
    holding = [one for one in standing.properties if standing.about(one) & named]
    if not holding or not (elsewhere or all(standing.about(one) for one in failing)):
        return ""
    return f"every property of {' and '.join(sorted(named))} holds ({len(holding)}); what fails is another function"
