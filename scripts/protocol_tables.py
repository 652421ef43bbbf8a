"""Writes docs/protocols.md from the protocols' own tables, the same that map their events.

Run by `make docs`; a house test fails where the page differs from what this would write.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Endpoint, Protocol
from scripts.chromium import ROOT
from scripts.markdown_table import build_table

PAGE = ROOT / "docs" / "protocols.md"

HEAD = """# Wire protocols

Which protocols are taken, what their fields become here, and what is not kept. The tables are
written by `make docs` from the tables that map the events: change the code, not this file. How an
SDK is moved over, with its exact lines, is told in [sdks.md](sdks.md).

## Paths

Every path stands bare, `/v1/batch`, for a host of the collector's own, and below the name of its
protocol, `/segment/v1/batch`, for a shared host. A slash at its end changes nothing. A name in
braces stands for one segment.

**Keys.** A write key is taken from the path, where it stands after the protocol's name
(`/segment/KEY/v1/batch`); else from `Authorization: Bearer KEY` or `?key=KEY`; else from where the
vendor's SDK puts it. `sanaq key create --site SITE --kind browser` makes one; it goes where the
vendor's own key went.

**Open protocols** are those whose SDKs carry no key. Their events are taken for the one site that
lists the page's origin (`sanaq site set SITE --origins https://soq.example`), with the rights and
limits of a browser key; from anywhere else they are turned away (`origin_unlisted`). Where several
sites list an origin, the name by which the SDK calls its site decides. Servers have no origin and
put a key in the path.

**Collisions.** Where two protocols have the same bare path, the body tells whose a request is; a
request of neither is turned away (`body_invalid`). Below a protocol's name there is no doubt.

**Off.** `protocols_off` of a site in `policy.toml` turns a protocol away for that site with 403
`protocol_off`; nothing of it is decoded or stored.

**Identifiers.** A property whose name says that it carries an identifier (`$device_id`,
`distinct_id`, `user.email`, `request.headers`) is no property, wherever it stands: it becomes the
identifier that it is, and passes gate, digest and scrubber as such. The list of names is
`collector/protocols/identifying.py`. Of identifiers only digests are stored, under purposes that
permit them.
"""

TOLD: dict[str, str] = {
    "person": "identifier, stored as digest `person_id`",
    "device": "identifier, stored as digest `device_id`",
    "advertising_id": "identifier, stored as digest `advertising_id`",
    "session": "identifier, stored as digest `session_id`",
    "other_id": "identifier, not stored; taken out of every text",
    "address": "identifier, believed from servers alone; gives the place, not stored",
    "user_agent": "identifier, believed from servers alone; gives the client, not stored",
    "url": "`page_host`, `page_path`, `page_query`, `campaign_*`",
    "referrer": "`referrer_host`, `referrer_path`",
    "title": "`page_title`",
    "name": "`event_name`",
    "sdk_name": "`sdk`",
    "sdk_version": "`sdk`",
    "sent_at": "moment of sending, by which a wrong clock is corrected",
    "consent": "consent, in the native form",
}
"""Target -> what becomes of it, where that is no column of the same name."""


def build_protocols() -> str:
    """Return the whole page."""
    parts = [HEAD, _describe_shared(), *(_describe(protocol) for protocol in PROTOCOLS)]
    return "\n".join(parts)


def _describe_shared() -> str:
    """Give the table of paths that several protocols have."""
    owners: dict[str, list[str]] = defaultdict(list)
    for protocol in PROTOCOLS:
        for path in dict.fromkeys(endpoint.path for endpoint in protocol.endpoints):
            owners[path].append(protocol.name)
    rows = [(f"`{path}`", ", ".join(names)) for path, names in owners.items() if len(names) > 1]
    return "Paths of several protocols, the first asked first:\n\n" + build_table(
        ("Path", "Protocols"), sorted(rows)
    )


def _describe(protocol: Protocol) -> str:
    """Give the section of one protocol."""
    parts = [f"## {protocol.name}\n"]
    paths = [(_name_methods(one), f"`{one.path}`", _name_key(one)) for one in protocol.endpoints]
    grouped = groupby(paths, key=lambda row: (row[0], row[2]))
    rows = [(methods, ", ".join(row[1] for row in run), key) for (methods, key), run in grouped]
    parts.append(build_table(("Method", "Path", "Key"), rows))
    if protocol.fields:
        fields = [(f"`{name}`", tell_target(target)) for name, target in protocol.fields.items()]
        parts.append(build_table(("Field", "Becomes"), fields))
    if protocol.dropped:
        dropped = [(f"`{name}`", why) for name, why in protocol.dropped.items()]
        parts.append(build_table(("Not kept", "Why"), dropped))
    return "\n".join(parts)


def _name_methods(endpoint: Endpoint) -> str:
    return ", ".join(endpoint.methods)


def _name_key(endpoint: Endpoint) -> str:
    """Tell where an endpoint's key may stand."""
    if endpoint.server_only:
        return "a server's"
    if endpoint.is_open:
        return "none needed: open" if endpoint.find_key is None else "the vendor's place, or open"
    return "as the native API" if endpoint.find_key is None else "also in the vendor's place"


def tell_target(target: str) -> str:
    """Tell what a target becomes."""
    group, _, name = target.partition(".")
    if name:
        return f"consent, as source `{name}`" if group == "consent" else f"switch `{name}`"
    if target.startswith("occurred_at"):
        return "`occurred_at`"
    if target.startswith("sent_at"):
        return TOLD["sent_at"]
    return TOLD.get(target, f"`{target}`")
