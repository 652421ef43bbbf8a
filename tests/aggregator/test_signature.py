"""Whoever changes a byte of a release is found out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator.artefact import read_artefact, sha256_of
from aggregator.release import run_release
from aggregator.signature import (
    canonical,
    find_faults,
    key_id_of,
    read_public,
    sign_manifest,
    write_public,
)
from tests.aggregator.worlds import WINDOW, StillRows, make_job

KEY = Ed25519PrivateKey.generate()


def make_files() -> dict[str, bytes]:
    """A small signed release."""
    files = {"data.csv": b"city,devices\nalmaty,41\n", "README.md": b"# Reach\n"}
    digests = {name: sha256_of(data) for name, data in files.items()}
    manifest = canonical({"artefact_sha256": digests})
    return {**files, "manifest.json": manifest, "manifest.sig": sign_manifest(manifest, KEY)}


def test_untouched_files_have_no_fault() -> None:
    assert find_faults(make_files(), KEY.public_key()) == []


@pytest.mark.parametrize("name", ["data.csv", "README.md", "manifest.json", "manifest.sig"])
def test_every_changed_bit_is_found(name: str) -> None:
    files = make_files()
    for place in range(len(files[name])):
        for bit in range(8):
            changed = bytearray(files[name])
            changed[place] ^= 1 << bit
            assert find_faults({**files, name: bytes(changed)}, KEY.public_key())


@pytest.mark.timeout(300)
def test_every_changed_byte_of_a_real_release_is_found(home: Path) -> None:
    job = make_job(home, StillRows([(1, "cars", "almaty", 1)]))
    done = run_release(job, job.config.releases["weekly_test"], WINDOW)
    files, public = read_artefact(done.folder), job.keyring.signing_key().public_key()
    assert find_faults(files, public) == []
    for name, data in files.items():
        for place in range(len(data)):
            changed = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
            assert find_faults({**files, name: changed}, public), name


@pytest.mark.parametrize("name", ["data.csv", "README.md", "manifest.json", "manifest.sig"])
def test_missing_longer_and_shorter_files_are_found(name: str) -> None:
    files = make_files()
    for data in (files[name] + b"\n", files[name][:-1], b""):
        assert find_faults({**files, name: data}, KEY.public_key())
    del files[name]
    assert find_faults(files, KEY.public_key())


def test_a_file_that_is_not_signed_is_found(tmp_path: Path) -> None:
    for name, data in make_files().items():
        (tmp_path / name).write_bytes(data)
    assert find_faults(read_artefact(tmp_path), KEY.public_key()) == []
    (tmp_path / "more").mkdir()
    assert find_faults(read_artefact(tmp_path), KEY.public_key()) != []


def test_another_key_does_not_verify() -> None:
    other = Ed25519PrivateKey.generate().public_key()
    assert find_faults(make_files(), other)
    assert key_id_of(other) != key_id_of(KEY.public_key())


def test_a_public_key_survives_its_text() -> None:
    public = read_public(write_public(KEY.public_key()))
    assert key_id_of(public) == key_id_of(KEY.public_key())
    with pytest.raises(ValueError, match="PEM"):
        read_public(b"no key")
    wrong = generate_private_key(SECP256R1()).public_key()
    with pytest.raises(ValueError, match="Ed25519"):
        read_public(write_public(wrong))  # type: ignore[arg-type]


def test_canonical_json_has_one_form_and_no_floats() -> None:
    assert canonical({"b": [1, None, True], "a": "қ"}) == '{"a":"қ","b":[1,null,true]}'.encode()
    for value in (1.0, {"a": [0.5]}, [{"b": float("nan")}]):
        with pytest.raises(TypeError):
            canonical(value)
    assert json.loads(canonical({"a": {"b": "1/2"}})) == {"a": {"b": "1/2"}}
