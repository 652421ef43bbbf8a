"""Writes the truth table of consent into docs/privacy.md, from what the code itself decides.

Run by `make docs`; a test fails where the page differs from what this would write.
"""

from __future__ import annotations

from collector.clients import read_client
from collector.consent.bits import to_bits
from collector.consent.recorded import NOTHING_RECORDED, Recorded
from collector.consent.resolution import resolve
from collector.consent.signal import Statement
from collector.consent.statements import write_statements
from collector.context import Context, Place
from collector.frames import to_frame
from collector.pii import Scrubber
from collector.pipeline import REASON
from collector.raw_event import RawEvent
from collector.stages.gate import gate
from config.catalogue import Catalogue, NotPermitted
from config.policy import Policy
from config.policy_rules import LegalBasis, SignalRule, SiteRule
from scripts.chromium import ROOT
from scripts.markdown_table import build_table
from scripts.reference_vocabulary import read_vocabulary

PAGE = ROOT / "docs" / "privacy.md"

BEGIN = "<!-- The tables below are written by `make docs` from what the code decides. -->"
END = "<!-- End of the tables. -->"

BETWEEN = "What becomes of an event, by its purpose and by what its type asks for without it:"

FATES: tuple[NotPermitted, ...] = ("refuse", "count", "visit")

EVENT, EVENTS_PURPOSE = "page_view", "analytics"
"""A shipped event type, whose fate is told, and its purpose."""

PURPOSE = "partner_sharing"
"""The purpose that is decided: the only one that an objection ends, too."""

BASES: tuple[LegalBasis, ...] = (
    "consent",
    "opt_out",
    "legitimate_interest",
    "contract",
    "none_needed",
)

ACCEPTED, OTHER = "accepted", "other"
"""A source whose grants the policy accepts, and one whose grants it does not."""


def build_truth_table() -> str:
    """Return the table: what is recorded, what was said -> the decision under each basis."""
    policy = _make_policy(read_vocabulary().policy)
    bit = to_bits(policy, [PURPOSE])
    rows = [
        (record, said, *(_decide(policy, basis, statements, recorded, bit) for basis in BASES))
        for record, recorded in _list_records(bit).items()
        for said, statements in _list_statements(bit).items()
    ]
    return build_table(("Recorded", "Said", *(f"`{basis}`" for basis in BASES)), rows)


def build_fate_table() -> str:
    """Return the table: why a purpose is permitted or not -> what becomes of its events."""
    said: dict[str, tuple[str, Recorded]] = {
        "permitted": (_say(1, 0), NOTHING_RECORDED),
        "nobody spoke of it": (_say(0, 0), NOTHING_RECORDED),
        "refused by a signal": (_say(0, 1), NOTHING_RECORDED),
        "permitted, the ledger is stale": (_say(1, 0), Recorded(stale=True)),
        "nobody spoke of it, the ledger is stale": (_say(0, 0), Recorded(stale=True)),
        "denied by the ledger": (_say(1, 0), Recorded(restricted=True)),
    }
    rows = [
        (about, *(_fate(signals, recorded, otherwise) for otherwise in FATES))
        for about, (signals, recorded) in said.items()
    ]
    return build_table(("The event's purpose", *(f"`{otherwise}`" for otherwise in FATES)), rows)


def fill_page(page: str) -> str:
    """Return a page with the table in its place.

    Errors: ValueError where the page does not say where the table stands.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the truth table")
    tables = f"{build_truth_table()}\n{BETWEEN}\n\n{build_fate_table()}"
    return f"{head}{begin}\n\n{tables}\n{end}{tail}"


def write_page() -> None:
    """Write the table into docs/privacy.md."""
    PAGE.write_text(fill_page(PAGE.read_text()))


def _make_policy(shipped: Policy) -> Policy:
    """Give the shipped policy with one site for each basis, and one accepted source."""
    signals = {ACCEPTED: SignalRule(accepted_for=(PURPOSE,)), OTHER: SignalRule()}
    signals["record"] = shipped.signal_rule("record")
    sites = {basis: SiteRule(legal_basis={PURPOSE: basis}) for basis in BASES}
    return shipped.model_copy(update={"signals": signals, "sites": sites})


def _list_records(bit: int) -> dict[str, Recorded]:
    """Give what may be recorded of a person, in words."""
    return {
        "nothing": NOTHING_RECORDED,
        "grant": Recorded(granted=bit),
        "withdrawal": Recorded(withdrawn=bit),
        "objection": Recorded(objected=True),
        "restriction": Recorded(restricted=True),
    }


def _list_statements(bit: int) -> dict[str, tuple[Statement, ...]]:
    """Give what senders may say, in words."""
    grant, refusal = Statement(ACCEPTED, bit, 0), Statement(OTHER, 0, bit)
    return {
        "nothing": (),
        "unreadable": (Statement(ACCEPTED, 0, 0, readable=False),),
        "grant, not accepted": (Statement(OTHER, bit, 0),),
        "grant": (grant,),
        "refusal": (refusal,),
        "grant and refusal": (grant, refusal),
    }


def _decide(
    policy: Policy, site: str, statements: tuple[Statement, ...], recorded: Recorded, bit: int
) -> str:
    """Give the decision for the purpose in words: yes or no, and who decided."""
    decision = resolve(statements, recorded, policy, site)
    told = dict(one.split("=") for one in decision.decided_by)
    who = told.get(PURPOSE, "!nobody").lstrip("!")
    by = {ACCEPTED: "signal", OTHER: "signal", site: "basis"}.get(who, who)
    return f"**yes**, {by}" if decision.permitted & bit else f"no, {by}"


def _say(granted: int, refused: int) -> str:
    """Give what one event's sender says of the purpose of its type, as text."""
    bit = to_bits(read_vocabulary().policy, [EVENTS_PURPOSE])
    return write_statements([Statement("native", bit * granted, bit * refused)])


def _fate(signals: str, recorded: Recorded, otherwise: NotPermitted) -> str:
    """Give in words what the gate makes of an event with an id, of a type that asks for this."""
    catalogue = read_vocabulary().catalogue
    kind = catalogue.events[EVENT].model_copy(update={"when_not_permitted": otherwise})
    events = catalogue.events | {EVENT: kind}
    event = RawEvent(site="site", event_name=EVENT, signals=signals, _person="somebody")
    context = _make_context(catalogue.model_copy(update={"events": events}), recorded)
    (row,) = gate.run(to_frame([event]), context).to_dicts()
    if row[REASON] is not None:
        return f"refused: `{row[REASON]}`"
    if row["_person"] is not None:
        return "kept, with the ids"
    return "the day's visit" if row["may_visit"] else "counted, without a subject"


def _make_context(catalogue: Catalogue, recorded: Recorded) -> Context:
    """Give what the gate may know, with one thing recorded of everybody."""
    vocabulary = read_vocabulary()
    return Context(
        policy=vocabulary.policy,
        catalogue=catalogue,
        categories=vocabulary.categories,
        limits=vocabulary.settings_limits,
        place_of=lambda address: Place("", ""),
        client_of=read_client,
        scrubber=Scrubber.of(vocabulary.pii_rules),
        digest_many=lambda key_class, sites, moments, values: [None for _ in values],
        admit_names=lambda site, names: frozenset(names),
        records_of=lambda sites, *ids: [recorded for _ in sites],
    )


if __name__ == "__main__":
    write_page()
