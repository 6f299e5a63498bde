"""What the tests of `rft serve` share: the service as a process, and the unmodified SDK."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

ENDED = ("succeeded", "failed", "cancelled")


class Running:
    """`rft serve` as a process in the toy project at `root`."""

    def __init__(self, root: Path, *options: str, **environment: str) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rft", "serve", "--port", "0", *options],
            cwd=root,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        self.said = self.process.stdout.readline()
        self.url = self.said.split()[1] if self.said.startswith("Serving") else ""

    def client(self, key: str = "any") -> Any:
        """The unmodified SDK."""
        from openai import OpenAI

        return OpenAI(base_url=self.url, api_key=key, max_retries=0)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(300)
        finally:
            self.kill()


@contextmanager
def serving(root: Path, *options: str, **environment: str) -> Iterator[Running]:
    """The service for as long as the block lasts."""
    service = Running(root, *options, **environment)
    try:
        yield service
    finally:
        service.stop()


def chat(number: int, answer: str | None = None) -> dict[str, Any]:
    """A row; with an `answer` a supervised one."""
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": f"question {number}"},
    ]
    if answer is not None:
        messages.append({"role": "assistant", "content": answer})
    return {"id": str(number), "messages": messages, "reference_answer": "e"}


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a file's content."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def upload(client: Any, rows: list[dict[str, Any]]) -> str:
    """A training file; returns its id."""
    file = client.files.create(file=("rows.jsonl", jsonl(rows)), purpose="fine-tune")
    return str(file.id)


def until(wanted: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def ended(client: Any, job_id: str, seconds: float = 300) -> Any:
    """The job when it has ended."""
    until(lambda: client.fine_tuning.jobs.retrieve(job_id).status in ENDED, seconds)
    return client.fine_tuning.jobs.retrieve(job_id)


def raw(answer: Any) -> Any:
    """The JSON of a raw response of the SDK."""
    return answer.http_response.json()


def tiny_llama() -> tuple[Any, Any]:
    """(model, tokenizer): a tiny llama, random but always the same, with the embedded model's
    tokenizer. Needs the packages of the train extra."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from rft.config import EMBEDDED_MODEL
    from rft.local.model import gguf_path
    from rft.local.train import weights

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": True}
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "vocab_size": 49152}
    model = LlamaForCausalLM(LlamaConfig(**sizes, **heads, **ids, max_position_embeddings=512))
    return model, weights.load_tokenizer(gguf_path(EMBEDDED_MODEL, Path()))


def below_best(model: Any, ids: list[int], answer: list[int]) -> float:
    """How far a token of the answer is at most below the likeliest in transformers' logits, as a
    share of what the likeliest is above the mean. Other tokens of a random model are 1 below."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([ids + answer])).logits[0, len(ids) - 1 : -1]
    best = logits.max(-1).values
    drawn = logits.gather(-1, torch.tensor(answer)[:, None])[:, 0]
    return float(((best - drawn) / (best - logits.mean(-1))).max())
