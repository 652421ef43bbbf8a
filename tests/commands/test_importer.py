"""The importer adds up what it is told, waits where it is asked to, and says what went wrong."""

from __future__ import annotations

import ssl
from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from commands._import_source import ImportFailed
from commands._importer import PATIENCE_SECONDS, Importer
from config.settings import Settings, load_settings
from tests.commands.fake_collector import DROP, FakeCollector, answer, busy, fake_collector
from tests.helpers import ROOT

BODY = msgspec.json.encode({"events": [{}, {}]})


def settings_of(home: Path, port: int, **environ: str) -> Settings:
    names = {"SANAQ_HOME": str(home), "SANAQ_CONFIG": str(ROOT / "config")}
    return load_settings(names | {"SANAQ_COLLECTOR": f"127.0.0.1:{port}"} | environ)


class Watch:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def seconds(self) -> float:
        return sum(self.pauses)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def importer_of(home: Path, fake: FakeCollector, watch: Watch, **environ: str) -> Importer:
    settings = settings_of(home, fake.port, **environ)
    return Importer(settings, "sk_s_0", watch.seconds, watch.pause)


def test_answers_are_added_up(home: Path) -> None:
    answers = [answer(1, "asset"), answer(0, "asset", "line_invalid"), answer(1, duplicate=1)]
    with fake_collector(*answers) as fake:
        importer = importer_of(home, fake, Watch())
        for _ in answers:
            importer.post("/v1/events", BODY, 2)
        importer.close()
    tally = importer.tally
    assert (tally.received, tally.accepted, tally.duplicate, tally.rejected) == (6, 2, 1, 3)
    assert tally.reasons == Counter(asset=2, line_invalid=1)
    assert (fake.paths, fake.keys) == (["/v1/events"] * 3, {"Bearer sk_s_0"})


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [
        ([busy("2"), busy("7"), answer(2)], [2, 7]),
        ([busy("600"), busy("soon"), busy("-1"), answer(2)], [10, 1, 1]),
        ([busy("3", 429), answer(2)], [3]),
        ([busy("0"), DROP, DROP, answer(2)], [0, 1, 1]),
    ],
)
def test_a_request_is_sent_again(home: Path, answers: list[Any], pauses: list[float]) -> None:
    watch = Watch()
    with fake_collector(*answers) as fake:
        importer = importer_of(home, fake, watch)
        importer.post("/v1/events", BODY, 2)
        importer.close()
    assert watch.pauses == pauses
    assert (importer.tally.received, importer.tally.accepted) == (2, 2)
    assert len(fake.bodies) == len(answers)


def test_patience_ends(home: Path) -> None:
    watch = Watch()
    with fake_collector(*[busy("9")] * 100) as fake:
        importer = importer_of(home, fake, watch)
        with pytest.raises(ImportFailed, match="busy or away"):
            importer.post("/v1/events", BODY, 2)
        importer.close()
    assert PATIENCE_SECONDS < watch.seconds() < PATIENCE_SECONDS + 20
    assert importer.tally.received == 0


def test_a_collector_that_never_answered_is_told_at_once(home: Path, port: int) -> None:
    watch = Watch()
    importer = importer_of(home, FakeCollector(port=port), watch)
    with pytest.raises(ImportFailed, match="sanaq up"):
        importer.post("/v1/events", BODY, 2)
    importer.close()
    assert watch.pauses == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ((401, {}, b'{"error":"key_unknown"}'), "answered 401 key_unknown"),
        ((413, {}, b'{"error":"body_too_large","detail":"x"}'), "answered 413 body_too_large"),
        ((404, {}, b"{}"), "answered 404"),
        ((404, {}, b"<html>"), "no collector"),
        ((200, {}, b"<html>"), "no collector"),
        ((200, {}, b'{"accepted":2,"rejected":[]}'), "no collector"),
        ((200, {}, b"\xff"), "no collector"),
        (answer(1), "does not add up"),
    ],
)
def test_an_answer_that_ends_the_import(home: Path, wrong: Any, told: str) -> None:
    with fake_collector(wrong) as fake:
        importer = importer_of(home, fake, Watch())
        with pytest.raises(ImportFailed, match=told):
            importer.post("/v1/events", BODY, 2)
        importer.close()
    assert importer.tally.received == 0


def test_the_key_goes_to_the_operators_own_certificate_alone(home: Path) -> None:
    own, other = (make_certificate(home / name) for name in ("own", "other"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own / "cert.pem", own / "key.pem")
    with fake_collector(tls=context) as fake:
        for folder in (own, other):
            files = {
                "SANAQ_TLS_CERT": str(folder / "cert.pem"),
                "SANAQ_TLS_KEY": str(folder / "key.pem"),
            }
            importer = importer_of(home, fake, Watch(), **files)
            if folder == other:
                with pytest.raises(ImportFailed):
                    importer.post("/v1/events", BODY, 2)
            else:
                importer.post("/v1/events", BODY, 2)
            importer.close()
    assert len(fake.bodies) == 1


def make_certificate(folder: Path) -> Path:
    """Make a certificate of its own signing, for another name than the address."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "collect.soq.example")])
    names = [x509.DNSName("collect.soq.example"), x509.IPAddress(ip_address("192.0.2.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return folder
