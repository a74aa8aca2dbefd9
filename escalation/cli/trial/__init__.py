"""`escalation trial`: a trial as it is conducted, in a ledger that is only ever added to."""

from __future__ import annotations

from escalation.cli import LazyGroup

__all__ = ["trial"]

trial = LazyGroup(
    name="trial",
    help=(
        "Track a trial: patients, decisions, signatures, in a ledger.\n\n"
        "Say where the ledger is with --db or ESCALATION_DB, and who records with --as or "
        "ESCALATION_AS. Nothing is ever changed or erased: a correction is a new entry. Exit "
        "codes: 1 refused, 4 someone else recorded first, 5 the ledger is not as it was "
        "written.\n\n"
        "Example: escalation trial demo --db demo.db"
    ),
    lazy={
        "demo": (
            "escalation.cli.trial.demo:demo",
            "Make a small invented trial to look at, in a new file.",
        ),
        "register": ("escalation.cli.trial.office:register", "Begin to track a trial."),
        "delegate": (
            "escalation.cli.trial.office:delegate",
            "Give a person a role in the trial, or take it away.",
        ),
        "plan": (
            "escalation.cli.trial.planning:plan",
            "Show the plan in force, or go by another one.",
        ),
        "site": ("escalation.cli.trial.patients:site", "List the sites of the trial, or open one."),
        "screen": (
            "escalation.cli.trial.screening:screen",
            "Screen somebody: may they enter, or what is missing to say it?",
        ),
        "waive": (
            "escalation.cli.trial.screening:waive",
            "Waive criteria, where the plan permits it.",
        ),
        "screen-fail": (
            "escalation.cli.trial.patients:screen_fail",
            "Record that somebody was screened and not enrolled.",
        ),
        "enrol": ("escalation.cli.trial.site:enrol", "Give a subject a place in an open cohort."),
        "dose": ("escalation.cli.trial.site:dose", "Record an infusion, on the day it was given."),
        "outcome": (
            "escalation.cli.trial.site:outcome",
            "Record what happened: a DLT, none, moderate, or not evaluable.",
        ),
        "ae": (
            "escalation.cli.trial.adverse_events:ae",
            "Record an adverse event, follow it up, or print the tables.",
        ),
        "measure": (
            "escalation.cli.trial.visits:measure",
            "Record results: what was measured, assessed or asked.",
        ),
        "visit": (
            "escalation.cli.trial.visits:visit",
            "Record that a visit took place, or was missed.",
        ),
        "leave": (
            "escalation.cli.trial.visits:leave",
            "Record that somebody's part in the study ended.",
        ),
        "adjudicate": (
            "escalation.cli.trial.adjudication:adjudicate",
            "Rule whether an adverse event is a DLT.",
        ),
        "evaluable": (
            "escalation.cli.trial.adjudication:evaluable",
            "Rule whether a patient counts.",
        ),
        "rename": (
            "escalation.cli.trial.patients:rename",
            "Correct a mistyped id of a subject.",
        ),
        "transfer": (
            "escalation.cli.trial.patients:transfer",
            "Hand a subject over to another site.",
        ),
        "correct": (
            "escalation.cli.trial.site:correct",
            "Correct an earlier entry; the entry itself stays.",
        ),
        "decide": (
            "escalation.cli.trial.committee:decide",
            "Record what the safety committee decided.",
        ),
        "vote": (
            "escalation.cli.trial.committee:vote",
            "Vote on a decision: for, against or abstained.",
        ),
        "circulate": (
            "escalation.cli.trial.committee:circulate",
            "Record to whom a decision was sent.",
        ),
        "freeze": (
            "escalation.cli.trial.committee:freeze",
            "Freeze the data for a decision: checked up to the last entry.",
        ),
        "sign": (
            "escalation.cli.trial.committee:sign",
            "Sign a decision, or any entry as reviewed.",
        ),
        "key": (
            "escalation.cli.trial.keys:key",
            "Register, revoke and list keys that people sign with.",
        ),
        "hold": (
            "escalation.cli.trial.office:hold",
            "Hold enrolment: nobody is enrolled or dosed.",
        ),
        "resume": ("escalation.cli.trial.office:resume", "Resume enrolment after a hold."),
        "amend": (
            "escalation.cli.trial.office:amend",
            "Continue under another protocol: a shipped one or a file.",
        ),
        "close": (
            "escalation.cli.trial.office:close",
            "Close the trial: nobody is treated any more.",
        ),
        "roles": (
            "escalation.cli.trial.view:roles",
            "Show who holds which role since when.",
        ),
        "status": ("escalation.cli.trial.view:status", "Show how a trial stands, on one screen."),
        "next": (
            "escalation.cli.trial.view:next_patient",
            "Say whether the next patient can be dosed: yes or no, and why.",
        ),
        "response": (
            "escalation.cli.trial.endpoints:response",
            "Show responses by visit, level and disease.",
        ),
        "kinetics": (
            "escalation.cli.trial.endpoints:kinetics",
            "Show cell kinetics by patient and level.",
        ),
        "biomarkers": (
            "escalation.cli.trial.endpoints:biomarkers",
            "Show cytokines and B cells against their baseline.",
        ),
        "flow": (
            "escalation.cli.trial.screening:flow",
            "Count how many came how far: screened, enrolled, dosed, counted.",
        ),
        "calendar": (
            "escalation.cli.trial.visits:calendar",
            "Show when patients are to be seen, and which visits are overdue.",
        ),
        "forecast": (
            "simulations.cli.forecast:forecast_trial",
            "Forecast when the next decision comes, and when the trial ends.",
        ),
        "log": ("escalation.cli.trial.view:log", "Show every entry: what, when and by whom."),
        "packet": (
            "escalation.cli.trial.documents:packet",
            "Write what the safety committee reads before it decides.",
        ),
        "minutes": (
            "escalation.cli.trial.documents:minutes",
            "Write the minutes of a decision.",
        ),
        "verify": (
            "escalation.cli.trial.store:verify",
            "Check that a ledger is as it was written.",
        ),
        "anchor": (
            "escalation.cli.trial.anchors:anchor",
            "Add the trial's anchor to a file kept elsewhere.",
        ),
        "timestamp": (
            "escalation.cli.trial.anchors:timestamp",
            "Have entries timestamped by somebody else's clock.",
        ),
        "export": (
            "escalation.cli.trial.store:export",
            "Write the patients as a spreadsheet, the entries, or the whole record.",
        ),
        "import": (
            "escalation.cli.trial.importing:import_spreadsheet",
            "Record patients, results or visits from a spreadsheet, all rows or none.",
        ),
        "backup": (
            "escalation.cli.trial.store:backup",
            "Write a ledger to one file, to be restored from.",
        ),
        "restore": (
            "escalation.cli.trial.store:restore",
            "Restore trials from a backup, all or none.",
        ),
    },
)
