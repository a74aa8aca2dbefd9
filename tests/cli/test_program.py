"""The program as a whole: help, exit codes, pipes, interrupts."""

import contextlib
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import escalation
from escalation import __version__
from escalation.cli import main
from escalation.cli.streams import is_terminal
from escalation.reports.view import Figure
from simulations.cli import report
from simulations.cli.progress import in_steps, progress_bar
from tests.command_line import type_line
from tests.signatures.authority import made_authority


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(commands(main))
PROGRAM = [sys.executable, "-c", "from escalation.cli import main; main()"]

# what has to be there for the example of a command of `escalation trial`, besides the demo
_LOST = 'outcome TJ-010 --not-evaluable --reason "moved away" --as "Lin Mei"'
_OUTCOMES = [f'outcome TJ-{k} --no-dlt --as "Lin Mei"' for k in ("008", "009", "010")]
_DECIDED = [*_OUTCOMES, 'decide --follow --as "E. Brandt"']
_VOTED = [*_DECIDED, 'vote --for --as "Zhao Lan"', 'vote --for --as "K. Sato"']
_PLANNED = ['plan nct07123519 --as "Zhao Lan"']
BEFORE: dict[str, list[str]] = {
    **dict.fromkeys(["screen", "measure", "visit", "calendar"], _PLANNED),
    "kinetics": _PLANNED,
    "response": [*_PLANNED, 'measure TJ-001 response=PR --visit W4 --on 2026-02-09 --as "Lin Mei"'],
    "biomarkers": [*_PLANNED, 'measure TJ-001 "il6=8 pg/mL" --on 2026-02-09 --as "Lin Mei"'],
    "waive": [
        *_PLANNED,
        'screen TJ-012 --disease sle --result "alt=200 U/L (7..40)" --as "Lin Mei"',
    ],
    "enrol": [_LOST],
    "dose": [_LOST, 'enrol TJ-011 --weight 61.5 --as "Lin Mei"'],
    "adjudicate": [
        'ae TJ-009 --term fever --category infection --grade 3 --started 2026-05-25 --as "Lin Mei"'
    ],
    "decide": _OUTCOMES,
    "vote": _DECIDED,
    "sign": _VOTED,
    "transfer": ['site add Shanghai --time-zone Asia/Shanghai --as "Zhao Lan"'],
    "resume": ['hold --reason "a death" --as "Lin Mei"'],
    "import": [
        "export --output patients.csv",
        'register --trial NEW --db new.db --as "Zhao Lan"',
        'delegate "Lin Mei" site --db new.db --as "Zhao Lan"',
    ],
    "restore": ["backup trials.jsonl"],
    "timestamp keep": ["timestamp request --output 41.tsq"],
}
SMALL = 'levels = 3\n[[designs]]\ndesign = "3+3"\n'  # a study, under the shipped scenarios
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f zhao"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_in_its_help_on_80_columns(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], terminal_width=80)
    assert result.exit_code == 0
    assert f"Example: escalation {' '.join(path)}" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stdout.isascii()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_example_in_a_help_runs(
    path: tuple[str, ...], tmp_path: Path, made_demo: Path
) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=200).stdout
    example = next(line for line in shown.splitlines() if "Example: escalation" in line)
    words = example.partition("Example: escalation ")[2]
    template = CliRunner().invoke(main, ["protocol", "init", "-"]).stdout
    (tmp_path / "my-trial.toml").write_text(template)
    plan = CliRunner().invoke(main, ["plan", "init", "-"]).stdout
    (tmp_path / "my-plan.toml").write_text(plan)
    if path[1:] == ("init",):
        written = {"protocol": "my-trial.toml", "plan": "my-plan.toml"}.get(path[0], "")
        if written:
            (tmp_path / written).unlink()
    env = {"ESCALATION_DB": "demo.db"}
    if path[0] == "trial" and path[1] != "demo":
        shutil.copy(made_demo, tmp_path / "demo.db")
        if path == ("trial", "timestamp", "keep") and not shutil.which("openssl"):
            pytest.skip("the example needs an authority: openssl is not here")
        prepare(" ".join(path[1:]), tmp_path)
    if path[0] == "sweep" and path != ("sweep", "init"):
        prepare_sweep(" ".join(path[1:]), tmp_path)
    if path == ("trial", "import"):
        env["ESCALATION_DB"] = "new.db"
    if path == ("serve",):  # it would serve until it is ended: tests/web/accounts/test_serve.py
        shutil.copy(made_demo, tmp_path / "trials.db")
        words += " --check"
    result, shown = type_line(f"escalation {words}", tmp_path, **env)
    assert result.exit_code == 0, shown


def prepare_sweep(command: str, folder: Path) -> None:
    """Make the study of an example, and the results that it reads."""
    (folder / "study.toml").write_text(SMALL)
    results = {"merge": ["part-1.csv --shard 1/2", "part-2.csv --shard 2/2"]}
    results["show"] = ["results.csv"]
    for output in results.get(command, ()):
        type_line(f"escalation sweep run study.toml -o {output}", folder)


def prepare(command: str, folder: Path) -> None:
    """Make what an example needs besides the demo."""
    shipped = Path(escalation.__file__).with_name("protocols") / "nct07123519.toml"
    longer = shipped.read_text().replace("window_days = 28", "window_days = 35")
    (folder / "v2.toml").write_text(longer)
    (folder / "zhao.pub").write_text(PUBLIC_KEY)
    with contextlib.chdir(folder):
        for line in BEFORE.get(command, []):
            words = ["trial", *shlex.split(line)]
            done = CliRunner().invoke(main, words, env={"ESCALATION_DB": "demo.db"})
            assert done.exit_code == 0, done.output
    if command == "timestamp keep":
        authority = made_authority()
        authority.stamp(folder / "41.tsq")
        (folder / "root.pem").write_bytes(authority.root.read_bytes())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_wrong_option_is_a_usage_error(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--no-such-option"])
    assert result.exit_code == 2
    assert "Usage: escalation" in result.stderr


def test_a_misspelt_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["decid", "1NNN"])
    assert result.exit_code == 2
    assert "No such command 'decid'. Did you mean decide?" in result.stderr
    result = CliRunner().invoke(main, ["trial", "xyzzy"])
    assert result.stderr.endswith("No such command 'xyzzy'.\n")


def test_version() -> None:
    assert __version__ in CliRunner().invoke(main, ["--version"]).stdout


def test_a_pipe_that_closes_early_ends_quietly() -> None:
    words = " ".join(f"'{word}'" for word in PROGRAM)
    command = f"{words} paths --list --levels 6 | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_ends_a_long_run_without_a_traceback(workers: str) -> None:
    """Ctrl-C once the run says, on a terminal, how much time is left: then it is simulating."""
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = [PROGRAM[0], "-c", f"{heard}; {PROGRAM[-1]}"]  # whoever started the tests
    words = [*program, "simulate", "--trials", "1000000000", "--draws", "trial"]
    words += ["--workers", workers]
    terminal, theirs = pty.openpty()
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said = b""
    try:
        while b"%" not in said or b":" not in said:
            said += os.read(terminal, 1 << 16)
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # so Linux says that nobody has the terminal open
            while more := os.read(terminal, 1 << 16):
                said += more
        stdout, _ = running.communicate()
    finally:
        running.kill()
        os.close(terminal)
    assert (running.returncode, stdout) == (1, b"")  # after the whole run it would be 0
    assert b"Aborted!" in said
    assert b"Traceback" not in said


def test_an_interrupt_ends_a_comparison_with_its_workers_and_leaves_no_file(tmp_path: Path) -> None:
    """Ctrl-C once a worker has said what its graph is going to take: then it is at work."""
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    words = [PROGRAM[0], "-c", f"{heard}; {PROGRAM[-1]}", "compare", "boin", "keyboard"]
    words += ["--p-dlt", "0.1,0.2,0.3,0.4,0.5,0.6", "--levels", "6"]
    words += ["--max-patients", "60", "--workers", "2"]
    running = subprocess.Popen(
        [*words, "--output", str(tmp_path / "compared.csv")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert running.stderr is not None
        assert b"states, which take up to" in running.stderr.readline()
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the workers too
        stdout, stderr = running.communicate()
    finally:
        running.kill()
    assert (running.returncode, stdout) == (1, b"")
    assert stderr.split(b"\n")[-2:] == [b"Aborted!", b""]
    assert b"Traceback" not in stderr
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    words = " ".join(f"'{word}'" for word in PROGRAM)
    command = f"{words} decide 1NNN > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "escalation: output: No space left on device"


def test_nobody_sits_at_a_stream_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as Python has it after 2>&-
    assert not is_terminal(sys.stderr)
    with progress_bar(10, "simulating") as progress:
        assert progress is None


@pytest.mark.parametrize("n_shares", [1, 3, 7])
def test_a_bar_of_shares_ends_with_the_last_of_them(n_shares: int) -> None:
    told: list[int] = []
    take = in_steps(told.append, 1000)
    for _ in range(n_shares):
        take(1 / n_shares)
    assert sum(told) == 1000
    assert len(told) == n_shares


def test_a_picture_of_a_report_tells_once_it_is_written() -> None:
    told: list[int] = []
    picture = report._telling(Figure("F1", "in words", lambda form: form.encode()), told.append)
    assert isinstance(picture, Figure)
    assert not told
    assert picture.draw("png") == b"png"
    assert told == [1]


@pytest.mark.parametrize("part", ["escalation.cli", "click"])
def test_ctrl_c_while_the_program_is_imported_says_so_in_a_word(part: str) -> None:
    interrupted = f"""
import sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == {part!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
sys.argv = ["escalation", "designs"]
from escalation.__main__ import run
run()
"""
    done = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, check=False)
    assert done.stderr.split() == [b"Aborted!"]
    assert (done.returncode, done.stdout) == (1, b"")
