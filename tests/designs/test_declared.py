"""What a design declares of itself, against a table that a person has typed."""

from __future__ import annotations

import pytest

from escalation.designs import (
    DESIGNS,
    ThreePlusThree,
    change_design,
    describe_design,
    describe_options,
    design_options,
    design_settings,
    find_design,
    make_design,
    option_words,
    options_left_out,
    required_options,
)
from escalation.designs.declared import (
    Option,
    cite_design,
    declared_options,
    limits_words,
    list_references,
    summarise_design,
)
from escalation.errors import DesignError

# option | what it takes | default
DECLARED = {
    "3+3": """
        variant | confirm, declare, expand-below, declare-confirm-top | confirm
        below | expand, declare | expand
        top | expand, declare | expand
        two_of_six | fail, mtd | fail
        untested_below | treat, stop | treat
        third | whole number from 1 to 20 |
        beyond | rate, count | rate
        cohort_size | text |
        max_patients | whole number from 1 |
    """,
    "rolling-six": """
        below | expand, declare | expand
        top | expand, declare | expand
        untested_below | treat, stop | treat
        beyond | rate, count | rate
        max_patients | whole number from 1 |
        variant | confirm, declare, expand-below, declare-confirm-top | confirm
    """,
    "a+b": """
        a | whole number from 1 to 20 | required
        b | whole number from 1 to 20 | required
        c | whole number from 1 to 20 | required
        d | whole number from 0 to 20 | required
        e | whole number from 0 to 20 | required
        below | expand, declare | expand
        top | expand, declare | expand
        untested_below | treat, stop | treat
        borderline | fail, mtd | fail
        third | whole number from 1 to 20 |
        f | whole number from 1 to 20 |
        beyond | rate, count | rate
        cohort_size | text |
        max_patients | whole number from 1 |
    """,
    "accelerated": """
        moderate_events | whole number from 1 to 100 | 2
        after_titration | same, below | same
        below | expand, declare | expand
        top | expand, declare | expand
        untested_below | treat, stop | treat
        third | whole number from 1 to 20 |
        beyond | rate, count | rate
        cohort_size | text |
        max_patients | whole number from 1 |
        variant | confirm, declare, expand-below, declare-confirm-top | confirm
        two_of_six | fail, mtd | fail
    """,
    "boin": """
        p_saf | number above 0 and below 1 |
        p_tox | number above 0 and below 1 |
        bound_mtd | true, false | false
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
    """,
    "keyboard": """
        margin_left | number from 0 and below 1 | 0.05
        margin_right | number from 0 and below 1 | 0.05
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
    """,
    "mtpi-2": """
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
        margin_left | number from 0 and below 1 | 0.05
        margin_right | number from 0 and below 1 | 0.05
    """,
    "mtpi": """
        eps1 | number from 0 and below 1 | 0.05
        eps2 | number from 0 and below 1 | 0.05
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
    """,
    "tpi": """
        k1 | number above 0 and to 100 | 1.0
        k2 | number above 0 and to 100 | 1.5
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
    """,
    "i3+3": """
        eps1 | number from 0 and below 1 | 0.05
        eps2 | number from 0 and below 1 | 0.05
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
    """,
    "g3+3": """
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
    """,
    "crm": """
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        skeleton | list of numbers above 0 and below 1 |
        halfwidth | number above 0 and below 0.5 |
        prior_mtd | whole number from 1 to 100 |
        model | empiric, logistic | empiric
        intercept | number from -20 to 20 |
        prior_sd | number from 0.05 to 10 | 1.15758
        method | bayes, mle | bayes
        first_stage | whole number from 1 to 20 |
        skipping | true, false | false
        coherent | true, false | true
        cutoff_stop | number from 0.5 to 1 | 0.95
        n_earlystop | whole number from 1 to 300 |
    """,
    "tite-boin": """
        likelihood | yuan2018, linyuan2020 | yuan2018
        max_pending | number above 0 and to 1 | 0.5
        target | number above 0 and below 1 | required
        cohort_size | whole number from 1 to 20 | 3
        max_patients | whole number from 1 to 300 | required
        cutoff_eli | number above 0.5 and below 1 | 0.95
        extrasafe | true, false | false
        offset | number above 0 and below 0.5 | 0.05
        n_earlystop | whole number from 1 to 300 |
        titration | true, false | false
        p_saf | number above 0 and below 1 |
        p_tox | number above 0 and below 1 |
        bound_mtd | true, false | false
    """,
}
# a CRM with weights: every option of the CRM is one of its own
DECLARED["tite-crm"] = f"weights | linear, adaptive | linear{DECLARED['crm']}"


@pytest.mark.parametrize("name", DESIGNS)
def test_every_option_is_declared_as_typed(name):
    lines = [
        f"{option.name} | {option.values} | {option.default_words}".rstrip()
        for option in declared_options(DESIGNS[name])
    ]
    assert lines == [line.strip() for line in DECLARED[name].strip().splitlines()]


def test_an_option_is_declared_with_its_kind_limits_and_default():
    found = {option.name: option for option in declared_options(DESIGNS["crm"])}
    assert found["skeleton"] == Option(
        name="skeleton",
        kind="list of numbers",
        choices=(),
        limits={"gt": 0, "lt": 1},
        default=None,
        is_required=False,
        meaning="Prior guess of P(DLT) at each level, lowest level first; calibrated by halfwidth "
        "and prior_mtd unless given.",
    )
    assert found["model"].kind == found["method"].kind == "choice"
    assert found["model"].choices == ("empiric", "logistic")
    assert (found["coherent"].kind, found["coherent"].default) == ("switch", True)
    assert found["coherent"].choices == ("true", "false")
    assert (found["target"].is_required, found["target"].default) == (True, None)
    assert found["prior_mtd"].limits == {"ge": 1, "le": 100}
    assert found["first_stage"].kind == "whole number"
    sizes = {option.name: option for option in declared_options(ThreePlusThree)}["cohort_size"]
    assert (sizes.kind, sizes.choices, sizes.limits) == ("text", (), {})


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, "number"),
        ({"ge": 1}, "number from 1"),
        ({"le": 20}, "number to 20"),
        ({"ge": 1, "le": 20}, "number from 1 to 20"),
        ({"gt": 0, "lt": 1}, "number above 0 and below 1"),
        ({"ge": 0, "lt": 0.5}, "number from 0 and below 0.5"),
        ({"gt": 0, "le": 100}, "number above 0 and to 100"),
        ({"ge": 0, "le": 1e6, "lt": 5}, "number from 0 to 1e+06 below 5"),
    ],
)
def test_limits_are_said_in_words(limits, said):
    assert limits_words("number", limits) == said


CITED = {
    "3+3": "Korn et al. 1994",
    "rolling-six": "Skolnik et al. 2008",
    "a+b": "Lin & Shih 2001",
    "accelerated": "Simon et al. 1997",
    "boin": "Liu & Yuan 2015",
    "keyboard": "Yan et al. 2017",
    "mtpi-2": "Guo et al. 2017",
    "mtpi": "Ji et al. 2010",
    "tpi": "Ji et al. 2007",
    "i3+3": "Liu et al. 2020",
    "g3+3": "Ji et al. 2025",
    "crm": "O'Quigley et al. 1990",
    "tite-boin": "Yuan et al. 2018",
    "tite-crm": "Cheung & Chappell 2000",
}


@pytest.mark.parametrize("name", DESIGNS)
def test_each_design_names_its_paper(name):
    assert cite_design(DESIGNS[name]) == CITED[name]
    references = list_references(DESIGNS[name])
    assert len(references) == {"crm": 4, "tite-boin": 2}.get(name, 1)
    assert all(line[0].isupper() and line.endswith((".", ")")) for line in references)
    assert not any("  " in line for line in references)


class _One(ThreePlusThree):
    """One line
    and its other half.

    More of it.

    References
    ----------
    Storer BE (1989). Design (1990). And analysis of phase I
    clinical trials. Biometrics 45:925-937.

    Notes
    -----
    Nothing (1990). Here.
    """


class _Three(ThreePlusThree):
    """Three.

    References
    ----------
    Aa A, Bb B, Cc C (2001). Of three. J 1:1.
    """


class _Unpublished(ThreePlusThree):
    """Nothing is published."""


def test_a_paper_of_one_author_or_three_and_none():
    assert cite_design(_One) == "Storer 1989"
    assert list_references(_One) == (
        "Storer BE (1989). Design (1990). And analysis of phase I clinical trials. Biometrics "
        "45:925-937.",
    )
    assert summarise_design(_One) == "One line and its other half."
    assert cite_design(_Three) == "Aa et al. 2001"
    assert cite_design(_Unpublished) == ""
    assert list_references(_Unpublished) == ()


REQUIRED = {"a+b": ("a", "b", "c", "d", "e"), "g3+3": ("max_patients",)} | dict.fromkeys(
    ("3+3", "rolling-six", "accelerated"), ()
)
USUAL = {"target": 0.3, "max_patients": 60} | dict(zip("abcde", (3, 3, 1, 1, 1), strict=True))


@pytest.mark.parametrize("name", DESIGNS)
def test_what_a_design_cannot_do_without(name):
    required = REQUIRED.get(name, ("target", "max_patients"))
    assert required_options(DESIGNS[name]) == required
    given = {key: USUAL[key] for key in required}
    assert make_design(name, n_levels=3, **given).name == name
    for option in required:
        rest = {key: given[key] for key in given if key != option}
        with pytest.raises(DesignError) as refused:
            make_design(name, n_levels=3, **rest)
        assert str(refused.value) == f"{name} needs the option {option}"
    if len(required) > 1:
        with pytest.raises(DesignError) as refused:
            make_design(name, n_levels=3)
        assert str(refused.value) == f"{name} needs the options {', '.join(required)}"


@pytest.mark.parametrize("name", DESIGNS)
def test_what_came_later_is_left_out_of_settings_at_its_default(name):
    later = {"3+3": ("third", "beyond", "cohort_size"), "rolling-six": ("beyond",)}
    later |= {"a+b": ("third", "f", "beyond", "cohort_size")}
    later |= {"accelerated": ("after_titration", "third", "beyond", "cohort_size")}
    default = {"after_titration": "same", "beyond": "rate"}
    expected = {option: default.get(option) for option in later.get(name, ())}
    assert options_left_out(DESIGNS[name]) == expected
    given = {key: USUAL[key] for key in required_options(DESIGNS[name])}
    design = make_design(name, n_levels=4, start=1, **given)
    settings = design_settings(design)
    assert list(settings) == ["name", *(o for o in design_options(design) if o not in expected)]
    assert make_design(n_levels=4, start=1, **settings) == design
    if "beyond" in expected:
        other = change_design(design, beyond="count")
        assert design_settings(other) == settings | {"beyond": "count"}
        assert (other.start, other.n_levels) == (1, 4)


@pytest.mark.parametrize(
    ("name", "options", "described", "sentences"),
    [
        (
            "3+3",
            {},
            "variant confirm, below expand, top expand, two_of_six fail, untested_below treat",
            (
                "The level below a too toxic one is declared the MTD only on 6 patients.",
                "The highest level is declared the MTD only on 6 patients.",
                "2 DLTs among 6 patients mean that the level is too toxic.",
                "A level with more than six patients is judged by its rate: 2/6 or more is too "
                "toxic, less is passed.",
                "There is no maximum sample size.",
            ),
        ),
        (
            "3+3",
            {"below": "declare", "two_of_six": "mtd", "max_patients": 24, "start": 1},
            "variant declare-confirm-top, below declare, top expand, two_of_six mtd, "
            "untested_below treat, max_patients 24",
            (
                "The level below a too toxic one is declared the MTD as soon as 3 patients have "
                "cleared it.",
                "The highest level is declared the MTD only on 6 patients.",
                "2 DLTs among 6 patients mean that the level is the MTD.",
                "A level that was never given and lies below a too toxic one is given to 3 "
                "patients.",
                "A level with more than six patients is judged by its rate: more than 2/6 is too "
                "toxic, 2/6 makes it the MTD, less is passed.",
                "At most 24 evaluable patients are treated in the trial.",
            ),
        ),
        (
            "3+3",
            {"third": 3, "top": "declare", "untested_below": "stop", "start": 1}
            | {"cohort_size": "3-6", "beyond": "count"},
            "variant expand-below, below expand, top declare, two_of_six 3 more, "
            "untested_below stop, third 3, beyond count, cohort_size 3-6 (simulated: 3)",
            (
                "The level below a too toxic one is declared the MTD only on 6 patients.",
                "The highest level is declared the MTD as soon as 3 patients have cleared it.",
                "A level that was never given and lies below a too toxic one is not opened.",
                "2 DLTs among 6 patients leave doubt: 3 more are treated, and at most 2 DLTs among "
                "9 pass the level.",
                "A level with more than nine patients is judged by the same numbers of DLTs as one "
                "with nine.",
                "A cohort may have three to six evaluable patients; all patients at the level are "
                "judged together, whatever their number.",
                "There is no maximum sample size.",
            ),
        ),
        (
            "a+b",
            dict(zip("abcde", (2, 4, 1, 1, 1), strict=True)) | {"third": 6, "f": 4},
            "a 2, b 4, c 1, d 1, e 1, below expand, top expand, untested_below treat, "
            "borderline 6 more, third 6, f 4",
            (
                "a = 2; b = 4; c = 1; d = 1; e = 1.",
                "The level below a too toxic one is declared the MTD only on 6 patients.",
                "The highest level is declared the MTD only on 6 patients.",
                "2 or 3 or 4 DLTs among 6 patients leave doubt: 6 more are treated, and at most 4 "
                "DLTs among 12 pass the level.",
                "A level with more than 12 patients is judged by its rate: 5/12 or more is too "
                "toxic, less is passed.",
                "There is no maximum sample size.",
            ),
        ),
        (
            "accelerated",
            {"moderate_events": 1, "after_titration": "below", "max_patients": 30},
            "moderate_events 1, after_titration below, below expand, top expand, "
            "untested_below treat, max_patients 30, variant confirm, two_of_six fail",
            (
                "moderate_events = 1.",
                "After a DLT in titration the trial goes on one level below.",
                "The level below a too toxic one is declared the MTD only on 6 patients.",
                "The highest level is declared the MTD only on 6 patients.",
                "A level with more than six patients is judged by its rate: 2/6 or more is too "
                "toxic, less is passed.",
                "At most 30 evaluable patients are treated in the trial.",
                "2 DLTs among 6 patients mean that the level is too toxic.",
            ),
        ),
        (
            "boin",
            {"target": 0.25, "max_patients": 30, "n_earlystop": 12, "extrasafe": True},
            "p_saf 0.15, p_tox 0.35, bound_mtd false, target 0.25, cohort_size 3, max_patients 30, "
            "cutoff_eli 0.95, extrasafe true, offset 0.05, n_earlystop 12, titration false",
            (
                "p_saf = 0.15; p_tox = 0.35; bound_mtd = false; target = 0.25; cohort_size = 3; "
                "cutoff_eli = 0.95; extrasafe = true; offset = 0.05; n_earlystop = 12; "
                "titration = false.",
                "At most 30 evaluable patients are treated in the trial.",
            ),
        ),
        (
            "crm",
            {"target": 0.25, "max_patients": 24, "method": "mle", "halfwidth": 0.05},
            "target 0.25, cohort_size 3, max_patients 24, "
            "skeleton 0.1567,0.25,0.3545,0.4603, halfwidth 0.05, prior_mtd 2, model empiric, "
            "prior_sd 1.15758, method mle, first_stage 3, skipping false, coherent true, "
            "cutoff_stop 0.95",
            (
                "target = 0.25; cohort_size = 3; halfwidth = 0.05; model = empiric; "
                "prior_sd = 1.15758; method = mle; skipping = false; coherent = true; "
                "cutoff_stop = 0.95.",
                "At most 24 evaluable patients are treated in the trial.",
            ),
        ),
    ],
)
def test_a_design_and_each_option_are_said_in_words(name, options, described, sentences):
    design = make_design(name, n_levels=4, **options)
    assert describe_design(design) == f"{name}: {described}"
    assert describe_options(design) == sentences


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        (3, "3"),
        ("3-6", "3-6"),
        (0.3, "0.3"),
        (0.1234567891, "0.1234567891"),  # twelve letters
        (0.12345678912, "0.123457"),
        (1234567890123, "1234567890123"),
        ((0.1, 0.25, 1 / 3), "0.1,0.25,0.333333"),
        ((), ""),
    ],
)
def test_a_value_is_written_as_a_person_types_it(value, written):
    assert option_words(value) == written


def test_what_is_no_design_or_no_option_is_refused_with_the_nearest():
    with pytest.raises(DesignError, match="no design is called 'bion'; did you mean boin\\?"):
        find_design("bion")
    with pytest.raises(DesignError, match="3\\+3 has no option 'varient'; did you mean variant\\?"):
        make_design("3+3", n_levels=3, varient="confirm")
    with pytest.raises(DesignError, match="a design is needed, such as"):
        design_options("boin")
    assert find_design("tpi") is DESIGNS["tpi"]
