"""Commands asked by another part of the program: the answer is what the command line prints."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from escalation.cli import main
from escalation.cli.asking import ask_command
from escalation.designs.walk import TooManyStatesError
from escalation.errors import EscalationError, InputError
from escalation.reports.formats import write_view

BOIN = ["--design", "boin", "--levels", "3", "--p-dlt", "0.1,0.2,0.3"]


@pytest.mark.parametrize(
    "words",
    [
        ["decide", "--", "1NNN 2NNT"],
        ["designs", "boin"],
        ["simulate", "--method", "exact", *BOIN],
        ["compare", "3+3", "i3+3", "--p-dlt", "0.1,0.3"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_what_is_handed_over_is_what_would_be_printed(words, form):
    printed = CliRunner().invoke(main, [words[0], "--format", form, *words[1:]])
    asked = ask_command(words)
    assert asked.view is not None
    assert "".join(write_view(asked.view, form)) == printed.stdout
    assert [f"escalation: {note}" for note in asked.notes] == [
        line.partition("; --set")[0] for line in printed.stderr.splitlines()
    ]


def test_nothing_is_printed_meanwhile(capsys):
    ask_command(["simulate", "--method", "exact", *BOIN])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "words",
    [
        ["decide", "--", "1NN 2XQ"],
        ["decide", "--", "7NNN"],
        ["simulate", "--p-dlt", "0.1,x"],
        ["simulate", "--set", "cohort=1", "--method", "exact"],
        ["simulate", "--nothing"],
        ["compare", "3+3"],
    ],
    ids=" ".join,
)
def test_an_error_is_the_sentence_of_the_command_line(words):
    printed = CliRunner().invoke(main, words)
    with pytest.raises(EscalationError) as refused:
        ask_command(words)
    assert str(refused.value) in printed.stderr


def test_no_command_and_an_unknown_one_are_refused():
    with pytest.raises(InputError, match="no command 'dicide'"):
        ask_command(["dicide"])


@pytest.mark.parametrize(
    "words", [["simulate", "--method", "exact", *BOIN], ["compare", "boin", "3+3", *BOIN[2:]]]
)
def test_a_graph_is_no_larger_than_whoever_asks_allows(words):
    """BOIN with 30 patients on three levels reaches some thousands of states."""
    words = [word for word in words if word != "--design"] if words[0] == "compare" else words
    exact = [*words, *(["--method", "exact"] if words[0] == "compare" else [])]
    with pytest.raises(TooManyStatesError, match="more than 100 states"):
        ask_command(exact, max_states=lambda design: 100)
    assert ask_command(exact, max_states=lambda design: 100_000).view is not None


def test_figures_are_drawn_when_asked_for_and_say_what_they_show():
    view = ask_command(["simulate", "--method", "exact"]).view
    assert view is not None
    (figure,) = view.figures()
    assert figure.words.startswith("A line for each scenario's P(DLT)")
    assert figure.draw("svg").startswith(b"<?xml")
    document = json.loads("".join(write_view(view, "json")))
    assert len(document["results"]) == 6
