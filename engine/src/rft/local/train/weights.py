"""Weights in and out: a GGUF file or a Hugging Face folder to train on, a folder to serve again."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from rft.errors import OutsideError, UserError
from rft.local.train.gguf_file import check_fit, write_gguf

_PRE_TOKENIZERS = {
    "smollm": lambda: pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    ),
}
"""Pre-tokenizers that a GGUF file only names and transformers does not know by that name."""


def load(source: Path, device: str) -> tuple[Any, Any]:
    """(model, tokenizer) in float32 on `device`.

    Raises UserError for a model that could not be written as GGUF after its training, OutsideError
    for files that cannot be read.
    """
    try:
        tokenizer = load_tokenizer(source)
        model = AutoModelForCausalLM.from_pretrained(dtype=torch.float32, **_place(source))
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise OutsideError(f"{source} cannot be loaded for training: {reason}.") from None
    if not tokenizer.chat_template:
        raise UserError(f"{source} has no chat template; train on an instruction-tuned model.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if source.is_file():
        model = _plain(model)
    check_fit(model.config, tokenizer)
    return model.to(device), tokenizer


def _plain(model: Any) -> Any:
    """The same weights in a model that is not marked as quantized, which trainers refuse."""
    config = model.config
    del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = model.generation_config
    return plain


def load_tokenizer(source: Path) -> Any:
    """The tokenizer of a folder or GGUF file, splitting text as llama.cpp does."""
    tokenizer = AutoTokenizer.from_pretrained(**_place(source))
    if source.is_file() and (named := _PRE_TOKENIZERS.get(_pre_tokenizer_of(source))):
        tokenizer.backend_tokenizer.pre_tokenizer = named()
    return tokenizer


def _place(source: Path) -> dict[str, Any]:
    where, file = (source.parent, source.name) if source.is_file() else (source, None)
    return {
        "pretrained_model_name_or_path": where,
        "gguf_file": file,
        "local_files_only": True,
    }


def _pre_tokenizer_of(path: Path) -> str:
    from gguf import GGUFReader

    field = GGUFReader(path).get_field("tokenizer.ggml.pre")
    return str(field.contents()) if field else ""


def merged(model: Any) -> dict[str, torch.Tensor]:
    """The weights as a plain model's, LoRA added in; on the CPU, the model left as it is."""
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    if not isinstance(model, PeftModel):
        return {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    plain: dict[str, torch.Tensor] = {}
    deltas: dict[str, torch.Tensor] = {}
    for name, module in model.base_model.model.named_modules():
        if isinstance(module, LoraLayer):
            deltas[f"{name}.weight"] = module.get_delta_weight("default").detach()
    for name, tensor in model.base_model.model.state_dict().items():
        if ".lora_" in name:
            continue
        name = name.replace(".base_layer.", ".")
        plain[name] = (tensor + deltas[name] if name in deltas else tensor).detach().cpu()
    return plain


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a folder that transformers loads and llama.cpp serves (model.gguf), in one step."""
    from peft import PeftModel
    from safetensors.torch import save_file

    state = merged(model)
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    config = plain.config
    if config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    scratch = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    config.save_pretrained(scratch)
    tokenizer.save_pretrained(scratch)
    with contextlib.suppress(OSError, ValueError):
        plain.generation_config.save_pretrained(scratch)
    contiguous = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(contiguous, scratch / "model.safetensors", metadata={"format": "pt"})
    write_gguf(config, tokenizer, {n: t.numpy() for n, t in state.items()}, scratch / "model.gguf")
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
