"""Adds up the JUnit files of a test run: what failed, what was not run and why, and the line "N passed, N failed".
A GoogleTest program counts as its tests. Usage: summarize_tests.py FOLDER (with *.xml and stages.txt)"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def count(case: ElementTree.Element) -> tuple[int, int]:
    """Passed and failed tests of one JUnit test case."""
    output = case.findtext("system-out") or ""
    broken = case.find("failure") is not None or case.find("error") is not None
    if case.find("skipped") is not None:
        return 0, 0
    passed = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M))
    failed = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (\d+) tests?, listed below", output, re.M))
    if broken:
        return passed, max(failed, 1)  # a crash leaves no count
    return max(passed, 1), failed


def not_run(case: ElementTree.Element) -> list[str]:
    """The lines in which a test says what it could not do."""
    output = (case.findtext("system-out") or "") + "\n" + (case.findtext("system-err") or "")
    lines = re.findall(r"^\s*NOT RUN: (.*)$", output, re.M)
    skipped = case.find("skipped")
    if skipped is not None:
        lines.append(f"{case.get('classname')}.{case.get('name')}: {skipped.get('message') or 'skipped'}")
    return [line.strip() for line in lines]


def summarize(folder: Path) -> bool:
    passed = failed = 0
    reasons: dict[str, None] = {}  # in order, each once
    suites_that_failed = set()
    for path in sorted(folder.glob("*.xml")):
        try:
            cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        except ElementTree.ParseError as error:
            print(f"{path}: {error}")
            failed += 1
            continue
        for case in cases:
            case_passed, case_failed = count(case)
            passed, failed = passed + case_passed, failed + case_failed
            if case_failed:
                print(f"FAILED: {path.stem}: {case.get('name')}")
                suites_that_failed.add(path.stem.split("-")[0])
            reasons.update(dict.fromkeys(f"{path.stem}: {line}" for line in not_run(case)))
    for line in (folder / "stages.txt").read_text().splitlines():
        name, status, seconds = line.split()
        print(f"{name:10} {'ok' if status == '0' else 'FAILED':6} {int(seconds):5} s")
        if status != "0" and name not in suites_that_failed:  # it did not even come to its tests
            failed += 1
    for reason in reasons:
        print(f"NOT RUN: {reason}")
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


if __name__ == "__main__":
    sys.exit(0 if summarize(Path(sys.argv[1])) else 1)
