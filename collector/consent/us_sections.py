"""The fields of the GPP's US sections, in their order, with their lengths in bits.

Source: IAB Tech Lab, Global Privacy Platform, "US National" and "US States" specifications. A
field is `name:bits`, or `name:bits x count` for a list. Only the fields that refuse something have
a meaning here (`collector.consent.gpp`); the rest are there so that these stand in their places.
"""

from __future__ import annotations

from typing import NamedTuple

_MSPA = "mspa_covered_transaction:2 mspa_opt_out_option_mode:2 mspa_service_provider_mode:2"
_NOTICES = "sale_opt_out_notice:2 targeted_advertising_opt_out_notice:2"
_OPT_OUTS = "sale_opt_out:2 targeted_advertising_opt_out:2"
_GPC = "gpc_segment_type:2 gpc:1"
_SENSITIVE = "sensitive_data_processing:2x8"
_MORE = f"additional_data_processing_consent:2 {_MSPA}"


def _national(categories: int, ages: int) -> str:
    """Give the core of the national section, whose second version has more categories."""
    return (
        "version:6 sharing_notice:2 sale_opt_out_notice:2 sharing_opt_out_notice:2 "
        "targeted_advertising_opt_out_notice:2 sensitive_data_processing_opt_out_notice:2 "
        "sensitive_data_limit_use_notice:2 sale_opt_out:2 sharing_opt_out:2 "
        f"targeted_advertising_opt_out:2 sensitive_data_processing:2x{categories} "
        f"known_child:2x{ages} personal_data_consents:2 {_MSPA}"
    )


def _state(categories: int, ages: int, notice: str = "processing_notice", rest: str = _MORE) -> str:
    """Give the core of a state's section of the usual form."""
    return (
        f"version:6 {notice}:2 {_NOTICES} {_OPT_OUTS} "
        f"sensitive_data_processing:2x{categories} known_child:2x{ages} {rest}"
    )


def _newest(ages: str) -> str:
    """Give the core of a section of the newest form, which begins with the agreement."""
    return (
        f"version:6 mspa_covered_transaction:2 mspa_mode:2 processing_notice:2 {_NOTICES} "
        f"{_OPT_OUTS} {ages}additional_data_processing_consent:2"
    )


class UsSection(NamedTuple):
    """One section: how each version of its core is laid out, and what may follow."""

    cores: dict[int, str]
    """Version -> fields of the core."""
    second: str = ""
    """Fields of the segment that may follow."""
    location: int = 8
    """Place of precise geolocation among the sensitive categories; 0 where there is none."""


_CALIFORNIA = (
    "version:6 sale_opt_out_notice:2 sharing_opt_out_notice:2 sensitive_data_limit_use_notice:2 "
    "sale_opt_out:2 sharing_opt_out:2 sensitive_data_processing:2x9 known_child:2x2 "
    f"personal_data_consents:2 {_MSPA}"
)
_UTAH = (
    f"version:6 sharing_notice:2 {_NOTICES} sensitive_data_processing_opt_out_notice:2 {_OPT_OUTS} "
    f"{_SENSITIVE} known_child:2 {_MSPA}"
)
_IOWA = (
    f"version:6 processing_notice:2 {_NOTICES} sensitive_data_opt_out_notice:2 {_OPT_OUTS} "
    f"{_SENSITIVE} known_child:2 {_MSPA}"
)
_CHILD = "known_child:2 "

US_SECTIONS: dict[int, UsSection] = {
    7: UsSection({1: _national(12, 2), 2: _national(16, 3)}, _GPC),
    8: UsSection({1: _CALIFORNIA}, _GPC, location=3),
    9: UsSection({1: _state(8, 1, "sharing_notice", _MSPA)}),
    10: UsSection({1: _state(7, 1, "sharing_notice", _MSPA)}, _GPC, location=0),
    11: UsSection({1: _UTAH}),
    12: UsSection({1: _state(8, 3, "sharing_notice", _MSPA)}, _GPC),
    13: UsSection({1: _state(8, 3)}),
    14: UsSection({1: _state(8, 3, "sharing_notice")}, _GPC),
    15: UsSection({1: _state(11, 3)}, _GPC, location=11),
    16: UsSection({1: _state(8, 1)}, _GPC),
    17: UsSection({1: _state(9, 5)}, _GPC),
    18: UsSection({1: _IOWA}, _GPC),
    19: UsSection({1: _state(8, 1)}, _GPC),
    20: UsSection({1: _state(8, 3)}, _GPC),
    21: UsSection({1: _state(10, 5)}, _GPC),
    22: UsSection({1: _state(8, 1)}, _GPC),
    23: UsSection({1: _state(8, 1)}, _GPC),
    24: UsSection({1: _newest("")}, _GPC, location=0),
    25: UsSection({1: _newest(_CHILD)}, _SENSITIVE),
    26: UsSection({1: _newest(_CHILD)}, _SENSITIVE),
    27: UsSection({1: _newest(_CHILD)}, _SENSITIVE),
}
"""Number of the section in the platform's registry -> its form: the nation, then the states."""
