"""The rows as the parquet files that verl reads. Made by `rft export verl`."""

from __future__ import annotations

from pathlib import Path

from datasets import load_dataset

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write train.parquet and so on beside the *.jsonl files."""
    for split in ("train", "validation", "test"):
        rows = load_dataset("json", data_files=str(HERE / f"{split}.jsonl"), split="train")
        rows.to_parquet(str(HERE / f"{split}.parquet"))
        print(f"{split}.parquet: {len(rows)} rows")


if __name__ == "__main__":
    main()
