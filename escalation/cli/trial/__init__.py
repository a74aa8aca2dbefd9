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
        "demo": "escalation.cli.trial.demo:demo",
        "register": "escalation.cli.trial.office:register",
        "delegate": "escalation.cli.trial.office:delegate",
        "enrol": "escalation.cli.trial.site:enrol",
        "dose": "escalation.cli.trial.site:dose",
        "outcome": "escalation.cli.trial.site:outcome",
        "correct": "escalation.cli.trial.site:correct",
        "decide": "escalation.cli.trial.committee:decide",
        "sign": "escalation.cli.trial.committee:sign",
        "hold": "escalation.cli.trial.office:hold",
        "resume": "escalation.cli.trial.office:resume",
        "amend": "escalation.cli.trial.office:amend",
        "close": "escalation.cli.trial.office:close",
        "status": "escalation.cli.trial.view:status",
        "next": "escalation.cli.trial.view:next_patient",
        "log": "escalation.cli.trial.view:log",
        "verify": "escalation.cli.trial.store:verify",
        "export": "escalation.cli.trial.store:export",
        "import": "escalation.cli.trial.store:import_csv",
        "backup": "escalation.cli.trial.store:backup",
        "restore": "escalation.cli.trial.store:restore",
    },
)
