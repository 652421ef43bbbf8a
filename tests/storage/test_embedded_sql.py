"""Ordinary SQL that readers write: the access rules are not in its way."""

from __future__ import annotations

import uuid

import pytest

from storage.warehouse import connect, insert_frame
from tests.storage.warehouses import Server, frame_of

STATEMENTS = """
    SELECT count(), uniqExact(subject_id) FROM events FINAL

    SELECT toStartOfHour(toTimeZone(occurred_at, 'Asia/Almaty')) AS h, count() FROM
        sanaq.events GROUP BY h ORDER BY h

    SELECT toStartOfDay(occurred_at) AS d FROM events GROUP BY d ORDER BY d WITH FILL STEP
        toIntervalDay(1)

    WITH x AS (SELECT site, count() AS c FROM events GROUP BY ALL) SELECT * FROM x WHERE c >
        (SELECT avg(c) FROM x)

    SELECT p, count() FROM events ARRAY JOIN purposes AS p GROUP BY p

    SELECT properties['a'], mapKeys(properties) FROM events LIMIT 1

    SELECT *, row_number() OVER (PARTITION BY site ORDER BY occurred_at) FROM events LIMIT 1

    SELECT sum(1) OVER w FROM events WINDOW w AS (PARTITION BY site ROWS 1 PRECEDING) LIMIT
        1

    SELECT CASE WHEN is_bot THEN 'bot' ELSE 'person' END AS k, count() FROM events GROUP BY
        k

    SELECT e.site, h.events FROM events AS e LEFT JOIN sanaq_analyst.hourly AS h ON e.site =
        h.site LIMIT 1

    SELECT site FROM events WHERE event_id NOT IN (SELECT event_id FROM diagnostics) LIMIT 1

    SELECT DISTINCT ON (site) site FROM events

    SELECT 1 UNION ALL SELECT 2 UNION DISTINCT SELECT 3

    (SELECT 1) INTERSECT SELECT 1

    SELECT 1 EXCEPT SELECT 2

    SELECT COLUMNS('^page') FROM events LIMIT 1

    SELECT * EXCEPT (event_id) REPLACE (1 AS site) FROM events LIMIT 1

    SELECT COLUMNS('revenue') APPLY(sum) FROM events

    SELECT events.* FROM events LIMIT 1

    SELECT quantiles(0.5, 0.9)(revenue), quantileTDigestIf(0.5)(revenue, is_bot),
        sumOrNull(revenue) FROM events

    SELECT windowFunnel(3600)(toDateTime(occurred_at), event_name = 'a', event_name = 'b')
        FROM events

    SELECT retention(event_name = 'a', event_name = 'b'), topK(3)(site), argMax(site,
        occurred_at) FROM events

    SELECT uniqMerge(s) FROM (SELECT uniqState(site) AS s FROM events)

    SELECT number FROM numbers(3)

    SELECT * FROM values('a UInt8, b String', (1, 'x'))

    SELECT * FROM (VALUES (1, 2))

    SELECT toDate('2026-01-01') + INTERVAL 1 DAY, now(), dateDiff('day', today(),
        yesterday())

    SELECT site, count() FROM events GROUP BY site WITH TOTALS

    SELECT site, is_bot FROM events GROUP BY GROUPING SETS ((site), (is_bot))

    SELECT site FROM events ORDER BY site LIMIT 1 BY site

    SELECT site FROM events PREWHERE is_bot WHERE 1 LIMIT 1

    SELECT JSONExtractString('{}', 'a'), 1::String, (1, 'a').1, [1, 2][1], arrayMap(x -> x +
        1, [1])

    SELECT if(1, 2, 3), 1 ? 2 : 3, 'a' LIKE '%a', 'a' || 'b', exists(SELECT 1), 1 BETWEEN 0
        AND 2

    SHOW TABLES

    SHOW TABLES FROM sanaq LIKE 'e%'

    SHOW DATABASES

    SHOW COLUMNS FROM events

    DESCRIBE TABLE events

    DESC sanaq.events

    EXISTS TABLE `sanaq`.`events`

    SHOW CREATE TABLE sanaq.events

    EXPLAIN SELECT 1

    EXPLAIN indexes = 1 SELECT count() FROM events WHERE site = 'a'

    EXPLAIN QUERY TREE SELECT 1

    SELECT name FROM system.tables WHERE database = currentDatabase()

    SELECT column_name FROM INFORMATION_SCHEMA.COLUMNS LIMIT 1

    SELECT version(), timezone(), currentDatabase()

    SELECT 1; -- a comment with file('/etc/passwd') and INTO OUTFILE in it

    SELECT 'file(''/etc/passwd'') INTO OUTFILE'

    SELECT 1 AS `file`, "x" FROM (SELECT 2 AS x)
"""
"""One by one, with an empty line between."""


@pytest.mark.parametrize("sql", [" ".join(sql.split()) for sql in STATEMENTS.split("\n\n")])
@pytest.mark.parametrize("role", ["sanaq_reader", "sanaq_operator"])
def test_readers_ask_what_they_like(warehouse: Server, role: str, sql: str) -> None:
    told = warehouse.ask(sql, role)
    assert (told.status, told.code) == (200, 0), told.text


def test_analysts_ask_their_own_database(warehouse: Server) -> None:
    for sql in ("SELECT * FROM hourly", "SELECT count() FROM sanaq_analyst.hourly", "SHOW TABLES"):
        assert warehouse.ask(sql, "sanaq_analyst").status == 200


def test_a_table_named_like_a_function_is_no_function(warehouse: Server) -> None:
    told = warehouse.ask("WITH file AS (SELECT 1 AS a) SELECT a FROM file")
    assert told.text == "1\n"


def test_rows_are_found_by_their_columns(warehouse: Server) -> None:
    site = f"s-{uuid.uuid4().hex[:8]}"
    client = connect(warehouse.settings)
    rows = [{"site": site, "event_name": name} for name in ("search", "search", "deal")]
    insert_frame(client, "events", frame_of("events", rows), uuid.uuid4().hex)
    client.close()
    sql = "SELECT event_name, count() FROM events WHERE site = {site:String} GROUP BY 1 ORDER BY 1"
    assert warehouse.ask(sql, param_site=site).text == "deal\t1\nsearch\t2\n"
