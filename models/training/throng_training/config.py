"""The training configuration: a TOML file, checked as it is read."""

import dataclasses
import tomllib
from pathlib import Path

from .network import SHAPES


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
    network: str  # one of `network.SHAPES`
    seed: int
    initial_weights: str  # YOLOX' ONNX file in the data folder, or a Python package that holds weights; "" for none
    teacher: str  # exported counter or checkpoint whose map is learned beside the truth; "" for none
    teacher_network: str  # its shape
    side_max_px: int
    crop_px: int
    batch: int
    mixed_precision: bool  # products in bfloat16: faster from 32 channels up, slower below
    learning_rate_trunk: float
    learning_rate_head: float
    weight_decay: float
    warm_up_steps: int
    batch_statistics_until: float  # share of the schedule after which normalisations keep their statistics
    ema_decay: float
    gradient_norm_max: float
    held_out: float
    dense_beyond: float  # people of a cell beyond which what is exported counts by `dense_slope` only
    dense_slope: float
    sets: tuple[PictureSet, ...]

    @staticmethod
    def load(path: Path) -> "Config":
        """Reads the file; an unknown or absent key is an error that names it."""
        raw = tomllib.loads(path.read_text())
        if "sets" not in raw:
            raise SystemExit(f"{path}: `sets` is missing: the file of the pictures, such as sets.toml")
        if raw.get("teacher"):
            raw["teacher"] = str((path.parent / raw["teacher"]).resolve())
        listed = tomllib.loads((path.parent / raw.pop("sets")).read_text())["set"]
        sets = tuple(
            PictureSet(Path(s["folder"]), s["name"], s["licence"], float(s["weight"]), tuple(s["scale"]))
            for s in listed
        )
        try:
            config = Config(sets=sets, **raw)
        except TypeError as error:
            raise SystemExit(f"{path}: {error}; compare with compact.toml") from error
        if config.network not in SHAPES:
            raise SystemExit(f"{path}: network {config.network!r} is none of {', '.join(SHAPES)}")
        return config

    def with_rendered(self, folder: Path) -> "Config":
        """Adds a folder of rendered scenes, written by `render-training-set` of the samples crate."""
        return self._with(PictureSet(folder.resolve(), "Rendered crowds (render-training-set)", "Apache-2.0", 0.12, (0.6, 2.0)))

    def with_mast(self, folder: Path) -> "Config":
        """Adds a folder of rendered crowds seen from masts, written by `render-training-set --shots dense-from-mast`."""
        name = "Rendered crowds from masts (render-training-set)"
        return self._with(PictureSet(folder.resolve(), name, "Apache-2.0", 0.1, (0.5, 2.0)))

    def with_scenery(self, folder: Path) -> "Config":
        """Adds a folder of pictures without people, written by `scenery.sh`."""
        name = "Scenery and textures of Debian packages (scenery.sh)"
        return self._with(PictureSet(folder.resolve(), name, "free, as the packages state", 0.07, (0.3, 1.6)))

    def _with(self, more: PictureSet) -> "Config":
        return dataclasses.replace(self, sets=(*self.sets, more))
