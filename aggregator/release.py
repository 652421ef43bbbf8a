"""One release from spend to store: where a reader of this room begins.

Called by `sanaq release run`. Why this order: what must hold is checked first, since a refusal then
costs nothing; the budget is spent before a row is read, so a crash at any later line wastes budget
and never privacy; noise is drawn once, and from then on only bytes are handled. A second run of
the same window finds those bytes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from aggregator.artefact import only_run, store_artefact, write_table
from aggregator.audit import AuditReport
from aggregator.consistency import mend_counts, suppress_small
from aggregator.errors import ReleaseRefused
from aggregator.history import (
    SPENDS,
    check_ledger,
    find_published,
    next_release_id,
    record_published,
    settle_unfinished,
)
from aggregator.job import Job, Published
from aggregator.manifest import Facts, estimate_loss, write_manifest
from aggregator.measure import Measured, measure_window
from aggregator.plan import Plan, plan_release
from aggregator.read import read_window
from aggregator.readme import write_readme
from aggregator.signature import MANIFEST, SIGNATURE, canonical, key_id_of, sign_manifest
from aggregator.windows import Window, cut_at_epochs
from config.releases import DAYS_PER_YEAR, Release
from storage.key_epochs import KeyClass
from storage.registry import budget
from storage.registry.exclusions import list_excluded

KEY_CLASSES: dict[str, KeyClass] = {"device": "device", "person": "person"}
"""Unit -> the class of keys behind its pseudonym."""


def run_release(job: Job, release: Release, window: Window, reason: str = "") -> Published:
    """Draw a release of a window once, or give the bytes that were drawn before.

    `reason` asks for a correction: a new release, at a new cost, that supersedes the last one.
    Errors: ReleaseRefused or BudgetExhausted before anything is read; Unavailable from a
        neighbour, after which the budget of this attempt stays spent.
    """
    with only_run(job.folder, release.name):
        settle_unfinished(job, release, window)
        earlier = find_published(job, release, window)
        if earlier is not None and not reason:
            return earlier
        plan = plan_release(release)
        report = check_ready(job, release, window)
        supersedes = earlier.release_id if earlier else ""
        facts = spend_budget(job, plan, window, report, (supersedes, reason))
        marked = list_excluded(job.registry, release.sites)
        parts = read_window(job.client, release, window, facts.cut_off, marked, job.watch)
        measured = measure_window(parts, plan)
        table = tidy_table(measured, plan)
        files = seal_release(job, plan, facts, measured, table)
        folder = store_artefact(job.folder, facts.release_id, files)
        return record_published(job, release, window, folder)


def windows_of(job: Job, release: Release, week: Window) -> list[Window]:
    """Give the windows of a release in a week: one, or more where the unit's keys change."""
    return cut_at_epochs(week, lambda moment: _epoch_of(job, release, moment))


def check_ready(job: Job, release: Release, window: Window) -> AuditReport:
    """Look at everything that can stop a release while stopping is free; attack the method last.

    Errors: ReleaseRefused.
    """
    now = job.clock()
    if now.date() > release.review_by:
        raise ReleaseRefused("review_by has passed; look at the release again and set a new day")
    if not window.is_closed(now, release.grace):
        raise ReleaseRefused("the window and its wait for late events are not over yet")
    last = window.end - timedelta(seconds=1)
    if _epoch_of(job, release, window.start) != _epoch_of(job, release, last):
        raise ReleaseRefused("the keys of the pseudonyms change inside this window; cut it there")
    check_ledger(job)
    report = job.attack(release)
    if not report.is_sound:
        raise ReleaseRefused("an attack on the method succeeded; nothing was read or spent")
    return report


def spend_budget(
    job: Job, plan: Plan, window: Window, report: AuditReport, corrects: tuple[str, str]
) -> Facts:
    """Spend the cost of one window; from here on it is gone, whatever happens.

    Errors: BudgetExhausted; ReleaseRefused where the window overlaps another.
    """
    release = plan.release
    cap = job.config.caps[release.dataset]
    release_id = next_release_id(job, release, window)
    ask = budget.Ask(
        release_id=release_id,
        dataset=release.dataset,
        window=window.label,
        window_start=window.start,
        window_end=window.end,
        rho=plan.rho,
        delta=plan.delta_selection,
    )
    limits = budget.Cap(cap.rho_per_year_max, cap.delta_per_year_max, DAYS_PER_YEAR)
    reservation = budget.reserve(job.registry, ask, limits, job.actor)
    assert reservation.is_new, "an attempt has a name of its own"
    job.keyring.witness(SPENDS, budget.count_spends(job.registry))
    span = (window.start, window.end)
    rho_year, _ = budget.cost_around(job.registry, release.dataset, span, DAYS_PER_YEAR)
    return Facts(
        release_id=release_id,
        window=window,
        cut_off=reservation.spend.created_at,
        policy_version=job.policy.version,
        jurisdiction=job.policy.country,
        retention_days=job.policy.retention_days("analytics"),
        pseudonym_epoch=_epoch_of(job, release, window.start),
        rho_year=rho_year,
        rho_cap=cap.rho_per_year_max,
        audit=report.as_json(),
        supersedes=corrects[0],
        reason=corrects[1],
    )


def tidy_table(measured: Measured, plan: Plan) -> pl.DataFrame:
    """Mend the noisy counts and blank small ones; reads nothing but noisy numbers.

    Shape: [*dimensions, ..._measured] -> [*dimensions, units, rows, units_measured, rows_measured].
    """
    release = plan.release
    units, rows = release.measures.units, release.measures.rows
    mended = mend_counts(
        measured.cells,
        units=units,
        rows=rows,
        rows_per_unit_max=release.bounds.rows_per_cell_max,
        weight=(plan.units_scale / plan.rows_scale) ** 2,
    )
    return suppress_small(mended, units=units, rows=rows, suppress_below=release.suppress_below)


def seal_release(
    job: Job, plan: Plan, facts: Facts, measured: Measured, table: pl.DataFrame
) -> dict[str, bytes]:
    """Give all files of the artefact, the manifest over the others and the signature over it."""
    key = job.keyring.signing_key()
    files = write_table(table)
    files["audit.json"] = canonical(dict(facts.audit))
    files["README.md"] = write_readme(plan, facts, estimate_loss(measured, plan))
    key_id = key_id_of(key.public_key())
    manifest = canonical(write_manifest(plan, facts, measured, table, files, key_id))
    return {**files, MANIFEST: manifest, SIGNATURE: sign_manifest(manifest, key)}


def _epoch_of(job: Job, release: Release, moment: datetime) -> str:
    return job.keyring.epoch(KEY_CLASSES[release.unit], moment, release.sites)
