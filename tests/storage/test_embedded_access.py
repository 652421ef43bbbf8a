"""What each role may ask for, tried by somebody who wants more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.storage.warehouses import Server

READERS = ("sanaq_reader", "sanaq_operator", "sanaq_analyst")
EVERYONE = ("sanaq_writer", *READERS)

FILES = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString', 'line String')",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT file('/etc/passwd')",
    "SELECT FILE('/etc/passwd')",
    "SELECT count(file('/etc/passwd'))",
    "SELECT arrayMap(f -> file(f), ['/etc/passwd'])",
    "WITH (SELECT file('/etc/passwd')) AS secret SELECT secret",
    "SELECT 1 WHERE file('/etc/passwd') != ''",
    "SELECT 1 ORDER BY file('/etc/passwd')",
    "SELECT COLUMNS('n') APPLY(file) FROM (SELECT '/etc/passwd' AS n)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/passwd' AS n)",
    "SELECT * REPLACE(file('/etc/passwd') AS n) FROM (SELECT '' AS n)",
    "SELECT * FROM numbers(length(file('/etc/passwd')))",
    "SELECT * FROM values('a String', file('/etc/passwd'))",
    "SELECT {name:Identifier}('/etc/passwd')",
    "SELECT * FROM view(SELECT file('/etc/passwd'))",
    "SELECT * FROM loop(file('/etc/passwd'))",
    "SELECT * FROM merge(REGEXP('.*'), '.*')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM sqlite('/etc/passwd', 'x')",
    "SELECT * FROM Python(secrets)",
    "SELECT * FROM python(secrets)",
    "SELECT * FROM icebergLocal('/etc')",
    "SELECT * FROM deltaLakeLocal('/etc')",
    "SELECT chdb()",
    "SELECT 1 INTO OUTFILE '{outside}'",
    "SELECT 1 INTO OUTFILE '{outside}' TRUNCATE FORMAT TSV",
    "SELECT 1 INTO/**/OUTFILE '{outside}' AND STDOUT",
    "(SELECT 1) UNION ALL SELECT 2 INTO OUTFILE '{outside}'",
    "EXPLAIN SELECT 1 INTO OUTFILE '{outside}'",
    "SHOW TABLES INTO OUTFILE '{outside}'",
    "DESCRIBE TABLE file('/etc/passwd')",
    "DESCRIBE (SELECT * FROM file('/etc/passwd'))",
    "EXPLAIN SELECT * FROM file('/etc/passwd')",
    "EXPLAIN AST SELECT * FROM file('/etc/passwd')",
    "EXPLAIN SYNTAX SELECT * FROM file('/etc/passwd')",
    "EXPLAIN QUERY TREE SELECT file('/etc/passwd')",
    "INSERT INTO FUNCTION file('{outside}') SELECT 1",
    "INSERT INTO sanaq.outcomes (host) FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "INSERT INTO sanaq.outcomes (host) SELECT file('/etc/passwd')",
    "INSERT INTO sanaq.outcomes (host) SELECT * FROM input('a String') FORMAT TSV",
    "CREATE TABLE sanaq.out (a String) ENGINE = File(TSV)",
    "CREATE TABLE sanaq.out (a String) ENGINE = URL('http://127.0.0.1:1/', TSV)",
    "CREATE TABLE sanaq.out AS file('/etc/passwd', 'LineAsString')",
    "CREATE TABLE sanaq.out (a String DEFAULT file('/etc/passwd')) ENGINE = Memory",
    "CREATE VIEW sanaq.out AS SELECT file('/etc/passwd')",
    "CREATE TEMPORARY TABLE t (a String) ENGINE = File(TSV)",
    (
        "CREATE DICTIONARY sanaq.out (a UInt64, b String) PRIMARY KEY a "
        "SOURCE(FILE(path '/etc/passwd' format 'TSV')) LAYOUT(FLAT()) LIFETIME(1)"
    ),
    "CREATE DATABASE out ENGINE = Filesystem('/etc')",
    "CREATE DATABASE out",
    "CREATE FUNCTION out AS x -> file(x)",
    "ATTACH TABLE sanaq.out FROM '/etc' (a String) ENGINE = MergeTree ORDER BY a",
    "BACKUP TABLE sanaq.events TO File('{outside}')",
    "ALTER TABLE sanaq.outcomes ADD COLUMN z String DEFAULT file('/etc/passwd')",
    "ALTER TABLE sanaq.outcomes UPDATE n = length(file('/etc/passwd')) WHERE 1",
    "COPY sanaq.events TO '{outside}'",
]
"""Ways to files, tried by every role."""

NETWORK = [
    "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM clusterAllReplicas('default', system.one)",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'a Int8')",
    "SELECT * FROM jdbc('x', 'y', 'z')",
    "SELECT aiGenerate('x', 'y')",
    "SELECT AIFilter('x', 'y')",
]
"""Ways to other machines, tried by every role."""

SESSION = [
    "SET readonly = 0",
    "SET ROLE sanaq_writer",
    "SET ROLE ALL",
    "SET DEFAULT ROLE ALL TO default",
    "SET dialect = 'prql'",
    "SET profile = 'default'",
    "USE system",
    "EXECUTE AS default SELECT 1",
    "GRANT ALL ON *.* TO default",
    "CREATE USER someone",
    "ALTER USER default IDENTIFIED BY 'x'",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP MERGES",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS dialect = 'prql'",
    "SELECT 1 SETTINGS format_schema = '/etc/passwd'",
    "SELECT * FROM (SELECT 1 SETTINGS allow_introspection_functions = 1)",
    "EXPLAIN SELECT 1 SETTINGS readonly = 0",
    "SELECT 1; DROP TABLE sanaq.events",
    "SELECT 1;;SELECT 2",
    "SELECT 1 /* ; */; SELECT 2",
    "BEGIN TRANSACTION",
    "SELECT sleep(3)",
    "SELECT getServerSetting('path')",
    "SELECT hostName()",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM system.user_query_log",
    "SELECT * FROM system.users",
    "SELECT * FROM system.grants",
    "SELECT * FROM system.stack_trace",
    "SELECT * FROM system.`query_log`",
    'SELECT * FROM "system"."server_settings"',
    "SELECT 1 IN system.server_settings",
    "SELECT * FROM `system.server_settings`",
    "SELECT 1 FORMAT Template",
    "SELECT 1 FORMAT CapnProto",
    "SELECT 1 FORMAT Protobuf SETTINGS format_schema = 'x:y'",
    "SELECT 1 FORMAT MySQLDump",
    "",
    ";",
    "\\0",
    "SELECT",
    "INSERT INTO sanaq.outcomes",
]
"""Ways out of a role, tried by every role."""

CHANGES = [
    "INSERT INTO sanaq.outcomes (host) VALUES ('x')",
    "INSERT INTO sanaq.outcomes (host) SELECT 'x'",
    "ALTER TABLE sanaq.events DELETE WHERE 1",
    "DELETE FROM sanaq.events WHERE 1",
    "UPDATE sanaq.outcomes SET n = 1 WHERE 1",
    "TRUNCATE TABLE sanaq.events",
    "DROP TABLE sanaq.events",
    "RENAME TABLE sanaq.events TO sanaq.gone",
    "OPTIMIZE TABLE sanaq.events FINAL",
    "CREATE TABLE sanaq.mine (a Int8) ENGINE = Memory",
    "CREATE VIEW sanaq_analyst.mine AS SELECT * FROM sanaq.events",
    "CREATE TEMPORARY TABLE mine (a Int8)",
    "EXPLAIN INSERT INTO sanaq.outcomes (host) SELECT 'x'",
    "EXPLAIN DROP TABLE sanaq.events",
]
"""Changes, tried by roles that read."""

BEYOND_ANALYSTS = [
    "SELECT * FROM sanaq.events",
    "SELECT count() FROM sanaq.events",
    "SELECT (SELECT count() FROM sanaq.events)",
    "SELECT 1 IN (SELECT event_id FROM sanaq.events)",
    "SELECT 1 IN sanaq.events",
    "WITH e AS (SELECT * FROM sanaq.events) SELECT * FROM e",
    "SELECT * FROM sanaq_analyst.hourly AS h JOIN sanaq.events AS e ON 1",
    "SELECT * FROM sanaq.{table:Identifier}",
    "SELECT * FROM {table:Identifier}",
    "SELECT * FROM {database:Identifier}.events",
    "SELECT * FROM merge('sanaq', 'events')",
    "SELECT * FROM mergeTreeIndex('sanaq', 'events')",
    "SELECT * FROM mergeTreeProjection('sanaq', 'events', 'x')",
    "SELECT * FROM dictionary('sanaq.events')",
    "SELECT joinGet('sanaq.events', 'site', 1)",
    "SELECT hasColumnInTable('sanaq', 'events', 'site')",
    "DESCRIBE TABLE sanaq.events",
    "EXISTS TABLE sanaq.events",
    "SHOW CREATE TABLE sanaq.events",
    "SHOW TABLES FROM sanaq",
    "SHOW COLUMNS FROM events FROM sanaq",
    "EXPLAIN SELECT * FROM sanaq.events",
    "EXPLAIN ESTIMATE SELECT * FROM sanaq.events",
    "CHECK TABLE sanaq.events",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.parts",
    "SHOW PROCESSLIST",
]
"""What lies outside the analysts' database, tried by analysts."""


@pytest.mark.parametrize("role", EVERYONE)
@pytest.mark.parametrize("sql", FILES)
def test_no_role_reaches_files(warehouse: Server, tmp_path: Path, role: str, sql: str) -> None:
    outside = tmp_path / "out"
    told = warehouse.ask(
        sql.replace("{outside}", str(outside)), role, param_name="file", default_format="TSV"
    )
    assert told.code != 0
    assert b"root:" not in told.body
    assert not outside.exists()


@pytest.mark.parametrize("role", EVERYONE)
@pytest.mark.parametrize("sql", NETWORK)
def test_no_role_reaches_other_machines(warehouse: Server, role: str, sql: str) -> None:
    assert warehouse.ask(sql, role).code in (497, 48, 62)


@pytest.mark.parametrize("role", EVERYONE)
@pytest.mark.parametrize("sql", SESSION)
def test_no_role_leaves_its_session(warehouse: Server, role: str, sql: str) -> None:
    told = warehouse.ask(sql, role)
    assert told.code != 0
    assert told.status >= 400


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("sql", CHANGES)
def test_readers_change_nothing(warehouse: Server, role: str, sql: str) -> None:
    tables = "SELECT database, name, total_rows FROM system.tables WHERE database LIKE 'sanaq%'"
    before = warehouse.ask(f"{tables} ORDER BY ALL", "sanaq_writer").body
    told = warehouse.ask(sql, role)
    assert told.code != 0
    assert warehouse.ask(f"{tables} ORDER BY ALL", "sanaq_writer").body == before


@pytest.mark.parametrize("sql", CHANGES)
def test_get_changes_nothing_even_for_the_writer(warehouse: Server, sql: str) -> None:
    assert warehouse.ask("", "sanaq_writer", method="GET", query=sql).code != 0


@pytest.mark.parametrize("sql", BEYOND_ANALYSTS)
def test_analysts_see_their_own_database_alone(warehouse: Server, sql: str) -> None:
    told = warehouse.ask(sql, "sanaq_analyst", param_table="events", param_database="sanaq")
    assert told.code != 0
    assert b"event_id" not in told.body


def test_analysts_do_not_learn_of_other_tables(warehouse: Server) -> None:
    for sql in (
        "SELECT database, name FROM system.tables",
        "SELECT database, table FROM system.columns",
        "SELECT table_schema, table_name FROM information_schema.tables",
        "SHOW DATABASES",
    ):
        told = warehouse.ask(sql, "sanaq_analyst")
        assert told.status == 200
        assert "events" not in told.text.replace("events_", "").split()
