"""Upload the rows and send the job to Microsoft Foundry. Made by `rft export foundry`.

.venv/bin/python submit.py            shows the job and sends nothing
.venv/bin/python submit.py --send     uploads and sends
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from openai import OpenAI

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Show the job, or send it."""
    job: dict[str, Any] = json.loads((HERE / "job.json").read_text(encoding="utf-8"))
    grader = job["method"]["reinforcement"]["grader"]
    if "--send" not in sys.argv:
        print(json.dumps(job, indent=1))
        return
    if grader["type"] == "endpoint":  # the token is in the environment, never in a file
        if "YOUR-HOST" in grader["url"]:
            sys.exit("job.json names no endpoint yet: write the address of the service as url.")
        grader["headers"]["Authorization"] = f"Bearer {variable('RFT_TOKEN')}"
    client = OpenAI(
        base_url=f"{variable('AZURE_OPENAI_ENDPOINT').rstrip('/')}/openai/v1/",
        api_key=variable("AZURE_OPENAI_API_KEY"),
    )
    for split, field in (("train", "training_file"), ("validation", "validation_file")):
        file = client.files.create(file=HERE / f"{split}.jsonl", purpose="fine-tune")
        job[field] = client.files.wait_for_processing(file.id).id
    sent = client.fine_tuning.jobs.create(
        model=job.pop("model"), training_file=job.pop("training_file"), extra_body=job
    )
    print(f"{sent.id}: {sent.status}")


def variable(name: str) -> str:
    """What the environment holds under this name."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; see README.md.")


if __name__ == "__main__":
    main()
