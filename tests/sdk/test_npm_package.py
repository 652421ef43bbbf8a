"""The npm package of the web SDK: what is in it, and that a project can be built upon it."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from scripts.build_web_sdk import FILES, MODULES, SOURCE
from scripts.node import find_node, find_npm

SECONDS_MAX = 100

CONSUMER = """
import { MORE_WATCHERS, recordConsent, start, watchConsent, WATCHERS } from "@sanaq/web";
import type { Consent, Options, Receipt, Sanaq } from "@sanaq/web";

const options: Options = { collector: "https://c.soq.example", key: "sk_b_x", off: ["links"] };
const sanaq: Sanaq = start(options, { ...WATCHERS, ...MORE_WATCHERS });
sanaq("listing_view", { category: "horses" });
const said: Consent = { purposes: { analytics: true }, method: "checkbox" };
sanaq.consent(said);
watchConsent(sanaq.consent);
const receipt: Promise<Receipt> = recordConsent(options.collector, options.key, said);
receipt.then((one) => one.receipt["receipt_id"]);
// @ts-expect-error a key is needed
start({ collector: "https://c.soq.example" }, WATCHERS);
// @ts-expect-error a purpose is granted or refused, nothing between
sanaq.consent({ purposes: { analytics: "perhaps" } });
"""

SETTINGS = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "module": "nodenext",
        "moduleResolution": "nodenext",
        "target": "es2022",
        "lib": ["es2022", "dom"],
        "types": [],
    },
    "include": ["consumer.ts"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has installed the package as npm packs it."""
    folder = tmp_path_factory.mktemp("project")
    node = find_node()
    pack = [*find_npm(node), "pack", "--silent", "--pack-destination", str(folder)]
    subprocess.run(pack, cwd=SOURCE, check=True, capture_output=True, timeout=SECONDS_MAX)
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    installed = folder / "node_modules" / "@sanaq"
    installed.mkdir(parents=True)
    (folder / "unpacked" / "package").rename(installed / "web")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def run_node(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Node in the project."""
    return subprocess.run(
        [find_node(), *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_it_holds_what_was_built_its_types_and_its_licence(project: Path) -> None:
    package = project / "node_modules" / "@sanaq" / "web"
    files = {str(file.relative_to(package)) for file in package.rglob("*") if file.is_file()}
    types = {f"dist/types/{file.stem}.d.ts" for file in (SOURCE / "src").glob("*.ts")}
    built = {f"dist/{name}" for name in FILES}
    assert files == built | types | {"LICENSE.txt", "README.md", "package.json"}
    told = json.loads((package / "package.json").read_text())
    assert told["license"] == "SEE LICENSE IN LICENSE.txt"
    assert "dependencies" not in told and "scripts" not in told
    for entry in told["exports"].values():
        for path in entry.values() if isinstance(entry, dict) else [entry]:
            assert (package / path).is_file()


def test_a_typed_project_builds_upon_it(project: Path) -> None:
    (project / "consumer.ts").write_text(CONSUMER)
    (project / "tsconfig.json").write_text(json.dumps(SETTINGS))
    done = run_node(project, str(MODULES / "typescript" / "bin" / "tsc"), "--project", ".")
    assert (done.stdout, done.returncode) == ("", 0)


def test_it_is_found_by_its_name(project: Path) -> None:
    program = "console.log(Object.keys(await import('@sanaq/web')).sort().join())"
    done = run_node(project, "--input-type=module", "--eval", program)
    assert done.stdout.strip() == "MORE_WATCHERS,WATCHERS,recordConsent,start,watchConsent"
