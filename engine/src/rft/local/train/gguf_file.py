"""Write a llama-architecture model as GGUF, the file llama.cpp serves.

Layout and names follow llama.cpp's own converter (convert_hf_to_gguf.py, gguf-py); other
architectures are refused rather than written wrong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from numpy.typing import NDArray

from rft.errors import UserError

_ADVICE = "convert it with llama.cpp's convert_hf_to_gguf.py and name the .gguf file instead"


def convert(folder: Path, target: Path) -> None:
    """A Hugging Face folder as GGUF. Raises UserError for what this writer does not know."""
    from safetensors import safe_open
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    check_fit(config, tokenizer)
    state: dict[str, NDArray[Any]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:  # not "np", which has no bfloat16
            state |= {name: file.get_tensor(name).float().numpy() for name in file.keys()}  # noqa: SIM118
    if not state:
        raise UserError(f"{folder} holds no .safetensors file; save the weights as safetensors.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(config, tokenizer, state, target, Type.F16)


def check_fit(config: Any, tokenizer: Any) -> None:
    """Raises UserError if this model could not be written."""
    name = getattr(config, "_name_or_path", "") or "the model"
    if config.model_type != "llama":
        raise UserError(f"{name} is of type {config.model_type}, not llama; {_ADVICE}.")
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") != "default":
        raise UserError(f"{name} scales its positions ({rope['rope_type']}); {_ADVICE}.")
    if config.attention_bias or config.mlp_bias:
        raise UserError(f"{name} has biases; {_ADVICE}.")
    _pre_tokenizer(tokenizer)


def write_gguf(
    config: Any,
    tokenizer: Any,
    state: Mapping[str, NDArray[Any]],
    target: Path,
    matrices: Type = Type.Q8_0,
) -> None:
    """Write the file. `state`: names as transformers', float arrays. `matrices`: their type, Q8_0
    or F16; vectors are float32."""
    scratch = target.with_name(f".{target.name}.part")
    writer = gguf.GGUFWriter(scratch, "llama")
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_type("model")
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{matrices.name}"])
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_rope_dimension_count(head_size)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer, tokenizer, config.vocab_size)
    for name, array, kind in _named(config, state, matrices):
        writer.add_tensor(name, array, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(scratch, target)


def _named(
    config: Any, state: Mapping[str, NDArray[Any]], matrices: Type
) -> Iterator[tuple[str, NDArray[Any], Type]]:
    """Each tensor under llama.cpp's name, in the type and order of rows of the file."""
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, array in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if name.endswith("q_proj.weight"):
            array = _permuted(array, heads)
        elif name.endswith("k_proj.weight"):
            array = _permuted(array, kv_heads)
        short = names.get_name(name, try_suffixes=(".weight",))
        if short is None:
            raise UserError(f"The weights hold {name}, which no llama model has; {_ADVICE}.")
        kind = Type.F32 if array.ndim == 1 else matrices
        if kind is Type.Q8_0 and array.shape[-1] % 32:  # values in a block
            kind = Type.F16
        yield short, gguf.quants.quantize(np.ascontiguousarray(array, np.float32), kind), kind


class WeightsFile:
    """A GGUF file whose weights are replaced in place: only the first writing takes seconds."""

    def __init__(self, config: Any, tokenizer: Any, path: Path) -> None:
        self._config, self._tokenizer = config, tokenizer
        self.path = path
        self._tensors: dict[str, NDArray[Any]] = {}

    def write(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Write all weights; no llama.cpp may have the file open."""
        if not self._tensors:
            write_gguf(self._config, self._tokenizer, state, self.path)
            reader = gguf.GGUFReader(self.path, "r+")
            self._tensors = {tensor.name: tensor.data for tensor in reader.tensors}
            return
        for name, array, _ in _named(self._config, state, Type.Q8_0):
            self._tensors[name][...] = array

    def remove(self) -> None:
        """Delete the file."""
        self._tensors = {}
        self.path.unlink(missing_ok=True)


def _permuted(array: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows of a head from [first halves, second halves] to pairs, as llama.cpp's rotation reads."""
    rows, columns = array.shape
    pairs = array.reshape(heads, 2, rows // heads // 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)


def _add_tokenizer(writer: Any, tokenizer: Any, size: int) -> None:
    read = json.loads(tokenizer.backend_tokenizer.to_str())
    added = {entry["id"]: entry for entry in read["added_tokens"]}
    tokens, kinds = [], []
    for number in range(size):
        token = tokenizer.convert_ids_to_tokens(number)
        if token is None:
            token, kind = f"[PAD{number}]", gguf.TokenType.UNUSED
        elif number in added:
            special = added[number]["special"]
            kind = gguf.TokenType.CONTROL if special else gguf.TokenType.USER_DEFINED
        else:
            kind = gguf.TokenType.NORMAL
        tokens.append(token)
        kinds.append(kind)
    merges = read["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer(tokenizer))
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    for name in ("bos", "eos", "unk", "pad"):
        if (number := getattr(tokenizer, f"{name}_token_id")) is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    writer.add_add_bos_token(False)  # the chat template writes it where it belongs
    writer.add_add_space_prefix(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _pre_tokenizer(tokenizer: Any) -> str:
    """llama.cpp's name of the way this tokenizer splits text; UserError if it has none here."""
    read = json.loads(tokenizer.backend_tokenizer.to_str())
    parts = (read.get("pre_tokenizer") or {}).get("pretokenizers") or [read.get("pre_tokenizer")]
    kinds = [part and part["type"] for part in parts]
    if read["model"]["type"] == "BPE":
        if kinds == ["ByteLevel"]:
            return "gpt-2"
        if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"]:
            return "smollm"
    raise UserError(f"The model's tokenizer ({kinds}) is not known here; {_ADVICE}.")
