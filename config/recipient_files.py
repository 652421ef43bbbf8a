"""From `recipients/*.toml` to the recipients, or to every complaint about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter, ValidationError

from config.catalogue import Catalogue
from config.errors import ConfigError
from config.loading import parse, read_text, read_toml, sort_errors
from config.pii import PiiRules
from config.policy import Policy
from config.policy_file import Found
from config.recipients import FIELDS, IDS, Recipient, RecipientFile, RecipientName
from config.residency import is_here

FOLDER = "recipients"
"""Where the files lie; without the folder nothing is forwarded to anybody."""

SECRET_PARAMETERS = frozenset({"api_secret", "secret", "token", "key", "access_token", "password"})
"""Parameters of a URL that hold a secret, which no file of the configuration may."""

HOURS_HELD_MAX = 72.0
"""Longest that events wait for a recipient, in hours, whatever its file says."""

_NAME: TypeAdapter[str] = TypeAdapter(RecipientName)


def load_recipients(config_dir: Path) -> dict[str, Recipient]:
    """Read every recipient, by name; none where the folder is not there.

    Errors: `ConfigError`, the first by file and line.
    """
    recipients, errors = read_recipients(config_dir)
    if recipients is None:
        raise errors[0]
    return recipients


def read_recipients(config_dir: Path) -> tuple[dict[str, Recipient] | None, list[ConfigError]]:
    """Give the recipients by name, or every complaint about one file by itself."""
    found: dict[str, Recipient] = {}
    errors: list[ConfigError] = []
    for file in sorted((config_dir / FOLDER).glob("*.toml")):
        try:
            document = read_toml(file)
        except ConfigError as error:
            errors.append(error)
            continue
        parsed, complaints = parse(document, RecipientFile)
        if parsed is not None:
            complaints = [document.complain(*one) for one in _check_alone(file.stem, parsed)]
        if parsed is not None and not complaints:
            found[file.stem] = Recipient(**dict(parsed), name=file.stem)
        errors += complaints
    return (None, sort_errors(errors)) if errors else (found, [])


def check_recipients(
    config_dir: Path,
    recipients: Mapping[str, Recipient],
    policy: Policy,
    catalogue: Catalogue | None,
    pii_rules: PiiRules | None,
) -> Iterator[ConfigError]:
    """Give every complaint about recipients that only the rest of the vocabulary can tell."""
    for one in recipients.values():
        document = read_toml(config_dir / FOLDER / f"{one.name}.toml")
        found = list(_check_purpose(one, policy))
        found += _check_country(one, policy)
        found += _check_events(one, catalogue) if catalogue else []
        found += _check_names(one, pii_rules) if pii_rules else []
        yield from (document.complain(*complaint) for complaint in found)


def hours_held(config_dir: Path) -> float:
    """Give how long batches must be held for recipients, in hours; 0 where there is none.

    A folder that cannot be read counts as the longest: doubt keeps what waits.
    """
    recipients, _ = read_recipients(config_dir)
    if recipients is None:
        return HOURS_HELD_MAX
    return max((one.limits.forward_age_hours_max for one in recipients.values()), default=0.0)


def read_secret(recipient: Recipient, environ: Mapping[str, str]) -> bytes:
    """Give the secret that a recipient knows us by, without blanks around it.

    Errors: `ConfigError` where it is missing; never with anything of it.
    """
    if recipient.secret_file is not None:
        text = read_text(Path(recipient.secret_file))
    else:
        text = environ.get(recipient.secret_env or "", "")
    if not text.strip():
        raise ConfigError(f"{FOLDER}/{recipient.name}.toml", 0, "its secret is missing; set it")
    return text.strip().encode()


def _check_alone(name: str, one: RecipientFile) -> Iterator[Found]:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        yield (), "name the file in small letters, digits and _, up to 32 of them"
    yield from _check_url(one)
    if (one.secret_env is None) == (one.secret_file is None):
        yield (), "give secret_env or secret_file, one of them"
    if one.secret_file is not None and not Path(one.secret_file).is_absolute():
        yield ("secret_file",), "secret_file must be an absolute path"
    for index, column in enumerate(one.fields):
        if column not in FIELDS and column not in IDS:
            yield ("fields", index), "this is no column that may leave; remove it"
        if column in IDS and one.ids == "none":
            yield ("fields", index), f'{column} is a pseudonym; it needs ids = "own"'
    if one.ids == "own" and not set(one.fields) & set(IDS):
        yield ("ids",), "no pseudonym stands in fields; name one there, or say none"


def _check_url(one: RecipientFile) -> Iterator[Found]:
    at = ("url",)
    try:
        parts = urlsplit(one.url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or not one.url.isascii() or any(sign.isspace() for sign in one.url):
        yield at, "url must look like https://host/path"
    elif parts.scheme != "https" and not (parts.scheme == "http" and is_here(host)):
        yield at, "url must be https; http is for this machine alone"
    if "@" in parts.netloc or parts.fragment:
        yield at, "url may hold no user, password or fragment"
    named = {name.lower() for name in parse_qs(parts.query, keep_blank_values=True)}
    if named & SECRET_PARAMETERS:
        yield at, "url holds a secret; take it out and name it by secret_env or secret_file"
    if one.kind == "ga4_mp" and not named & {"measurement_id", "firebase_app_id"}:
        yield at, "url needs measurement_id, or firebase_app_id"


def _check_purpose(one: Recipient, policy: Policy) -> Iterator[Found]:
    if one.purpose not in policy.purposes:
        yield ("purpose",), "there is no such purpose in policy.toml; add it there"
        return
    for site in ("", *one.sites):
        if policy.legal_basis(one.purpose, site) != "consent":
            where = f" on {site}" if site else ""
            what = f"purpose must be one that needs consent, and {one.purpose} does not{where}"
            yield ("purpose",), what
            return


def _check_country(one: Recipient, policy: Policy) -> Iterator[Found]:
    if one.country != policy.country and one.cross_border_basis is None:
        what = f"this recipient lies outside {policy.country}; give its cross_border_basis"
        yield ("country",), what


def _check_events(one: Recipient, catalogue: Catalogue) -> Iterator[Found]:
    known = {name: catalogue.get(name) for name in one.events}
    for index, name in enumerate(one.events):
        if known[name] is None:
            what = f"no file in events declares {name}; add it or mend its spelling"
            yield ("events", index), what
    declared = {key for event in known.values() if event for key in event.properties}
    for index, key in enumerate(one.properties):
        if key not in declared:
            yield ("properties", index), f"none of its events declares a property {key}"


def _check_names(one: Recipient, pii_rules: PiiRules) -> Iterator[Found]:
    for index, key in enumerate(one.properties):
        if pii_rules.field_of(key):
            yield ("properties", index), f"{key} identifies by pii.toml; remove it"
