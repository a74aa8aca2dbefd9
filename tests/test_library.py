"""`escalation.decide` and its kin: what a notebook types, and what it is told where it errs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure

import escalation
import simulations
from escalation.cli import main
from escalation.designs.replay import DepartureError
from escalation.errors import InputError, NotationError, ProtocolError

ROOT = Path(__file__).parents[1]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_a_decision_is_the_one_of_the_command_line() -> None:
    found = escalation.decide("1NNN 2NNT")
    assert str(found) == run("decide", "1NNN 2NNT").stdout.rstrip("\n")
    assert json.loads(json.dumps(found.to_dict())) == json.loads(
        run("decide", "1NNN 2NNT", "--json").stdout
    )


@pytest.mark.parametrize("outcomes", ["", "1NN?", "1TTT", "1TTT -1TT", "1NNT 1NNN 2TTN"])
def test_every_kind_of_decision_reads_as_on_the_command_line(outcomes: str) -> None:
    assert str(escalation.decide(outcomes)) == run("decide", outcomes).stdout.rstrip("\n")


def test_a_decision_has_a_short_repr_and_a_table_for_notebooks() -> None:
    found = escalation.decide("1NNN 2NNT")
    assert repr(found) == "<1NNN 2NNT: Stay at level 2, 6E6 cells/kg: enrol 3 patients.>"
    assert "<p>Stay at level 2, 6E6 cells/kg: enrol 3 patients.</p>" in found._repr_html_()
    assert repr(escalation.decide()).startswith("<before the first patient: Start at level 1")


def test_a_protocol_is_given_by_itself_by_name_by_file_or_as_a_design(tmp_path: Path) -> None:
    protocol = escalation.load_protocol("nct07123519")
    copy = tmp_path / "mine.toml"
    copy.write_bytes((ROOT / "escalation/protocols/nct07123519.toml").read_bytes())
    said = {
        str(escalation.decide("1NNN", given))
        for given in (protocol, "nct07123519", copy, str(copy))
    }
    assert len(said) == 1
    plain = escalation.decide("1NNN", escalation.ThreePlusThree(n_levels=3))
    assert str(plain) == run("decide", "1NNN", "--levels", "3").stdout.rstrip("\n")


def test_a_design_keeps_its_start() -> None:
    design = escalation.ThreePlusThree(n_levels=3, start=1)
    assert escalation.decide("", design).decision.level == 1


def test_decisions_of_several_protocols_have_a_column_each() -> None:
    protocol = escalation.load_protocol("nct07123519")
    plans = {name: protocol.with_design(variant=name) for name in ("confirm", "declare")}
    found = escalation.decisions(["1NNN", "1NNN 2NTT"], plans)
    assert found._repr_html_().count('<th scope="col"') == 3
    frame = found.to_frame()
    assert frame["protocol"].tolist() == ["confirm", "declare"] * 2
    assert frame["mtd"].astype(object).where(frame["mtd"].notna(), None).tolist() == [
        *(None, None, None, 1)
    ]
    assert set(frame.attrs["columns"]) == set(frame.columns)


def test_decisions_say_what_is_possible_and_what_departs_only_where_there_is_any() -> None:
    assert "possible" not in str(escalation.decisions(["1NNN"]))
    assert "still possible" in escalation.decisions(["1NN?"])._repr_html_()
    found = escalation.decisions(["1TTT 2NNN"], allow_departures=True)
    assert "cohort 2 (2NNN) is at level 2 where the design says level -1" in found._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("1NO",), NotationError, "'O' is not an outcome"),
        ((3,), InputError, "outcomes are a text such as .* not int 3"),
        (([1, 2],), InputError, "outcomes are a text such as .* not list"),
        (("1N", 3), InputError, "a protocol, its name or file, or a design is needed"),
        (("1N", None), InputError, "a protocol, its name or file, or a design is needed"),
        (("1N", "boin"), InputError, r"give escalation.Boin\(n_levels=...\)"),
        (("1N", "nct0712351"), ProtocolError, "did you mean nct07123519"),
        (("1TTT 2NNN",), DepartureError, "would not have produced this history"),
    ],
)
def test_a_slip_is_told_with_what_was_expected(
    arguments: tuple[object, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        escalation.decide(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("histories", ["1NNN", [], ()])
def test_decisions_need_several_histories(histories: object) -> None:
    with pytest.raises(InputError, match="several histories are needed"):
        escalation.decisions(histories)  # type: ignore[arg-type]


def test_without_pandas_a_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(InputError, match=r"pip install 'escalation\[frames\]'"):
        escalation.decide("1NNN").to_frame()


def test_a_picture_carries_its_words_to_the_notebook() -> None:
    picture = escalation.Picture(Figure(), "An empty page.")
    bundle, metadata = picture._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == repr(picture) == "An empty page."
    assert metadata == {"image/png": {"alt": "An empty page."}}


def test_a_picture_needs_a_figure_and_words() -> None:
    with pytest.raises(InputError, match="matplotlib figure or axes"):
        escalation.Picture("x.png", "words")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs words"):
        escalation.Picture(Figure(), " ")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: escalation.parse_outcomes(1), 'outcomes are a text such as "1NNN 2NT?", not 1'),
        (lambda: escalation.load_protocol(None), "loaded by its name or file, not None"),
        (lambda: escalation.open_ledger(1), "a ledger is named by a text, a file or postgresql"),
        (lambda: escalation.make_design(1, n_levels=3), "no design is called 1; known: 3+3"),
        (lambda: escalation.design_options("3+3"), """such as DESIGNS["3+3"], not '3+3'"""),
        (
            lambda: simulations.characteristics("nct07123519", p_moderate=1),
            "p_moderate is a probability by level, lowest first, not 1",
        ),
        (
            lambda: simulations.sensitivity("nct07123519", [0.1, 0.2, 0.3, 0.4], band="a"),
            "the band must lie between 0 and 1, not a",
        ),
        (
            lambda: simulations.worst_case("nct07123519", above="a"),
            "the limit of P(DLT) must lie between 0 and 1, not a",
        ),
        (lambda: simulations.load_scenarios(1), "the name of a set or a file, not 1"),
    ],
)
def test_a_wrong_type_is_told_what_was_expected(call, said: str) -> None:
    with pytest.raises(escalation.EscalationError) as caught:
        call()
    assert said in str(caught.value)
