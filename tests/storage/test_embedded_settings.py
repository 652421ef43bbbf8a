"""Passwords and settings: each request has those of its role, and no more."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.storage.warehouses import Server

EVERYONE = ("sanaq_writer", "sanaq_reader", "sanaq_operator", "sanaq_analyst")


@pytest.mark.parametrize("role", EVERYONE)
def test_a_password_opens_one_role(warehouse: Server, role: str) -> None:
    others = [other for other in EVERYONE if other != role]
    for other in others:
        headers = {"X-ClickHouse-Key": warehouse.password(other)}
        assert warehouse.ask("SELECT 1", role, headers=headers).code == 516
    assert warehouse.ask("SELECT 1", role).text == "1\n"


@pytest.mark.parametrize("user", ["default", "", "sanaq_engine", "sanaq_reader' OR '1", "root"])
def test_there_are_no_other_users(warehouse: Server, user: str) -> None:
    for password in ("", warehouse.password("sanaq_writer")):
        headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        assert warehouse.ask("SELECT 1", None, headers=headers).code == 516


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("readonly", "0"),
        ("dialect", "prql"),
        ("profile", "default"),
        ("allow_introspection_functions", "1"),
        ("format_schema", "/etc/passwd"),
        ("format_template_row", "/etc/passwd"),
        ("implicit_select", "1"),
        ("role", "sanaq_writer"),
        ("additional_table_filters", "{'sanaq.events':'1'}"),
        ("max_threads", "1, readonly = 0"),
        ("max_threads, readonly", "0"),
        ("max_result_rows", "-1"),
        ("max_execution_time", "x"),
    ],
)
def test_settings_that_lead_out_are_refused(warehouse: Server, name: str, value: str) -> None:
    for role in EVERYONE:
        path = f"/?{urlencode({name: value})}"
        assert warehouse.ask("SELECT 1", role, path=path).code != 0


@pytest.mark.parametrize("asked", ["0", "99999999999", "1000001"])
def test_bounds_are_lowered_and_never_raised(warehouse: Server, asked: str) -> None:
    sql = "SELECT value FROM system.settings WHERE name = 'max_result_rows'"
    assert warehouse.ask(sql, "sanaq_operator", max_result_rows=asked).text == "1000000\n"
    assert warehouse.ask(sql, "sanaq_operator", max_result_rows="7").text == "7\n"


def test_what_one_request_sets_the_next_does_not_see(warehouse: Server) -> None:
    sql = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    before = warehouse.ask(sql).text
    assert warehouse.ask(sql, max_block_size="77").text == "77\n"
    assert warehouse.ask(sql).text == before
