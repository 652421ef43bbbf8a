"""What `sanaq policy check` says of ways and sources of consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.policy import Policy
from config.policy_rules import SignalRule

Found = tuple[tuple[str | int, ...], str]
"""A complaint: the path of the key that is wrong, and what to do."""


def check_consent(policy: Policy) -> Iterator[Found]:
    """Give every complaint about methods and signals of a policy and of its sites."""
    yield from _check_methods(policy)
    yield from _check_signals(("signals",), policy.signals, policy)
    for name, site in policy.sites.items():
        yield from _check_signals(("sites", name, "signals"), site.signals, policy)
        for source in site.signals:
            if source not in policy.signals:
                what = f"there is no source {source} under signals; mend its spelling or add it"
                yield ("sites", name, "signals", source), what


def _check_methods(policy: Policy) -> Iterator[Found]:
    for name, method in policy.methods.items():
        for index, purpose in enumerate(method.may_grant or ()):
            at = ("methods", name, "may_grant", index)
            if purpose not in policy.purposes:
                yield at, f"there is no purpose {purpose}; mend its spelling or remove it"
            elif not method.explicit and policy.purposes[purpose].legal_basis == "consent":
                yield at, f"methods.{name} is no explicit act and cannot grant {purpose}; remove it"


def _check_signals(
    at: tuple[str, ...], signals: Mapping[str, SignalRule], policy: Policy
) -> Iterator[Found]:
    for source, rule in signals.items():
        for index, purpose in enumerate(rule.accepted_for or ()):
            if purpose not in policy.purposes:
                what = f"there is no purpose {purpose}; mend its spelling or remove it"
                yield (*at, source, "accepted_for", index), what
        for category, purposes in (rule.categories or {}).items():
            for index, purpose in enumerate(purposes):
                if purpose not in policy.purposes:
                    what = f"there is no purpose {purpose}; mend its spelling or remove it"
                    yield (*at, source, "categories", category, index), what
