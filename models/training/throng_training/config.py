"""The training configuration: a TOML file, checked as it is read."""

import dataclasses
import tomllib
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class PictureSet:
    """A folder with `points.jsonl` and its pictures."""

    folder: Path  # absolute, or relative to the data folder
    name: str
    licence: str
    weight: float  # share of the samples drawn, before all weights are scaled to sum to 1
    scale: tuple[float, float]  # range of the zoom of a crop


@dataclasses.dataclass(frozen=True)
class Config:
    """See `compact.toml` for the meaning of each key."""

    name: str
    version: str
    seed: int
    initial_weights: str
    side_max_px: int
    crop_px: int
    batch: int
    learning_rate_trunk: float
    learning_rate_head: float
    weight_decay: float
    warm_up_steps: int
    ema_decay: float
    gradient_norm_max: float
    held_out: float
    sets: tuple[PictureSet, ...]

    @staticmethod
    def load(path: Path) -> "Config":
        """Reads the file; an unknown or absent key is an error that names it."""
        raw = tomllib.loads(path.read_text())
        sets = tuple(
            PictureSet(Path(s["folder"]), s["name"], s["licence"], float(s["weight"]), tuple(s["scale"]))
            for s in raw.pop("set")
        )
        try:
            return Config(sets=sets, **raw)
        except TypeError as error:
            raise SystemExit(f"{path}: {error}; compare with compact.toml") from error

    def with_rendered(self, folder: Path, weight: float) -> "Config":
        """Adds a folder of rendered scenes, written by `render-training-set` of the samples crate."""
        rendered = PictureSet(folder.resolve(), "Rendered crowds (render-training-set)", "Apache-2.0", weight, (0.6, 2.0))
        return dataclasses.replace(self, sets=(*self.sets, rendered))
