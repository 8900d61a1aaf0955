"""Fits how much of dense cells to believe: see `network.shrunk`."""

import random
import statistics
from itertools import product

import numpy as np
import torch

from .config import Config
from .data import Picture
from .evaluate import DensityOf, masked_density
from .network import shrunk

BEYOND = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
SLOPE = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85)
AS_SEEN = (1.0, 1.0)
# Pictures with fewer people say nothing of dense cells.
PEOPLE_MIN = 20
HALVINGS = 200


def fit(config: Config, density_of: DensityOf, validation: list[list[Picture]]) -> None:
    """Prints mean absolute error and bias of the held-out pictures of each set, as seen and as shrunk, and what a choice
    by one half of the pictures is worth on the other. `density_of` was exported with what `config` says."""
    names, true, maps = [], [], []
    for pictures_of, pictures in zip(config.sets, validation):
        for picture in pictures:
            if len(picture.heads_in_image) >= PEOPLE_MIN:
                names.append(pictures_of.name)
                true.append(len(picture.heads_in_image))
                seen = _as_seen(masked_density(density_of, picture), config.dense_beyond, config.dense_slope)
                maps.append(torch.from_numpy(seen))
    people = np.array(true, float)
    choices = [AS_SEEN, *product(BEYOND, SLOPE)]
    off = {c: np.array([float(shrunk(m, *c).sum()) for m in maps]) - people for c in choices}
    # Neither a few pictures of thousands nor many of twenty decide.
    cost = {c: np.abs(off[c]) / np.sqrt(people) for c in choices}
    sets = {name: np.array([name == n for n in names]) for name in dict.fromkeys(names)}
    for choice in [AS_SEEN, *sorted(choices, key=lambda c: cost[c].mean())[:12]]:
        rows = {name: f"{np.abs(off[choice][of]).mean():.1f} ({off[choice][of].mean():+.1f})" for name, of in sets.items()}
        print(f"beyond {choice[0]} slope {choice[1]}: {rows}")
    rng, order = random.Random(config.seed), list(range(len(people)))
    tried: dict[str, list[tuple[float, float]]] = {name: [] for name in sets}
    for _ in range(HALVINGS):
        rng.shuffle(order)
        half, other = order[: len(order) // 2], order[len(order) // 2 :]
        best = min(choices, key=lambda c: cost[c][half].mean())
        for name, of in sets.items():
            if (rest := [k for k in other if of[k]]):
                tried[name].append((np.abs(off[best][rest]).mean(), np.abs(off[AS_SEEN][rest]).mean()))
    for name, pairs in tried.items():
        chosen, seen = map(statistics.fmean, zip(*pairs))
        print(f"{name}: {chosen:.1f}, chosen by the other half of the pictures; as seen {seen:.1f}")


def _as_seen(density: np.ndarray, beyond: float, slope: float) -> np.ndarray:
    return np.where(density < beyond, density, beyond + (density - beyond) / slope)
