"""What the import tests share: independent counts by awk, and an importer that is watched."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers import SHARED
from tests.service import Service, wait_until

ACCESS_LOG = SHARED / "data" / "access_log.gz"
"""Ten thousand requests of a real web server in May 2015, combined format."""

ECOM = SHARED / "data" / "ecom.csv.gz"
"""Events of a shop; its first line names the columns."""

RECEIVED_SECONDS_MAX = 60.0

PAGE_VIEWS_AWK = r"""
BEGIN { FS = "\"" }
NF != 7 || $7 != "" { n["line_invalid"]++; next }
{ split($2, request, " "); split($3, answer, " "); target = request[2]
  path = target; sub(/[?].*/, "", path) }
request[1] != "GET" { n["method_unwanted"]++; next }
answer[1] != "200" && answer[1] != "304" { n["http_error"]++; next }
tolower(path) ~ /[.](css|js|png|jpg|jpeg|gif|ico|svg|ttf|woff|pdf|doc|txt|xml|xsl|tex|log|conf)$/ ||
tolower(path) ~ /[.](jar|exe|deb|swf|gz|gem|c|cpp|java|py|pyc|sh|rb|lua|spec|patch|diff|pcap)$/ ||
target ~ /[?&]flav=(atom|rss20)(&|$)/ { n["asset"]++; next }
{ split($1, word, " "); day = "2015-05-" substr(word[4], 2, 2)
  agent = tolower($6); is_bot = 0 }
agent ~ /bot|spider|slurp|crawl|archiver|feed|fetch|nutch|urllib|libwww-perl|facebookexternal/ ||
agent ~ /preview|phantomjs|ezooms|siteexplorer|embedly|theoldreader|tiny rss|appengine/ ||
agent ~ /yandexdirect|genieo|google favicon|spinn3r|flipboardproxy/ { is_bot = 1 }
{ n["page"]++; n["path\t" path]++; n["day\t" day]++
  n["bots\t" day] += is_bot; n["human path\t" path] += !is_bot
  if (!seen[day, word[1], $6]++) n["visits\t" day]++ }
END { for (key in n) print n[key] "\t" key }
"""
"""What the log says of page views, told by other means than ours: lines -> "count <tab> what"."""


def awk(program: str, file: Path) -> Counter[str]:
    """Count by an awk program over an unpacked file; it prints `count <tab> what`."""
    done = subprocess.run(
        ["awk", program], input=gzip.decompress(file.read_bytes()), capture_output=True, check=True
    )
    counts: Counter[str] = Counter()
    for line in done.stdout.decode().splitlines():
        n, what = line.split("\t", 1)
        counts[what] = int(n)
    return counts


def of_kind(counts: Counter[str], kind: str) -> Counter[str]:
    """Give the counts whose name is `kind <tab> name`, by name; those of nothing are left out."""
    head = f"{kind}\t"
    return +Counter({w.removeprefix(head): n for w, n in counts.items() if w.startswith(head)})


def run_import(service: Service, *arguments: str) -> dict[str, Any]:
    """Run an import to its good end and give what it tells."""
    told: dict[str, Any] = json.loads(service.sanaq("import", *arguments, "--json"))
    parts = ("accepted", "duplicate", "refused", "rejected")
    assert told["received"] == sum(told[part] for part in parts)
    assert told["rejected"] == sum(told["reasons"].values())
    return told


@contextmanager
def fed_import(service: Service, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give an import that reads what is written to it; it is ended whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "import", *arguments],
        cwd=service.folder,
        env=service.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def feed(process: subprocess.Popen[bytes], lines: list[bytes]) -> None:
    """Write lines to an import."""
    assert process.stdin is not None
    process.stdin.write(b"".join(lines))
    process.stdin.flush()


def await_received(service: Service, site: str, n: int) -> None:
    """Wait until so many events of a site were answered."""
    wait_until(lambda: service.ledger("--site", site)["received"] >= n, RECEIVED_SECONDS_MAX)
