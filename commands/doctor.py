"""`sanaq doctor`: whether an installation is set up so that its promises can hold."""

from __future__ import annotations

import json

import click

from commands._doctor_checks import CHECKS, Finding
from config.settings import load_settings

SIGNS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
"""How each grade looks in a list."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def doctor(as_json: bool) -> None:
    """Check master key, folders, disk, clock, registry, keyring and roles; exit 1 on a failure.

    Makes no key and changes no data. A role that does not run is a warning.

    Example: sanaq doctor
    """
    settings = load_settings()
    findings = [finding for check in CHECKS for finding in check(settings)]
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        for finding in findings:
            click.echo(_line(finding))
    if any(finding.grade == "fail" for finding in findings):
        raise SystemExit(1)


def _line(finding: Finding) -> str:
    return f"{SIGNS[finding.grade]}  {finding.what}"
