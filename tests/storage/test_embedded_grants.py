"""The engine's grants by themselves, without the look at the statement's tree before them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT

PROGRAM = """
import json, sys
from pathlib import Path
from storage.embedded.engine import Engine
from storage.embedded.failures import ServerError

def codes(role, statements):
    for sql in statements:
        with engine.session() as session:
            session.run("USE sanaq_analyst")
            session.become(role)
            try:
                session.run(sql)
                yield 0
            except ServerError as error:
                yield error.code

engine = Engine(Path(sys.argv[1]), 1_000_000_000)
with engine.session() as session:
    for database in ("sanaq", "sanaq_analyst"):
        session.run(f"CREATE TABLE {database}.t (a UInt8) ENGINE = MergeTree ORDER BY a")
        session.run(f"INSERT INTO {database}.t VALUES (1)")
asked = json.load(sys.stdin)
print(json.dumps({role: list(codes(role, asked[role])) for role in asked}))
engine.close()
"""

ELSEWHERE = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', sanaq.t)",
    "SELECT * FROM default.`/etc/passwd`",
    "CREATE TABLE sanaq.u (a UInt8) ENGINE = File(TSV)",
    "CREATE DATABASE other",
    "CREATE USER someone",
    "SYSTEM FLUSH LOGS",
]
CHANGES = [
    # Who may create tables may run scripts of the engine's own folder, which is empty.
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "INSERT INTO sanaq.t VALUES (2)",
    "ALTER TABLE sanaq.t DELETE WHERE 1",
    "TRUNCATE TABLE sanaq.t",
    "DROP TABLE sanaq.t",
    "CREATE TABLE sanaq_analyst.u (a UInt8) ENGINE = Memory",
    "CREATE VIEW sanaq_analyst.v AS SELECT * FROM sanaq.t",
]
OTHERS_ROWS = ["SELECT * FROM sanaq.t", "SELECT 1 IN sanaq.t", "SHOW CREATE TABLE sanaq.t"]
OWN = ["SELECT * FROM sanaq_analyst.t", "SELECT * FROM t", "SELECT 1"]


def test_grants_hold_by_themselves(home: Path) -> None:
    asked = {
        "sanaq_writer": ELSEWHERE + OWN + OTHERS_ROWS,
        "sanaq_reader": ELSEWHERE + CHANGES + OWN + OTHERS_ROWS,
        "sanaq_operator": ELSEWHERE + CHANGES + OWN + OTHERS_ROWS,
        "sanaq_analyst": ELSEWHERE + CHANGES + OTHERS_ROWS + OWN,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home)],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=100,
    )
    codes = json.loads(done.stdout)
    denied = {
        role: [sql for sql, code in zip(asked[role], codes[role], strict=True) if code == 497]
        for role in asked
    }
    assert denied == {
        "sanaq_writer": ELSEWHERE,
        "sanaq_reader": ELSEWHERE + CHANGES,
        "sanaq_operator": ELSEWHERE + CHANGES,
        "sanaq_analyst": ELSEWHERE + CHANGES + OTHERS_ROWS,
    }
    assert {code for role in codes.values() for code in role} == {0, 497}
