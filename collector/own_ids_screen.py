"""The cheap test for an event's own identifiers in its text.

Called by the scrub stage for every row. Says yes wherever `OwnIds.occur_in` would, and now and
then where it would not; what it says yes to is looked at closely. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

from collector.own_ids import (
    ORDINARY,
    SENDERS_CACHED_MAX,
    SEPARATOR,
    TOKEN_CHARS_MIN,
    fold_text,
    is_address_sought,
    is_agent_sought,
)

_CORE = re.compile("[a-z0-9]{6,8}")
_SHORT_CORE = re.compile("[a-z0-9]{3,5}")
"""Letters and digits in a row, which stand in every spelling of an identifier. No longer, since a
UUID may be written with dashes or without."""

_UUID = re.compile(r"([0-9a-fA-F]{8})(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def may_occur(text: str, sent: str, address: str, user_agent: str) -> bool:
    """Tell whether an identifier of an event may stand in its text.

    `text` is one that `unfold.is_odd` says no of; `sent` are the identifiers, joined.
    """
    folded = fold_text(text)
    if is_agent_sought(user_agent) and _stands(_agent_core(user_agent), folded):
        return True
    if is_address_sought(address) and _address_may_stand(address, folded):
        return True
    for one in sent.split(SEPARATOR):
        uuid = _UUID.fullmatch(one)
        if uuid is not None:
            if uuid[1].lower() in folded:
                return True
        elif _is_sought(one) and _stands(_core_of(one), folded):
            return True
    return False


def _is_sought(identifier: str) -> bool:
    """Tell whether some spelling of an identifier is long enough to be looked for."""
    return len(identifier) >= TOKEN_CHARS_MIN or not ORDINARY.fullmatch(identifier)


def _stands(core: str | None, folded: str) -> bool:
    """Tell whether a core stands in a text; what has none may stand in any."""
    return core is None or core in folded


def _address_may_stand(address: str, folded: str) -> bool:
    """Tell whether an address may stand in a text, with any of the signs of host names."""
    if not ORDINARY.fullmatch(address):
        return True
    plain = address.strip().lower()
    head = plain.partition(".")[0]
    return head in folded and any(plain.replace(".", sign) in folded for sign in ".-_")


def _core_of(identifier: str) -> str | None:
    """Give letters and digits in a row that stand in every spelling; None where none need to."""
    if not ORDINARY.fullmatch(identifier):
        return None
    lowered = identifier.lower()
    found = _CORE.search(lowered) or _SHORT_CORE.search(lowered)
    return None if found is None else found[0]


@lru_cache(maxsize=SENDERS_CACHED_MAX)
def _agent_core(user_agent: str) -> str | None:
    """Give the core of a user agent, of which a few are very common."""
    return _core_of(user_agent)
