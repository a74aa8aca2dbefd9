"""A line as people type it at a shell, with the program run in this process."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from pathlib import Path

from click.testing import CliRunner, Result

from escalation.cli import main

__all__ = ["type_line"]


def type_line(line: str, folder: Path, **env: str) -> tuple[Result, str]:
    """Type ``escalation ...``, perhaps with a pipe or a redirection behind it.

    It costs no new process, which would import everything anew; only what stands behind the
    program is left to bash.

    Parameters
    ----------
    line : str
        It begins with ``escalation``.
    folder : Path
        Where it is typed.
    **env : str
        Variables of the environment, beside those that are there.

    Returns
    -------
    result : Result
        Of the program alone.
    shown : str
        What a person sees: standard error, and what comes out at the end.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|>")
    lexer.whitespace_split, lexer.commenters = True, ""
    words = list(lexer)
    end = next((at for at, word in enumerate(words) if word in ("|", ">")), len(words))
    if words[0] != "escalation":
        raise ValueError(f"only lines of the program can be typed here, not {line!r}")
    with contextlib.chdir(folder):
        result = CliRunner().invoke(main, words[1:end], env=env)
    if end == len(words):
        return result, result.output
    rest = shlex.join(words[end:]).replace("'|'", "|").replace("'>'", ">")
    done = subprocess.run(
        ["bash", "-c", f"cat {rest}"],
        cwd=folder,
        input=result.stdout,
        capture_output=True,
        text=True,
        check=False,
    )
    return result, result.stderr + done.stdout + done.stderr
