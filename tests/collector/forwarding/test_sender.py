"""What an answer means, and that no recipient holds a request longer than it may."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from collector.forwarding.sender import Answer, Sender, judge, read_retry_after
from storage.clock import utc_now
from tests.collector.forwarding.destination import Destination, running_destination
from tests.collector.forwarding.recipients import recipient
from tests.helpers import free_port

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def end() -> Iterator[Destination]:
    """A destination."""
    with running_destination() as made:
        yield made


def post(url: str, seconds_max: float = 0.5) -> Answer:
    """Send one body."""
    to = recipient(url=url, limits={"answer_seconds_max": seconds_max})
    with closing(Sender(to, utc_now)) as sender:
        return sender.post(b"{}", {"x-test": "1"}, {"api_secret": "s3cret"})


@pytest.mark.parametrize(
    ("status", "word"),
    [
        *((status, "delivered") for status in (200, 202, 204)),
        *((status, "busy") for status in (408, 425, 429, 503)),
        *((status, "turned_away") for status in (301, 307, 401, 403, 404, 405)),
        *((status, "rejected") for status in (400, 409, 410, 413, 422)),
        *((status, "failing") for status in (500, 502, 504, 599)),
    ],
)
def test_what_a_status_means(status: int, word: str) -> None:
    assert judge(status, "", NOW) == Answer(word, status)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("999999", 3_600),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("Fri, 31 Dec 9999 23:59:59 -0100", 0),
        ("Fri, 31 Dec 99999999999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 2026 23:59:59 +99999999999999", 0),
    ],
)
def test_how_long_a_recipient_asks_to_be_left_alone(text: str, seconds: float) -> None:
    assert read_retry_after(text, NOW) == seconds


def test_a_request_carries_body_proof_and_parameters(end: Destination) -> None:
    assert post(f"{end.url}?measurement_id=G-1", 5.0).word == "delivered"
    one = end.received[-1]
    assert one.path == "/take?measurement_id=G-1&api_secret=s3cret"
    assert one.headers["x-test"] == "1" and one.headers["content-type"] == "application/json"


def test_a_redirect_is_not_followed(end: Destination) -> None:
    end.status, end.headers = 307, {"location": f"{end.url}/elsewhere"}
    count = len(end.received)
    assert post(end.url, 5.0).word == "turned_away" and len(end.received) == count + 1
    end.status, end.headers = 200, {}


def test_cookies_of_a_recipient_are_not_kept(end: Destination) -> None:
    end.headers = {"set-cookie": "tag=1; Path=/"}
    with closing(Sender(recipient(url=end.url), utc_now)) as sender:
        assert [sender.post(b"{}", {}, {}).word for _ in range(2)] == ["delivered"] * 2
    assert "cookie" not in end.received[-1].headers
    end.headers = {}


def test_nobody_there_is_a_fault() -> None:
    assert post(f"http://127.0.0.1:{free_port()}/").word == "unreachable"


def test_an_answer_that_drips_is_too_slow() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        answer = post(f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert answer.word == "too_slow" and time.monotonic() - started < 3
