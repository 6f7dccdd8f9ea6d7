"""Other tools of the field, each doing its nearest work on the same number of items:
installed by pinned version into `.venv/peers`; Terraform only where it is on PATH.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import generated
from benchmarks.processes import Command

ROOT = Path(__file__).parent.parent
PINS = Path(__file__).with_name("peers.txt")
HOME = ROOT / ".venv" / "peers"
SCHEMA = ROOT / "schema" / "cohort.schema.json"

CHECK_JSONSCHEMA = "check-jsonschema"
OCTODNS = "octoDNS"
DRT = "drt"
TERRAFORM = "Terraform"

WORK: Mapping[str, str] = {
    CHECK_JSONSCHEMA: "checks the same files against our JSON Schema",
    OCTODNS: "plans as many records, each in a file, none of them changed",
    DRT: "validates as many syncs (`drt validate`), with the same SQL",
    TERRAFORM: "plans as many `terraform_data` resources with the same SQL, none of them changed",
}

OCTODNS_CONFIG = """\
providers:
  files: {class: octodns.provider.yaml.YamlProvider, directory: ./files, split_extension: .}
  there: {class: octodns.provider.yaml.YamlProvider, directory: ./there, split_extension: .}
zones:
  example.com.: {sources: [files], targets: [there]}
"""
OCTODNS_RECORD = """\
{id}:
  ttl: 300
  type: TXT
  value: {text}
"""
DRT_SYNC = """\
name: {id}
description: A generated sync.
model: |
{sql}
destination:
  type: rest_api
  url: https://braze.example.com/partners/cohorts
  method: POST
  body_template: '{{"cohort": "{id}", "user": "{{{{ row.customer_id }}}}"}}'
sync: {{mode: full}}
"""


def installed() -> Path:
    """The folder of the peers' commands; made anew where the pins have changed."""
    stamp = HOME / "peers.txt"
    pins = PINS.read_text("utf-8")
    if not stamp.is_file() or stamp.read_text("utf-8") != pins:
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        pip = [HOME / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--requirement", PINS], check=True)
        stamp.write_text(pins, "utf-8")
    return HOME / "bin"


def versions() -> Iterator[str]:
    """Each peer with its version."""
    yield from re.findall(r"^[\w-]+==[\d.]+$", PINS.read_text("utf-8"), re.MULTILINE)
    if shutil.which("terraform"):
        told = subprocess.run(
            ["terraform", "version", "-json"], capture_output=True, check=True
        )
        yield f"terraform=={json.loads(told.stdout)['terraform_version']}"


def prepared(folder: Path, repository: Path, cohorts: int) -> Mapping[str, Command]:
    """The command of each peer, with its files written below a folder."""
    home = installed()
    files = [
        path.relative_to(repository) for path in generated.files(repository, cohorts)
    ]
    words = [home / "check-jsonschema", "--schemafile", SCHEMA, *files]
    made = {
        CHECK_JSONSCHEMA: Command(words, repository, "ok -- validation done"),
        OCTODNS: _octodns(home, folder / "octodns", cohorts),
        DRT: _drt(home, folder / "drt", cohorts),
    }
    if shutil.which("terraform"):
        made[TERRAFORM] = _terraform(folder / "terraform", cohorts)
    return made


def _sql(number: int) -> str:
    """The SQL of a cohort, for tools that know no rules and no templates of ours."""
    text = generated.text_of(number - number % 3 + 2)
    return textwrap.dedent(text.partition("sql: |\n")[2].partition("guards:")[0])


def _octodns(home: Path, folder: Path, cohorts: int) -> Command:
    for place in ("files", "there"):
        zone = folder / place / "example.com."
        zone.mkdir(parents=True)
        for number in range(cohorts):
            name = f"cohort-{number:05}"
            text = " ".join(_sql(number).split()).replace(";", "")
            record = OCTODNS_RECORD.format(id=name, text=json.dumps(text))
            (zone / f"{name}.yaml").write_text(record, "utf-8")
    (folder / "config.yaml").write_text(OCTODNS_CONFIG, "utf-8")
    words = [home / "octodns-sync", "--config-file", "config.yaml"]
    return Command(words, folder, "No changes were planned")


def _drt(home: Path, folder: Path, cohorts: int) -> Command:
    (folder / "syncs").mkdir(parents=True)
    (folder / "drt_project.yml").write_text("name: bench\nprofile: dev\n", "utf-8")
    for number in range(cohorts):
        name = f"cohort_{number:05}"
        text = DRT_SYNC.format(id=name, sql=textwrap.indent(_sql(number), "  "))
        (folder / "syncs" / f"{name}.yml").write_text(text, "utf-8")
    last = f"cohort_{cohorts - 1:05}"
    return Command([home / "drt", "validate"], folder, last, {"DO_NOT_TRACK": "1"})


def _terraform(folder: Path, cohorts: int) -> Command:
    folder.mkdir()
    texts = {f"cohort_{number:05}": _sql(number) for number in range(cohorts)}
    blocks = [
        f'resource "terraform_data" "{name}" {{\n  input = {json.dumps(text)}\n}}\n'
        for name, text in texts.items()
    ]
    (folder / "main.tf").write_text("".join(blocks), "utf-8")
    state = {
        "version": 4,
        "serial": 1,
        "lineage": "bench",
        "outputs": {},
        "resources": [_resource(name, text) for name, text in texts.items()],
    }
    (folder / "terraform.tfstate").write_text(json.dumps(state), "utf-8")
    init = ["terraform", "init", "-input=false"]
    subprocess.run(init, cwd=folder, check=True, capture_output=True)
    return Command(
        ["terraform", "plan", "-input=false", "-lock=false", "-no-color"],
        folder,
        "No changes.",
    )


def _resource(name: str, text: str) -> Mapping[str, object]:
    """A resource that was made before, as Terraform keeps it."""
    value = {"value": text, "type": "string"}
    attributes = {
        "id": name,
        "input": value,
        "output": value,
        "triggers_replace": None,
    }
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes}],
    }
