"""Mutate ``escalation/designs`` and count the mutants that its tests do not notice.

    python tests/mutants/run.py                      # every mutant
    python tests/mutants/run.py --package trial      # of another folder or file: see ``JUDGES``
    python tests/mutants/run.py --sample 200         # a random sample, spread over the files
    python tests/mutants/run.py --only interval/boin # the mutants of one file or folder
    python tests/mutants/run.py --again              # those that survived the last run

Cosmic-ray (``pip install '.[mutants]'``) makes the mutants: one comparison, number, sign, condition
or truth value changed at a time. Each is judged in a fork of one pytest session that has collected
the tests, so that no file is written and most cost a fraction of a second: where the change is in
the body of a function, its code is replaced; elsewhere, and with ``--again``, package and tests
are imported once more. The tests of the design's own folder judge it, first those that call the
changed function, the fastest first and those that killed others in the same file before their
turn, until one fails or ``--budget`` seconds of processor time have gone. A run first takes the
times of the tests that are new, and what each of them calls. For other packages than
``designs`` the table ``JUDGES`` says which tests judge which folder.

A mutant that no test can kill is listed with the reason in ``equivalent.toml``. The exit code is 1
when fewer than 95 % of the mutants are killed or listed.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import random
import re
import resource
import signal
import sys
import time
import tomllib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from itertools import accumulate, islice
from pathlib import Path
from types import CodeType, FunctionType
from typing import IO, Any

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "escalation"
DESIGNS = SOURCE / "designs"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
GOAL = 0.95

OPERATORS = (
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceUnaryOperator_Delete_Not"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "NumberReplacer", "ExceptionReplacer"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    "ReplaceUnaryOperator_Delete_USub",
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mod", "Mod_FloorDiv"),
            *("Pow_Mul", "BitOr_BitAnd", "BitAnd_BitOr", "LShift_RShift", "RShift_LShift"),
        )
    ),
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            *("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
            *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
        )
    ),
)

OPTIONS = ("-x", "-q", "-s", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--no-summary")

# what every fork would import for itself
PRELOADED = (
    "hypothesis",
    "matplotlib.figure",
    "numpy",
    "pydantic",
    "scipy.optimize",
    "scipy.stats",
)
# beside the tests of its folder
SHARED = [
    f"tests/designs/test_{name}.py" for name in ("declared", "every_design", "replay", "values")
]
WORDS = ["tests/reports/rule/test_rule_text.py", "tests/protocol/test_protocol.py"]

# What can be mutated, and which files of tests judge it: the longest beginning that fits counts.
# The families of designs have tests of their own: see ``Mutant.tests``.
JUDGES = {
    "designs": ("tests/designs", *WORDS),
    "trial": (
        "tests/trial",
        "tests/reports/trial",
        "tests/test_tracker.py",
        "tests/test_released_ledgers.py",
        "tests/cli/test_trial_*.py",
    ),
    "trial/adverse_events": (
        "tests/trial",
        "tests/reports/trial",
        "tests/cli/test_trial_*.py",
    ),
    "trial/inspection": (
        "tests/trial",
        "tests/test_released_ledgers.py",
        "tests/cli/test_trial_odd_names.py",
    ),
    "plan": ("tests/plan", "tests/cli/test_plan.py"),
    "ledger/verify.py": (
        "tests/ledger/test_verify.py",
        "tests/ledger/test_archive.py",
        "tests/ledger/test_contract.py",
        "tests/ledger/test_sqlite.py",
        "tests/cli/test_trial_store.py",
        "tests/cli/test_trial_odd_names.py",
    ),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file: the line as it is, the line as it becomes, the whole new source."""

    path: Path
    place: str
    line: int
    was: str
    becomes: str
    source: str

    @property
    def file(self) -> str:
        """The file below ``escalation/designs``, or below ``escalation``."""
        return name_of(self.path)

    @property
    def module(self) -> str:
        """The name under which the file is imported."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    @property
    def folder(self) -> str:
        """The family of designs it belongs to, or ``designs`` for what they share; the room."""
        if not self.path.is_relative_to(DESIGNS):
            return judged_as(self.file)
        return self.file.split("/")[0] if "/" in self.file else "designs"

    @property
    def in_function(self) -> bool:
        """Whether it changes the body of a function, which can be replaced in place."""
        return any(
            isinstance(node, ast.FunctionDef)
            and node.body[0].lineno <= self.line <= node.end_lineno
            for node in ast.walk(ast.parse(self.source))
        )

    @property
    def functions(self) -> set[str]:
        """What a test has to call to reach the changed line."""
        return {
            called(code)
            for code in _codes(self.compile())
            if any(line == self.line for _, _, line in code.co_lines())
        }

    def replace_code(self, functions: Iterable[FunctionType]) -> None:
        """Give functions of the module, already imported, the code that the mutant gives them."""
        codes = {code.co_qualname: code for code in _codes(self.compile())}
        for function in functions:
            code = codes.get(function.__code__.co_qualname)
            if code is not None and code.co_freevars == function.__code__.co_freevars:
                function.__code__ = code

    def is_named_in(self, path: Path) -> bool:
        """Tell whether a file of tests is called like the module, or uses what it gives."""
        gives = getattr(sys.modules.get(self.module), "__all__", ())
        words = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        return self.path.stem in path.stem or not words.isdisjoint(gives)

    def compile(self) -> CodeType:
        """Return the code of the whole module."""
        return compile(self.source, str(self.path), "exec")

    def tests(self) -> list[str]:
        """Return the files of tests that judge it: its folder's, and those of the words."""
        if self.folder in JUDGES:
            return judges(self.folder)
        return [f"tests/designs/{self.folder}", *SHARED, *WORDS]


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of every function and class below a module's."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def called(code: CodeType) -> str:
    """Return the name by which it is kept that a test calls a function."""
    return f"{Path(code.co_filename).relative_to(SOURCE).as_posix()} {code.co_qualname}"


def name_of(path: Path) -> str:
    """Return a file's name: below ``escalation/designs``, or below ``escalation``."""
    return path.relative_to(DESIGNS if path.is_relative_to(DESIGNS) else SOURCE).as_posix()


def judged_as(file: str) -> str:
    """Return which line of ``JUDGES`` is for a file below ``escalation``."""
    return max((name for name in JUDGES if file.startswith(name)), key=len)


def judges(*names: str) -> list[str]:
    """Return the files and folders of tests in lines of ``JUDGES``, each once."""
    paths = (path for name in names for each in JUDGES[name] for path in sorted(ROOT.glob(each)))
    return list(dict.fromkeys(path.relative_to(ROOT).as_posix() for path in paths))


def kept(what: str, package: str) -> Path:
    """Return where something is written about a package between two runs."""
    ending = "" if package == "designs" else "-" + package.replace("/", "-").removesuffix(".py")
    return ROOT / "build" / "mutants" / f"{what}{ending}.json"


def mutants(package: str, only: str, seed: int, again: Collection[str] | None) -> Iterator[Mutant]:
    """Yield each mutant once, in random order; those that change annotations alone are none."""
    places, seen = [], defaultdict[Path, set[str]](set)
    root = SOURCE / package
    for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
        if only in name_of(path):
            source = path.read_text(encoding="utf-8")
            seen[path].add(_meaning(source))
            nodes = list(ast_nodes(get_ast(source)))
            for name in OPERATORS:
                operator = get_operator(f"core/{name}")()
                n = sum(len(list(operator.mutation_positions(node))) for node in nodes)
                file = name_of(path)
                places += [(path, f"{file} {name} {k}", source, operator, k) for k in range(n)]
    random.Random(seed).shuffle(places)  # noqa: S311  # a sample, no secret
    for path, place, source, operator, occurrence in places:
        if again is not None and place not in again:
            continue
        mutated = mutate_code(source, operator, occurrence)
        try:
            meaning = _meaning(mutated)
        except SyntaxError:  # the two stars of {**options} are no power
            continue
        if meaning not in seen[path]:
            seen[path].add(meaning)
            pairs = zip(source.splitlines(), mutated.splitlines(), strict=False)
            line, (was, becomes) = next((i, p) for i, p in enumerate(pairs, 1) if p[0] != p[1])
            yield Mutant(
                path, place, line, " ".join(was.split()), " ".join(becomes.split()), mutated
            )


def _meaning(source: str) -> str:
    """Return what is executed of a source: its syntax tree without annotations."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


class Mutated(MetaPathFinder, SourceFileLoader):
    """Import one module from a source that is in no file."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self.mutant = mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find the mutated module, and leave every other to the usual finders."""
        if name != self.mutant.module:
            return None
        return spec_from_file_location(name, self.mutant.path, loader=self)

    def get_code(self, fullname: str) -> Any:
        """Compile the mutated source."""
        return self.mutant.compile()


class Lane:
    """A pytest session that runs no test itself: its forks do, each with one mutant."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.outcomes: list[tuple[Mutant, str]] = []
        self.times: dict[str, float] = {}
        self.callers: dict[str, set[str]] = defaultdict(set)
        self.functions: dict[str, list[FunctionType]] = defaultdict(list)

    def pytest_sessionstart(self) -> None:
        """Do not look for the shortest example on which a mutant fails."""
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings.get_profile("ci"), phases=phases)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge one mutant after another."""
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                self.functions[thing.__module__].append(thing)
        gc.freeze()  # or each fork would copy every page on its first collection
        self.measure(session)
        options, again = self.options, None
        if options.again:
            before = json.loads(kept("outcomes", options.package).read_text())
            again = {place for place, outcome in before.items() if outcome == "survived"}
        is_equivalent = read_equivalent()
        chosen = islice(mutants(options.package, options.only, options.seed, again), options.sample)
        killers: dict[str, Counter[str]] = defaultdict(Counter)
        for mutant in chosen:
            outcome = "equivalent" if is_equivalent(mutant) else "survived"
            if outcome == "survived":
                fresh = options.again or not mutant.in_function
                likely = killers["" if fresh else mutant.file]
                outcome, by = self.ask(session, mutant, likely, fresh)
                if by:
                    likely[by] += 1
            self.outcomes.append((mutant, outcome))
            if outcome == "survived":
                print(f"{mutant.file}:{mutant.line}", f"  - {mutant.was}", sep="\n")
                print(f"  + {mutant.becomes}", flush=True)
            if len(self.outcomes) % 20 == 0:
                self.save()
        self.save()
        return True

    def save(self) -> None:
        """Write what came of each mutant, for ``--again``."""
        kept("outcomes", self.options.package).write_text(
            json.dumps({m.place: o for m, o in self.outcomes}, indent=0)
        )
        print(f"# {len(self.outcomes)} mutants", file=sys.stderr, flush=True)

    def measure(self, session: pytest.Session) -> None:
        """Take the processor time of tests not yet known, which must pass, and what they call."""
        durations = kept("durations", self.options.package)
        calls = kept("calls", self.options.package)
        if durations.exists() and calls.exists():
            self.times = json.loads(durations.read_text())
            tests = list(self.times)
            for name, numbers in json.loads(calls.read_text()).items():
                self.callers[name] = {tests[k] for k in numbers}
        self.unknown = [item for item in session.items if item.nodeid not in self.times]
        if self.unknown:
            durations.parent.mkdir(parents=True, exist_ok=True)
            for listening in (True, False):  # which takes time
                self.listening = listening
                outcome, by = self.ask(session, None, Counter(), fresh=False)
                if outcome == "killed":
                    pytest.exit(f"without a mutant, {by or 'a test'} fails", returncode=2)
            durations.write_text(json.dumps(self.times, indent=0))
            number = {test: k for k, test in enumerate(self.times)}
            by = {name: [number[test] for test in tests] for name, tests in self.callers.items()}
            calls.write_text(json.dumps(by))

    def ask(
        self, session: pytest.Session, mutant: Mutant | None, likely: Counter[str], fresh: bool
    ) -> tuple[str, str]:
        """Judge one mutant in a fork; return the verdict and the test that gave it."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        child = os.fork()
        if not child:
            os.close(reading)
            try:
                with os.fdopen(writing, "w") as verdicts:
                    self.judge(session, mutant, likely, fresh, verdicts)
            finally:
                os._exit(1)
        os.close(writing)
        verdict = ("survived", "")
        with os.fdopen(reading) as stream:
            for line in stream:
                word, test, seconds, calls = json.loads(line)
                if word == "killed":
                    verdict = (word, test)
                elif mutant is None:
                    self.times[test] = seconds
                    for function in calls:
                        self.callers[function].add(test)
        _, status = os.waitpid(child, 0)
        if status and verdict[0] == "survived":
            verdict = ("killed", "")  # it never ended, or took the interpreter down
        return verdict

    def judge(
        self,
        session: pytest.Session,
        mutant: Mutant | None,
        likely: Counter[str],
        fresh: bool,
        verdicts: IO[str],
    ) -> None:
        """Run the tests in this fork, and end it."""
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        signal.setitimer(signal.ITIMER_PROF, 60)
        if mutant is not None and fresh:
            forget("escalation", "simulations", "tests")
            sys.meta_path.insert(0, Mutated(mutant))
            lane = self

            class Anew:  # a session of its own: fixtures of a conftest are found in no other way
                pytest_sessionstart = staticmethod(lane.pytest_sessionstart)

                @pytest.hookimpl(tryfirst=True)
                def pytest_runtestloop(self, session: pytest.Session) -> bool:
                    lane.run(session, mutant, likely, verdicts)
                    return True

            # to collect all tests takes long: first the files that have killed others
            files = dict.fromkeys(test.split("::")[0] for test, _ in likely.most_common(4))
            for paths in (list(files), mutant.tests()):
                if paths and pytest.main([*OPTIONS, *paths], plugins=[Anew()]):
                    os._exit(1)  # it could not be imported
            os._exit(0)
        if mutant is not None:
            mutant.replace_code(self.functions[mutant.module])
        self.run(session, mutant, likely, verdicts)
        os._exit(0)

    def run(
        self,
        session: pytest.Session,
        mutant: Mutant | None,
        likely: Counter[str],
        verdicts: IO[str],
    ) -> None:
        """Run the tests of a session that judge a mutant; end the process when one fails."""
        failed: list[str] = []

        class Reports:
            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                if report.failed:
                    failed.append(report.nodeid)

        session.config.pluginmanager.register(Reports())
        items = self.choose(session.items, mutant, likely)
        for item, following in zip(items, [*items[1:], None], strict=True):
            usual = self.times.get(item.nodeid, 60)
            signal.setitimer(signal.ITIMER_PROF, 2 + 10 * usual)  # what takes longer never ends
            codes: set[CodeType] = set()
            if mutant is None and self.listening:
                sys.setprofile(lambda frame, *_, codes=codes: codes.add(frame.f_code))
            begun = time.process_time()
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds = time.process_time() - begun
            sys.setprofile(None)
            ours = [called(code) for code in codes if code.co_filename.startswith(f"{SOURCE}/")]
            word = "killed" if failed else "passed"
            print(json.dumps([word, item.nodeid, seconds, ours]), file=verdicts, flush=True)
            if failed:
                os._exit(0)
        signal.setitimer(signal.ITIMER_PROF, 60)  # which others are collected in, if any

    def choose(
        self, items: list[pytest.Item], mutant: Mutant | None, likely: Counter[str]
    ) -> list[pytest.Item]:
        """Return the tests that judge a mutant, the most promising first, within the budget."""
        if mutant is None:
            return self.unknown
        files = tuple(mutant.tests())
        mine = [item for item in items if item.nodeid.startswith(files)]
        time_of = {item.nodeid: self.times.get(item.nodeid, 0) for item in mine}
        callers = set[str]().union(*(self.callers.get(name, ()) for name in mutant.functions))
        near = {path: mutant.is_named_in(path) for path in {item.path for item in mine}}
        mine.sort(
            key=lambda item: (
                item.nodeid not in callers,
                not callers and not near[item.path],
                time_of[item.nodeid] / (1 + likely[item.nodeid]),
            )
        )
        spent = list(accumulate(time_of[item.nodeid] for item in mine))
        return mine[: bisect_right(spent, self.options.budget)]


def forget(*packages: str) -> None:
    """Have packages imported once more."""
    for name in list(sys.modules):
        if name.split(".")[0] in packages:
            del sys.modules[name]


def read_equivalent() -> Callable[[Mutant], bool]:
    """Return whether a mutant is among those that no test can kill."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    lines = {
        (each["file"], _squeeze(each["was"]), _squeeze(becomes))
        for each in listed["line"]
        for becomes in each["is"]
    }

    def is_listed(mutant: Mutant) -> bool:
        was, becomes = _squeeze(mutant.was), _squeeze(mutant.becomes)
        return (mutant.file, was, becomes) in lines or any(
            was.startswith(each["was"], at)
            and becomes == f"{was[:at]}{each['is']}{was[at + len(each['was']) :]}"
            for each in listed["anywhere"]
            for at in range(len(was))
        )

    return is_listed


def _squeeze(line: str) -> str:
    """Return a line without blanks, which cosmic-ray leaves where it changes a number."""
    return "".join(line.split())


def main() -> int:
    """Run the lane and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--package", choices=JUDGES, default="designs", help="a folder or file below escalation"
    )
    parser.add_argument("--only", default="", help="part of a file's path below the package")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=20, help="seconds of tests for a mutant")
    parser.add_argument("--again", action="store_true", help="those that survived the last run")
    lane = Lane(parser.parse_args())
    os.chdir(ROOT)
    os.environ["CI"] = "1"  # property tests take the same examples each time
    begun = time.monotonic()
    code = pytest.main(
        [
            *OPTIONS,
            *judges(*(name for name in JUDGES if name.startswith(lane.options.package))),
        ],
        plugins=[lane],
    )
    if code:
        return int(code)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant, outcome in lane.outcomes:
        table[mutant.folder][outcome] += 1
        table["all"][outcome] += 1
    words = ("killed", "equivalent", "survived")
    print(f"{'':10}{'mutants':>10}" + "".join(f"{word:>12}" for word in words))
    for folder, counts in table.items():
        print(f"{folder:10}{counts.total():>10}" + "".join(f"{counts[word]:>12}" for word in words))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{time.monotonic() - begun:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processor")
    return int(table["all"]["survived"] > (1 - GOAL) * table["all"].total())


if __name__ == "__main__":
    sys.exit(main())
