"""A verdict as JUnit XML, for whatever a cohort's tools read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from course.grading.outcomes import Outcome, PropertyResult, Verdict


def junit_xml(verdicts: Sequence[Verdict]) -> str:
    """One test suite a step, one test case a property; a step that could not run has one case of its own."""
    root = Xml.Element("testsuites")
    for verdict in verdicts:
        cases = verdict.properties or (
            PropertyResult("run", "the code can be run", verdict.outcome, 0, verdict.problem),
        )
        suite = Xml.SubElement(root, "testsuite", name=verdict.step, tests=str(len(cases)), time=str(verdict.seconds))
        suite.set("failures", str(sum(case.outcome is not Outcome.PASSED for case in cases)))
        for case in cases:
            _case(suite, verdict.step, case)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: Xml.Element, step: str, case: PropertyResult) -> None:
    element = Xml.SubElement(suite, "testcase", classname=step, name=_printable(case.claim))
    if case.outcome is Outcome.PASSED:
        return
    failure = Xml.SubElement(element, "failure", type=case.outcome.value)
    if case.failure:
        failure.set("message", _printable(case.failure.summary))
        failure.text = _printable("\n".join([*case.failure.detail, case.failure.call, *case.failure.where]))


def _printable(text: str) -> str:
    """XML has no control characters."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
