"""What became of earlier runs: finished ones are given again, broken ones are settled.

Called by `release` under its lock, so nobody else is drawing the same release.
"""

from __future__ import annotations

import json
from pathlib import Path

from aggregator.artefact import list_artefacts, read_artefact, remove_partials, sha256_of
from aggregator.errors import ReleaseRefused
from aggregator.job import Job, Published
from aggregator.manifest import spec_sha256_of
from aggregator.signature import MANIFEST, find_faults
from aggregator.windows import Window
from config.releases import Release
from storage.registry import budget, releases
from storage.registry.budget import Spend

SPENDS = "spends"
"""Name of the ledger's counter in the keyring."""


def find_published(job: Job, release: Release, window: Window) -> Published | None:
    """Give the newest published release of a window, its bytes checked; none where there is none.

    Errors: ReleaseRefused where its files are gone or changed.
    """
    known = releases.find_window(job.registry, release.name, window.start, window.end)
    if known is None:
        return None
    folder = job.folder / known.release_id
    manifest = _read_sound(job, folder)
    if manifest is None or sha256_of(manifest) != known.sha256:
        raise ReleaseRefused("the stored release is gone or changed; restore its files")
    return Published(known.release_id, folder, known.sha256, is_new=False)


def settle_unfinished(job: Job, release: Release, window: Window) -> None:
    """Finish a run that died after its files stood; void one that died before.

    Why void stays spent: its noise may have been seen. Why finishing draws nothing: the files are
    whole and signed, or they would not have their name.
    """
    remove_partials(job.folder, release.name)
    for spend in _spends_of(job, release):
        if spend.state != "reserved" or spend.window != window.label:
            continue
        folder = job.folder / spend.release_id
        if _read_sound(job, folder) is None:
            budget.void(job.registry, spend.release_id, job.actor)
        else:
            record_published(job, release, window, folder)


def record_published(job: Job, release: Release, window: Window, folder: Path) -> Published:
    """Enter stored files in the register of releases and settle their budget."""
    data = (folder / MANIFEST).read_bytes()
    entry = releases.Release(
        release_id=folder.name,
        name=release.name,
        window_start=window.start,
        window_end=window.end,
        sha256=sha256_of(data),
        path=folder.name,
        supersedes=json.loads(data)["supersedes"],
    )
    releases.publish(job.registry, entry, job.actor)
    return Published(folder.name, folder, entry.sha256, is_new=True)


def next_release_id(job: Job, release: Release, window: Window) -> str:
    """Name the next attempt: name, window, digest of the declaration, number from the second on.

    Errors: ReleaseRefused where an earlier window of this name overlaps this one.
    """
    spends = _spends_of(job, release)
    for spend in spends:
        is_other = (spend.window_start, spend.window_end) != (window.start, window.end)
        if is_other and spend.window_start < window.end and window.start < spend.window_end:
            raise ReleaseRefused(
                "another window of this release overlaps; they could be subtracted"
            )
    attempts = sum(spend.window == window.label for spend in spends)
    base = f"{release.name}-{window.label}-{spec_sha256_of(release)[:12]}"
    return f"{base}-{attempts + 1}" if attempts else base


def check_ledger(job: Job) -> None:
    """Refuse where the ledger is older than what was released: it would give budget twice.

    Why two looks: the keyring remembers how long the ledger was and is backed up apart from it;
    an artefact that the ledger does not know tells the same where both were restored.
    Errors: ReleaseRefused.
    """
    known = all(budget.find_spend(job.registry, one) for one in list_artefacts(job.folder))
    if not known or not job.keyring.witness(SPENDS, budget.count_spends(job.registry)):
        raise ReleaseRefused("the ledger is older than the releases; restore the newest registry")


def _spends_of(job: Job, release: Release) -> list[Spend]:
    # A release's name has no hyphen, so the first part of an id is the name.
    spends = budget.list_spends(job.registry, release.dataset)
    return [spend for spend in spends if spend.release_id.split("-")[0] == release.name]


def _read_sound(job: Job, folder: Path) -> bytes | None:
    """Give the manifest of a folder whose every byte is as it was signed, else nothing."""
    if not folder.is_dir():
        return None
    files = read_artefact(folder)
    if find_faults(files, job.keyring.signing_key().public_key()):
        return None
    return files[MANIFEST]
