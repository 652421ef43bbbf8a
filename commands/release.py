"""`sanaq release`: anonymised releases for partners, from their cost to their signature."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.release_files import load_releases
from config.releases import Release, Releases
from config.settings import Settings, load_settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from aggregator.job import Published
    from storage.registry import Registry

JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def release() -> None:
    """Anonymised releases for partners: drawn once, signed, never changed.

    \b
    Example: sanaq release explain weekly_reach
             sanaq release run weekly_reach
    """


@release.command("list")
@JSON
def list_(as_json: bool) -> None:
    """Name the declared releases and those that were published.

    \b
    Example: sanaq release list
    """
    from storage.registry import releases

    settings = load_settings()
    declared = load_releases(settings.config_dir).releases
    with _registry(settings) as registry:
        published = releases.list_releases(registry)
    rows = [
        {
            "release_id": one.release_id,
            "name": one.name,
            "window_start": one.window_start.isoformat(),
            "window_end": one.window_end.isoformat(),
            "supersedes": one.supersedes,
            "folder": str(settings.home / "releases" / one.path),
        }
        for one in published
    ]
    if as_json:
        return _print_json({"declared": sorted(declared), "published": rows})
    for name, known in sorted(declared.items()):
        click.echo(f"{name}: {known.question}")
    for row in rows:
        click.echo(f"  {row['release_id']}  {row['folder']}")


@release.command()
@click.argument("name")
@JSON
def explain(name: str, as_json: bool) -> None:
    """Tell accuracy and cost of a release before anything is spent.

    \b
    Example: sanaq release explain weekly_reach
    """
    from aggregator.explain import explain_plan
    from aggregator.plan import plan_release

    config = load_releases(load_settings().config_dir)
    declared = _find(config, name)
    facts = explain_plan(plan_release(declared), config.caps[declared.dataset])
    _print_json(facts) if as_json else _print_facts(facts)


@release.command()
@click.argument("name")
@click.option("--window", help="ISO week such as 2026-W46; default: the last closed one.")
@click.option("--correct", default="", metavar="REASON", help="Draw anew, at a new cost.")
@JSON
def run(name: str, window: str | None, correct: str, as_json: bool) -> None:
    """Draw a release of a closed week once, or give the bytes that were drawn before.

    \b
    Example: sanaq release run weekly_reach
             sanaq release run weekly_reach --window 2026-W46
    """
    from aggregator.job import open_job
    from aggregator.release import run_release, windows_of
    from aggregator.windows import last_closed_week, week_of
    from commands._watch import Watch

    settings = load_settings()
    _find(load_releases(settings.config_dir), name)
    with (
        Watch("parts read") as watch,
        open_job(settings, watch=watch.tell_part) as job,
        _refusals(),
    ):
        declared = _find(job.config, name)
        try:
            week = week_of(window) if window else last_closed_week(job.clock(), declared.grace)
        except ValueError:
            raise click.BadParameter("write an ISO week such as 2026-W46") from None
        spans = windows_of(job, declared, week)
        done = [run_release(job, declared, span, correct) for span in spans]
    if as_json:
        return _print_json({"releases": [_as_json(one) for one in done]})
    for one in done:
        state = "drawn" if one.is_new else "drawn before, unchanged"
        click.echo(f"{one.release_id}: {state}\n  {one.folder}")


@release.command()
@click.argument("which")
@click.option(
    "--public-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM file of the signing key; default: this installation's.",
)
def verify(which: str, public_key: Path | None) -> None:
    """Find any changed byte of a release, by id or folder; exit 1 where there is one.

    \b
    Example: sanaq release verify weekly_reach-2026-W46-0a1b2c3d4e5f
             sanaq release verify ./from-sanaq --public-key sanaq.pem
    """
    from aggregator.artefact import read_artefact
    from aggregator.signature import find_faults, read_public

    folder = Path(which)
    if public_key is not None:
        try:
            public = read_public(public_key.read_bytes())
        except ValueError as fault:
            raise click.BadParameter(str(fault)) from None
    else:
        settings = load_settings()
        public = _own_public(settings)
        folder = folder if folder.is_dir() else settings.path("releases") / which
    if not folder.is_dir():
        raise click.ClickException("no such release")
    try:
        faults = find_faults(read_artefact(folder), public)
    except OSError:
        raise click.ClickException("the release cannot be read") from None
    if faults:
        raise click.ClickException("; ".join(faults))
    click.echo("every byte is as it was signed")


@release.command()
@JSON
def budget(as_json: bool) -> None:
    """Tell what releases cost in the dearest year so far, and what that year has left.

    \b
    Example: sanaq release budget
    """
    from aggregator.explain import explain_budget

    settings = load_settings()
    caps = load_releases(settings.config_dir).caps
    with _registry(settings) as registry:
        facts = {name: explain_budget(registry, name, cap) for name, cap in caps.items()}
    _print_json(facts) if as_json else _print_facts(facts)


@release.command()
def key() -> None:
    """Print the public key that partners verify releases with, as PEM.

    \b
    Example: sanaq release key > sanaq.pem
    """
    from aggregator.signature import write_public

    click.echo(write_public(_own_public(load_settings())).decode(), nl=False)


@contextmanager
def _registry(settings: Settings) -> Iterator[Registry]:
    from storage.registry import open_registry

    registry = open_registry(settings)
    try:
        yield registry
    finally:
        registry.close()


@contextmanager
def _refusals() -> Iterator[None]:
    """Print what a release was refused for, one sentence, and exit with 1."""
    from aggregator.errors import ReleaseRefused
    from storage.registry import BudgetExhausted, RegistryRefused
    from storage.warehouse import Refused

    try:
        yield
    except (ReleaseRefused, BudgetExhausted, RegistryRefused, Refused) as refusal:
        raise click.ClickException(str(refusal)) from None


def _own_public(settings: Settings) -> Ed25519PublicKey:
    from storage.keyring import open_keyring

    keyring = open_keyring(settings)
    try:
        return keyring.signing_key().public_key()
    finally:
        keyring.close()


def _find(config: Releases, name: str) -> Release:
    if name not in config.releases:
        raise click.BadParameter("no release of this name is declared; see `sanaq release list`")
    return config.releases[name]


def _as_json(one: Published) -> dict[str, Any]:
    return {
        "release_id": one.release_id,
        "folder": str(one.folder),
        "manifest_sha256": one.manifest_sha256,
        "is_new": one.is_new,
    }


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _print_facts(facts: Mapping[str, Any], indent: str = "") -> None:
    """Print nested facts as an indented list, one fact a line."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            click.echo(f"{indent}{name}:")
            _print_facts(value, indent + "  ")
        elif isinstance(value, list):
            click.echo(f"{indent}{name}:")
            for item in value:
                texts = (f"{key} {one}" for key, one in item.items())
                click.echo(f"{indent}  {', '.join(texts)}")
        else:
            click.echo(f"{indent}{name}: {'none' if value is None else value}")
