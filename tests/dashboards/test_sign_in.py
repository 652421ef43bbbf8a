"""Signing in: link, password, session; and everything that must not open a session."""

from __future__ import annotations

import pytest

from storage.registry.users import disable_user
from tests.dashboards.worlds import PASSWORD, World, open_client, post_form, signed_in


def test_a_link_leads_to_a_password_and_a_session(world: World) -> None:
    site = world.add_site()
    email, path = world.invite()
    with open_client(world) as client:
        assert email in client.get(path).text
        answer = post_form(client, path, password=PASSWORD, again=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert client.get(f"/sites/{site}").status_code == 200


def test_a_link_works_once(world: World) -> None:
    _, path = world.invite()
    with open_client(world) as client:
        post_form(client, path, password=PASSWORD, again=PASSWORD)
    with open_client(world) as other:
        assert other.get(path).status_code == 410


def test_looking_at_a_link_does_not_use_it_up(world: World) -> None:
    _, path = world.invite()
    with open_client(world) as client:
        assert [client.get(path).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("password", "again"), [("short", "short"), (PASSWORD, PASSWORD + "."), ("", "")]
)
def test_a_weak_or_mistyped_password_is_asked_for_again(
    world: World, password: str, again: str
) -> None:
    _, path = world.invite()
    with open_client(world) as client:
        answer = post_form(client, path, password=password, again=again)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert client.get(path).status_code == 200


def test_a_password_opens_a_session_and_leads_back(world: World) -> None:
    site = world.add_site()
    email, path = world.invite()
    with open_client(world) as first:
        post_form(first, path, password=PASSWORD, again=PASSWORD)
    with open_client(world) as client:
        asked = client.get(f"/sites/{site}?period=7d")
        assert asked.status_code == 303
        way = asked.headers["location"]
        assert way == f"/sign-in?next=%2Fsites%2F{site}%3Fperiod%3D7d"
        next_path = f"/sites/{site}?period=7d"
        answer = post_form(client, way, email=email, password=PASSWORD, next=next_path)
        assert answer.headers["location"] == next_path
        assert client.get(next_path).status_code == 200


def test_all_refusals_look_alike(world: World) -> None:
    email, path = world.invite()
    fresh, _ = world.invite()
    with open_client(world) as client:
        post_form(client, path, password=PASSWORD, again=PASSWORD)
    closed, path = world.invite()
    with open_client(world) as client:
        post_form(client, path, password=PASSWORD, again=PASSWORD)
    disable_user(world.registry, closed, "cli:0")
    tries = [(email, "wrong password"), (fresh, PASSWORD), (closed, PASSWORD), ("x@y.example", "z")]
    pages = set()
    for address, password in tries:
        with open_client(world) as client:
            answer = post_form(client, "/sign-in", email=address, password=password)
            assert answer.status_code == 401
            assert "sanaq_session" not in answer.headers.get("set-cookie", "")
            csrf = client.cookies["sanaq_csrf"]
            pages.add(answer.text.replace(address, "").replace(csrf, ""))
    assert len(pages) == 1


@pytest.mark.parametrize(
    "next_path", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sites/\\x", ""]
)
def test_signing_in_leads_nowhere_else(world: World, next_path: str) -> None:
    email, path = world.invite()
    with open_client(world) as client:
        post_form(client, path, password=PASSWORD, again=PASSWORD)
    with open_client(world) as client:
        answer = post_form(client, "/sign-in", email=email, password=PASSWORD, next=next_path)
        assert answer.headers["location"] == "/"


def test_signing_out_ends_the_session_everywhere(world: World) -> None:
    site = world.add_site()
    with signed_in(world) as client:
        session = client.cookies["sanaq_session"]
        csrf = client.get(f"/sites/{site}").text.partition('name="csrf" value="')[2]
        answer = client.post("/sign-out", data={"csrf": csrf.partition('"')[0]})
        assert answer.headers["location"] == "/sign-in"
        client.cookies.set("sanaq_session", session)
        assert client.get(f"/sites/{site}").status_code == 303


def test_partners_do_not_see_figures(world: World) -> None:
    site = world.add_site()
    with signed_in(world, role="partner") as client:
        answer = client.get(f"/sites/{site}")
        assert answer.status_code == 403
        assert site not in answer.text


@pytest.mark.parametrize("role", ["analyst", "officer", "operator"])
def test_the_operators_own_people_do(world: World, role: str) -> None:
    site = world.add_site()
    with signed_in(world, role=role) as client:  # type: ignore[arg-type]
        assert client.get(f"/sites/{site}").status_code == 200


def test_a_page_taken_in_place_is_told_to_leave_when_the_session_is_over(world: World) -> None:
    with open_client(world) as client:
        answer = client.get("/sites/soq?period=7d", headers={"HX-Request": "true"})
        assert answer.status_code == 401
        assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fsites%2Fsoq%3Fperiod%3D7d"
