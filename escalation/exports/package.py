"""A whole export: every dataset of a trial, its faults, and the files to be written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime

from escalation.dataclass import dataclass
from escalation.exports.adam import subject_level
from escalation.exports.checks import Fault, find_faults
from escalation.exports.csv import SUFFIX as CSV
from escalation.exports.csv import write_csv
from escalation.exports.dataset import Dataset
from escalation.exports.dataset_json import SUFFIX as JSON
from escalation.exports.dataset_json import Origin, write_dataset_json
from escalation.exports.sdtm.adverse_events import UNCODED, adverse_events, event_supplements
from escalation.exports.sdtm.disposition import disposition
from escalation.exports.sdtm.eligibility import exceptions, inclusion_criteria
from escalation.exports.sdtm.findings import DOMAINS, finding_supplements, findings
from escalation.exports.sdtm.interventions import exposure
from escalation.exports.sdtm.kinetics import parameters
from escalation.exports.sdtm.special_purpose import demographics, subject_visits, visit_supplements
from escalation.exports.sdtm.study import Study
from escalation.exports.sdtm.trial_design import SHAPED, trial_arms, trial_summary, trial_visits
from escalation.exports.xpt import SUFFIX as XPT
from escalation.exports.xpt import write_xpt
from escalation.text import count
from escalation.trial.state import TrialState
from escalation.version import __version__

__all__ = ["ENDINGS", "Export", "Files", "make_export", "write_files", "zipped"]

ENDINGS = (CSV, JSON, XPT)
_README = "README.txt"
_SOFTWARE = "escalation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The datasets of a trial as it stood after an entry.

    Attributes
    ----------
    trial : str
        As the ledger calls it.
    study : str
    seq, head : int and str
        The last entry and its hash.
    changed_at : datetime or None
        When that entry was recorded.
    sponsor : str or None
    datasets : tuple of Dataset
        Those that have a row, and those that every trial has.
    faults : tuple of Fault
    """

    trial: str
    study: str
    seq: int
    head: str
    changed_at: datetime | None
    sponsor: str | None
    datasets: tuple[Dataset, ...]
    faults: tuple[Fault, ...]


def make_export(state: TrialState, trial: str, cutoff: date | None = None) -> Export:
    """Make every dataset of a trial, and check them.

    Parameters
    ----------
    state : TrialState
    trial : str
    cutoff : date or None
        The day up to which data are in the record, as TS says it; None: that of the last entry.
    """
    study = Study.of(state, trial)
    changed = state.times[-1] if state.times else None
    on = cutoff or (None if changed is None else changed.date())
    always = (
        demographics(study),
        trial_summary(study, on, f"{_SOFTWARE} {__version__}"),
        trial_arms(study),
        exposure(study),
        adverse_events(study),
        event_supplements(study),
        disposition(study),
    )
    where_recorded = (
        trial_visits(study),
        inclusion_criteria(study),
        exceptions(study),
        subject_visits(study),
        visit_supplements(study),
        *(
            dataset
            for name in DOMAINS
            for dataset in (findings(study, name), finding_supplements(study, name))
        ),
        parameters(study),
    )
    datasets = (
        *always,
        *(dataset for dataset in where_recorded if dataset.rows),
        subject_level(study),
    )
    protocol = state.protocol
    return Export(
        trial=trial,
        study=study.id,
        seq=state.seq,
        head=state.head,
        changed_at=changed,
        sponsor=None if protocol is None else protocol.trial.sponsor,
        datasets=datasets,
        faults=tuple(find_faults(datasets)),
    )


# ---------------------------------------------------------------- files


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is to be written.

    Attributes
    ----------
    content : dict of str to bytes
        By the name in the folder; in the order of the datasets, the readme first.
    remarks : tuple of str
        What a format could not hold as it was.
    """

    content: dict[str, bytes]
    remarks: tuple[str, ...]


def write_files(export: Export, forms: Collection[str], made_at: datetime) -> Files:
    """Write every dataset in each form, and a readme that says what this is and what is wrong.

    Parameters
    ----------
    export : Export
    forms : collection of str
        Of ``escalation.exports.FORMS``.
    made_at : datetime
        With a time zone.

    Raises
    ------
    InputError
        For a form that a dataset cannot be written in, or whose library is missing.
    """
    content: dict[str, bytes] = {}
    remarks: list[str] = []
    origin = Origin(
        study=export.study,
        file=f"{export.trial}/{export.seq}/{export.head[:12]}",
        metadata=f"{_SOFTWARE}/{__version__}/SDTMIG.3.4-shaped",
        originator=f"{export.sponsor or 'not named'} ({SHAPED})",
        system=f"{_SOFTWARE} ({SHAPED})",
        system_version=__version__,
        made_at=made_at,
        changed_at=export.changed_at,
    )
    for dataset in export.datasets:
        name = dataset.name.lower()
        if "csv" in forms:
            content[f"{name}{CSV}"] = write_csv(dataset).encode("utf-8")
        if "dataset-json" in forms:
            content[f"{name}{JSON}"] = write_dataset_json(dataset, origin).encode("utf-8")
        if "xpt" in forms:
            transport = write_xpt(dataset, made_at)
            content[f"{name}{XPT}"] = transport.content
            remarks += transport.remarks
    readme = "\n".join(_readme(export, forms, made_at, remarks)) + "\n"
    return Files(content={_README: readme.encode("utf-8")} | content, remarks=tuple(remarks))


def _readme(
    export: Export, forms: Collection[str], made_at: datetime, remarks: Sequence[str]
) -> Iterator[str]:
    made = made_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    yield f"{export.study}: {SHAPED}."
    yield ""
    yield f"Trial {export.trial}, as of entry {export.seq} of its ledger ({export.head})."
    yield f"Made by {_SOFTWARE} {__version__} at {made}."
    yield ""
    yield "No Define-XML stands beside the datasets."
    yield f"Adverse events: {UNCODED}."
    yield "Days are those of the calendar where the subject was; study days have no day 0."
    yield "AESPID, EXSPID and the like name the entry of the ledger that a row comes from."
    if "csv" in forms:
        yield "In CSV, text that a spreadsheet program would calculate begins with an apostrophe."
    yield ""
    yield "Datasets"
    for dataset in export.datasets:
        yield f"  {dataset.name:8}{dataset.label}: {count(dataset.records, 'record')}"
    yield ""
    yield "Left empty"
    for dataset in export.datasets:
        for place, column in enumerate(dataset.columns):
            if column.left_empty and any(row[place] is None for row in dataset.rows):
                yield f"  {dataset.name}.{column.name}: {column.left_empty}"
    unitless = [f"{d.name} {', '.join(d.unitless)}" for d in export.datasets if d.unitless]
    if unitless:
        yield ""
        yield f"Pure numbers, for which the plan has no unit: {'; '.join(unitless)}."
    yield ""
    if export.faults:
        yield f"Checks: {count(len(export.faults), 'fault')}"
        yield from (f"  {fault}" for fault in export.faults)
    else:
        yield "Checks: nothing is wrong."
    if remarks:
        yield ""
        yield "In the transport files"
        yield from (f"  {remark}" for remark in remarks)


def zipped(files: Files, made_at: datetime) -> bytes:
    """Return the files as one archive, whose bytes depend on them and the moment only."""
    at = made_at.astimezone(UTC)
    stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files.content.items():
            entry = zipfile.ZipInfo(name, date_time=stamp)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return written.getvalue()
