"""Score stored answers in promptfoo's engine and compare with the project's rewards; needs no key.

.venv/bin/python try_locally.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rft_reward.trial import cases, report

HERE = Path(__file__).resolve().parent
PROVIDER = """import fs from "node:fs";
const cases = JSON.parse(fs.readFileSync(process.env.RFT_CASES, "utf8")).cases;
export default class Stored {
  id() { return "stored"; }
  async callApi(prompt, context) {
    const { text, finish_reason } = cases[context.vars.case];
    return { output: text, raw: { choices: [{ message: { content: text }, finish_reason }] } };
  }
}
"""


def main() -> int:
    """Evaluate one test a case with a provider that answers as stored."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "stored.mjs").write_text(PROVIDER, encoding="utf-8")
        tests = [{"vars": {"row": c.item["id"], "case": n}} for n, c in enumerate(cases())]
        config = {
            "prompts": [f"file://{HERE}/prompt.mjs"],
            "providers": [f"file://{folder}/stored.mjs"],
            "tests": tests,
            "defaultTest": {
                "assert": [{"type": "javascript", "value": f"file://{HERE}/reward.mjs"}]
            },
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        results = evaluate(folder)
    rewards: list[float | None] = [None] * len(tests)
    for result in results["results"]["results"]:
        if result["gradingResult"] is not None:  # else an error, which has no score
            rewards[result["vars"]["case"]] = result["score"]
    return report(f"promptfoo {results['metadata']['promptfooVersion']}", rewards)


def evaluate(folder: Path) -> dict[str, Any]:
    """Run promptfoo on config.json; it exits with 100 when an answer does not pass."""
    npx = shutil.which("npx") or "npx"
    environment = {
        **os.environ,
        "RFT_TRY_LOCALLY": "1",
        "RFT_CASES": str(HERE / "cases.json"),
        "PROMPTFOO_CONFIG_DIR": str(folder),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_PYTHON": sys.executable,
    }
    config, out = folder / "config.json", folder / "results.json"
    command = [npx, "promptfoo", "eval", "-c", str(config), "-o", str(out), "--no-cache", "-j", "4"]
    done = subprocess.run(
        [*command, "--no-progress-bar", "--no-table"],
        cwd=HERE, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if not out.exists():
        sys.exit(f"promptfoo ended with code {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
