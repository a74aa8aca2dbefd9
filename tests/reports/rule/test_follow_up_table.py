"""The table with pending patients, against the one that its authors print."""

from escalation.designs import Boin, TiteBoin
from escalation.protocol import Protocol
from escalation.reports.formats import write_view
from escalation.reports.rule.boundary_table import view_boundaries
from escalation.reports.rule.follow_up_table import follow_up_rows
from escalation.reports.rule.text import rule_sections

DESIGN = TiteBoin(n_levels=3, target=0.2, max_patients=30)


def test_it_has_the_53_rows_of_table_1_of_yuan_2018():
    """By number of patients; and the rows of nine patients, two DLTs, to the digits printed."""
    found = list(follow_up_rows(DESIGN, [3, 6, 9, 12, 15]))
    assert [sum(row.n_patients == n for row in found) for n in (3, 6, 9, 12, 15)] == [
        4,
        6,
        14,
        9,
        20,
    ]
    two_of_nine = [row for row in found if (row.n_patients, row.n_dlts) == (9, (2, 2))]
    assert [(row.n_pending, row.answer) for row in two_of_nine] == [
        ((0, 0), "stay"),
        *(((pending, pending), "by STFT") for pending in (1, 2, 3, 4)),
        ((5, 7), "suspend"),
    ]
    limits = [row.deescalate_to for row in two_of_nine[1:5]]
    assert [f"{limit:.2f}" for limit in limits] == ["0.52", "1.59", "2.66", "3.73"]
    assert [row.n_dlts for row in found if row.answer == "eliminate"] == [
        (2, 3),
        (3, 6),
        (4, 9),
        (5, 12),
        (6, 15),
    ]


def test_it_stands_below_the_boundaries_of_a_design_that_asks_for_follow_up():
    for design, stands in ((DESIGN, True), (Boin(n_levels=3, target=0.2, max_patients=30), False)):
        plan = Protocol.plain(3).with_design(design.name, target=0.2, max_patients=30)
        view = view_boundaries(plan, design)
        assert ("follow_up" in view.document()) == stands
        assert ("yes, eliminate" in "".join(write_view(view, "text"))) == stands


def test_the_rule_text_of_such_a_design_does_not_say_that_outcomes_are_awaited():
    (section,) = (
        s for s in rule_sections(DESIGN, ["1", "2", "3"]) if s.title == "Pending patients"
    )
    (text,) = section.paragraphs
    assert "Outcomes are not awaited" in text
    assert "The trial ends on complete data" in text
    assert "Then:" not in text
