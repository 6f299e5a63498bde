"""Which models there are: the embedded one, those of rft.toml, and the tuned ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rft.config import EMBEDDED_MODEL, Settings
from rft.errors import UserError, install_hint
from rft.local.model import gguf_path
from rft.local.store import Store


@dataclass(frozen=True)
class Model:
    """A model by its id. `folder`: Hugging Face weights; None: a GGUF file made by others."""

    id: str
    created: int
    owner: str
    folder: Path | None = None


class Catalog:
    """Ids are looked up here and nowhere else: no id is ever taken as a path."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._root = settings.root
        names = dict.fromkeys([EMBEDDED_MODEL, *settings.models.values()])
        self._bases = [model for name in names if (model := self._base(name))]

    def _base(self, name: str) -> Model | None:
        if name == EMBEDDED_MODEL or name.startswith("hf:"):
            return Model(name, 0, "rft")
        path = (self._root / Path(name).expanduser()).resolve()
        if path.is_file() and path.suffix == ".gguf":
            return Model(name, int(path.stat().st_mtime), "you")
        if (path / "config.json").is_file():
            return Model(name, int(path.stat().st_mtime), "you", path)
        return None  # an id of another endpoint, or of a tuned model

    def all(self) -> list[Model]:
        """Bases first, then tuned models, newest first."""
        tuned = [
            Model(m.id, m.created_at, "you", self._store.folder / m.folder)
            for m in self._store.models()
        ]
        return [*self._bases, *tuned]

    def get(self, model_id: str) -> Model | None:
        """One model, or None."""
        return next((model for model in self.all() if model.id == model_id), None)

    def gguf(self, model: Model) -> Path:
        """The file for llama.cpp. May download the embedded model, or convert a folder.

        Raises UserError or OutsideError.
        """
        if model.folder is None:
            return gguf_path(model.id, self._root)
        saved = model.folder / "model.gguf"
        if saved.is_file():
            return saved
        try:
            from rft.local.train.gguf_file import convert
        except ImportError:
            raise UserError(
                f"Serving the folder {model.id} needs the 'train' extra (it is converted to GGUF); "
                f"{install_hint('train')}."
            ) from None
        stamp = int((model.folder / "config.json").stat().st_mtime)
        target = self._store.folder / "converted" / f"{model.folder.name}-{stamp}.gguf"
        if not target.is_file():
            convert(model.folder, target)
        return target

    def weights(self, model: Model) -> Path:
        """The folder or GGUF file that training starts from."""
        return model.folder or gguf_path(model.id, self._root)
