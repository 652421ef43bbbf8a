"""Advertising ids that are nobody's become null; drawn ones never do."""

from __future__ import annotations

from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.advertising_ids import DOCUMENTED, canonical_advertising_id
from collector.stages.admit import admit
from collector.stages.gate import gate
from collector.stages.pseudonymise import pseudonymise
from collector.stages.validate import validate
from tests.collector.worlds import event, rows_of, run_stages

DRAWN = "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20"

NOBODYS = [
    None,
    "",
    "  ",
    "unknown",
    "null",
    "0",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
    "38400000-8cf0-11bd-b23e-10b96e40000d",
    "38400000-8CF0-11BD-B23E-10B96E40000D",
    " AEBE52E7-03EE-455A-B3C4-E57283966239 ",
    "EA7583CDA66748BCB80642ECB2B48606",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "11111111-1111-1111-1111-111111111111",
    "11111111-2222-3333-4444-555555555555",
    "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "00000000-0000-4000-8000-000000000000",
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-4000-8000-087012345678",
    "deadbeef-dead-beef-dead-beefdeadbeef",
    "12345678-1234-1234-1234-123456789012",
    "12345678-1234-5678-1234-567812345678",
    "01234567-89ab-cdef-0123-456789abcdef",
    "00112233-4455-6677-8899-aabbccddeeff",
    "87654321-4321-4321-4321-210987654321",
    "fedcba98-7654-3210-fedc-ba9876543210",
    "test",
    "my-phone",
    "a-1",
    "c59d9eb7",
    "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b2",
    "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b200",
    "g59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20",
    "{c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20}",
    "с59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20",
    "4D12078D-3246-4DA4-AD5E-7610481E7AE",
    "EAIaIQobChMI-click-id",
]  # fmt: skip
"""Absent, zeroed, from manuals, typed, malformed; one begins with a Cyrillic letter."""


@pytest.mark.parametrize("sent", NOBODYS)
def test_an_id_of_nobody_becomes_null_and_is_never_digested(sent: str | None) -> None:
    assert canonical_advertising_id(sent) is None
    batch = run_stages([gate, validate, admit, pseudonymise], event(_advertising_id=sent))
    assert rows_of(batch, "advertising_id") == [(None,)]


@pytest.mark.parametrize("spelled", [DRAWN, DRAWN.upper(), f" {DRAWN}\n", DRAWN.replace("-", "")])
def test_all_spellings_of_an_id_are_one(spelled: str) -> None:
    assert canonical_advertising_id(spelled) == DRAWN.encode()


def test_examples_stand_in_canonical_form() -> None:
    assert {str(UUID(one)) for one in DOCUMENTED} == DOCUMENTED


def test_drawn_ids_are_kept() -> None:
    """Ten thousand ids of a fixed seed: hypothesis would offer zeros, which nobody draws."""
    draw = Random(20_261_122)
    drawn = [str(UUID(int=draw.getrandbits(128), version=4)) for _ in range(10_000)]
    assert [canonical_advertising_id(one) for one in drawn] == [one.encode() for one in drawn]


@given(st.text())
def test_no_text_raises(text: str) -> None:
    form = canonical_advertising_id(text)
    assert form is None or str(UUID(form.decode())) == form.decode()
