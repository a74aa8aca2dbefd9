"""How bash is told what it may offer; see https://click.palletsprojects.com/shell-completion/.

bash parts words at = and :, so that ``two_of_six=m`` is three words to it, and replaces the last of
them alone. click does not know. Here the words are joined again, and what bash has is left out.
"""

from __future__ import annotations

import os
import re
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    split_arg_string,
)

__all__ = ["Bash"]

_BREAK = re.compile(r"[=:]+")
_SPECIAL = re.compile(r"[^\w@%+=:,./-]")  # to a shell


class Bash(BashComplete):
    """Completion for bash, with words that hold = and :, or a space."""

    # a space is not put behind a word that is to go on, and backslashes are kept
    source_template = BashComplete.source_template.replace(
        "    return 0\n",
        '    if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[=:] ]]; then\n'
        "        compopt -o nospace\n"
        "    fi\n\n"
        "    return 0\n",
    ).replace("read type value", "read -r type value")

    _before = ""  # the part of the half-typed word that bash does not replace
    _is_quoted = False

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is half typed, and that one, as they were typed."""
        parts = os.environ["COMP_WORDS"].split("\n")
        place = int(os.environ["COMP_CWORD"])
        parts += [""] * (place + 1 - len(parts))
        words: list[str] = []
        goes_on = False
        for part in parts[1 : place + 1]:
            is_break = _BREAK.fullmatch(part) is not None
            if words and (is_break or goes_on):
                words[-1] += part
            else:
                words.append(part)
            goes_on = is_break
        last = "" if goes_on else parts[place]
        self._before = _unquoted(words[-1].removesuffix(last))
        if self._before.startswith("-"):  # click itself parts --set=two_of_six=m after --set
            self._before = self._before.partition("=")[2]
        self._is_quoted = last[:1] in ("'", '"')
        return list(map(_unquoted, words[:-1])), _unquoted(words[-1])

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Write what is to stand in place of the last part of the word."""
        value = str(item.value).removeprefix(self._before)
        if not self._is_quoted:
            value = _SPECIAL.sub(r"\\\g<0>", value)
        return f"{item.type},{value}"


def _unquoted(word: str) -> str:
    return "".join(split_arg_string(word))


add_completion_class(Bash)
