"""A protocol that a site has switched off is turned away by the running service, others are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.copies import change, copy_config
from tests.service import running

pytestmark = pytest.mark.timeout(240)

CLOSED = """[sites.closed]
protocols_off = ["segment", "native"]


[purposes.necessary]
"""

ITEM = {"type": "track", "event": "Order Completed", "userId": "user-1"}
CONSENT = {"purposes": {"analytics": True}}


def test_a_protocol_that_is_off_answers_403_and_stores_nothing(tmp_path: Path) -> None:
    config = copy_config(tmp_path / "config")
    change(config, "policy.toml", "[purposes.necessary]\n", CLOSED)
    with running(tmp_path, {"SANAQ_CONFIG": str(config)}) as service:
        closed, open_ = service.key("closed"), service.key("open")
        body = {"batch": [ITEM | {"properties": {"consent": CONSENT}}]}
        for path in ("/v1/batch", "/segment/v1/batch", f"/segment/{closed}/v1/batch"):
            answer = service.post(closed, body, path)
            assert (answer.status_code, answer.json()["error"]) == (403, "protocol_off")
        answer = service.post(closed, {"events": [{"name": "page_view", "consent": CONSENT}]})
        assert answer.status_code == 403
        sent = {"batch": [body["batch"][0] | {"originalTimestamp": "2026-11-23T04:00:00Z"}]}
        assert service.post(closed, sent, "/rudderstack/v1/batch").status_code == 200
        assert service.post(open_, body, "/v1/batch").status_code == 200
        service.await_loaded()
        stored = service.sql("SELECT site, protocol FROM sanaq.events ORDER BY site")
        assert [(row["site"], row["protocol"]) for row in stored] == [
            ("closed", "rudderstack"),
            ("open", "segment"),
        ]
