"""The training loop: wall-clock cosine schedule, averaged weights, checkpoints that a stopped run resumes from."""

import copy
import json
import math
import os
import random
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from .augment import made_up_empty, sample
from .config import Config
from .data import Picture, read_set, split
from .evaluate import count_errors, torch_counter
from .initial import calibrate, load, load_package, load_yolox
from .losses import density_loss
from .network import SHAPES, Counter
from .teacher import teacher_of

CHECKPOINT_SECS = 120
VALIDATION_SECS = 600
# Pictures of each set that are counted during training; `evaluate --held-out` counts all.
VALIDATION_PICTURES = 24
# Batches whose statistics the normalisations of the initial weights take over.
CALIBRATION_BATCHES = 6
# Share of samples that are made up and empty, so that a dead or noisy camera shows nobody.
MADE_UP_SHARE = 0.03


class Samples(IterableDataset):
    """Endless samples: a set drawn by weight, then a picture of it, then a crop."""

    def __init__(self, config: Config, pictures: list[list[Picture]], seed: int):
        self.config, self.pictures, self.seed = config, pictures, seed

    def __iter__(self):
        worker = get_worker_info()
        rng = random.Random(self.seed + 1_000_003 * (worker.id if worker else 0))
        chosen = [k for k, pictures in enumerate(self.pictures) if pictures]
        weights = [self.config.sets[k].weight for k in chosen]
        while True:
            if rng.random() < MADE_UP_SHARE:
                yield made_up_empty(self.config.crop_px, rng)
                continue
            k = rng.choices(chosen, weights)[0]
            yield sample(rng.choice(self.pictures[k]), self.config.sets[k].scale, self.config.crop_px, rng)


class Run:
    """What training changes: the network, its running average, the optimiser and the progress."""

    def __init__(self, config: Config, data: Path, device: torch.device, start: Path | None):
        torch.manual_seed(config.seed)
        self.config, self.device, self.step, self.secs = config, device, 0, 0.0
        network = Counter(SHAPES[config.network])
        # Exported weights have their normalisation fused in, which the first batches split off again.
        self.fused = False
        if start:
            self.fused = load(network, start)
        elif config.initial_weights.endswith(".onnx"):
            load_yolox(network, data / config.initial_weights)
            self.fused = True
        elif config.initial_weights:
            load_package(network, config.initial_weights)
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.kept, self.new = ([v for v in counter.state_dict().values() if v.is_floating_point()]
                               for counter in (self.average, self.network))
        trunk = {id(p) for part in self.network.trunk() for p in part.parameters()}
        groups = [
            {"params": [p for p in self.network.parameters() if id(p) in trunk], "peak": config.learning_rate_trunk},
            {"params": [p for p in self.network.parameters() if id(p) not in trunk], "peak": config.learning_rate_head},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, weight_decay=config.weight_decay)
        self.teacher = teacher_of(config, device)

    def restore(self, path: Path) -> None:
        """Goes on where a checkpoint left off."""
        state = torch.load(path, map_location=self.device)
        for name in ("network", "average", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.secs = state["step"], state["secs"]

    def save(self, path: Path) -> None:
        """Writes a checkpoint; a run stopped meanwhile leaves the last whole one."""
        state = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimiser")}
        torch.save(state | {"step": self.step, "secs": self.secs}, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)

    def freeze_statistics(self) -> None:
        """From now on batches are normalised by the running statistics, as in use.

        A batch mixes dense and empty scenes and is normalised by both; a dense picture counted alone then reads too
        high. Training to the end by the same statistics that are shipped takes that difference out.
        """
        for norm in self.network.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.eval()

    def learn(self, image: Tensor, target: Tensor, mask: Tensor, rate: float) -> Tensor:
        """One step at `rate` times the peak learning rates; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        image, target, mask = (part.to(self.device, non_blocking=True) for part in (image, target, mask))
        image = image.float().contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.config.mixed_precision):
            predicted = self.network(image)
            taught = self.teacher(image) if self.teacher else None
        loss = density_loss(predicted, target, mask)
        if taught is not None:
            loss = (loss + density_loss(predicted, taught, mask)) / 2
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_norm_max)
        self.optimiser.step()
        self.step += 1
        keep = min(self.config.ema_decay, self.step / (10 + self.step))
        torch._foreach_lerp_(self.kept, self.new, 1 - keep)
        return loss.detach()


def load_sets(config: Config, data: Path) -> tuple[list[list[Picture]], list[list[Picture]]]:
    """Training and validation pictures of each set of the configuration."""
    parts = [split(read_set(data / s.folder, config.side_max_px), config.held_out, config.seed) for s in config.sets]
    return [p[0] for p in parts], [p[1] for p in parts]


def rate_at(done: float, step: int, warm_up_steps: int) -> float:
    """Share of the peak learning rate: a linear warm-up in steps, then a cosine over the part `done` (0..1) to 0.01."""
    return min(1.0, (step + 1) / warm_up_steps) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def train(config: Config, data: Path, out: Path, minutes: float, steps_max: int | None = None, start: Path | None = None,
          device: str = "cpu", workers: int = 1):
    """Trains for `minutes` of wall clock (or `steps_max` steps) and leaves `checkpoint.pt` and `log.jsonl` in `out`.

    The schedule follows the clock rather than the steps, so that other work on the machine does not cut its end off.
    A checkpoint in `out` is resumed; else the weights of `start`, a checkpoint or an exported counter, are begun from.
    """
    out.mkdir(parents=True, exist_ok=True)
    training, validation = load_sets(config, data)
    run, checkpoint = Run(config, data, torch.device(device), start), out / "checkpoint.pt"
    if checkpoint.exists():
        run.restore(checkpoint)
    samples = Samples(config, training, config.seed + run.step)
    loader = iter(DataLoader(samples, config.batch, num_workers=workers, prefetch_factor=6, pin_memory=device != "cpu"))
    if not run.step and run.fused:
        calibrate(run.network, torch.cat([next(loader)[0] for _ in range(CALIBRATION_BATCHES)]).to(run.device).float())
        run.average.load_state_dict(run.network.state_dict())
    before_secs, began = run.secs, time.monotonic()
    saved = validated = before_secs
    losses: list[Tensor] = []
    while (done := run.secs / (60 * minutes)) < 1 and (steps_max is None or run.step < steps_max):
        rate = rate_at(done, run.step, config.warm_up_steps)
        if done >= config.batch_statistics_until:
            run.freeze_statistics()
        losses.append(run.learn(*next(loader), rate))
        run.secs = before_secs + time.monotonic() - began
        if run.step % 50 == 0:
            mean = torch.stack(losses).mean().item()
            losses.clear()
            _log(out, {"step": run.step, "loss": round(mean, 3), "lr_factor": round(rate, 4),
                       "minutes": round(run.secs / 60, 1)})
        if run.secs - saved > CHECKPOINT_SECS:
            run.save(checkpoint)
            saved = run.secs
        if run.secs - validated > VALIDATION_SECS:
            _log(out, {"step": run.step, "validation_mae": _validate(config, run.average, validation)})
            validated = run.secs
    run.save(checkpoint)
    _log(out, {"step": run.step, "validation_mae": _validate(config, run.average, validation)})


def _log(out: Path, row: dict) -> None:
    print(json.dumps(row), flush=True)
    with open(out / "log.jsonl", "a") as file:
        file.write(json.dumps(row) + "\n")


def _validate(config: Config, network: Counter, validation: list[list[Picture]]) -> dict[str, float]:
    """Mean absolute error of each set's held-out pictures."""
    count = torch_counter(network, next(network.parameters()).device)
    return {s.name: round(count_errors(count, pictures[:VALIDATION_PICTURES]).mae, 2)
            for s, pictures in zip(config.sets, validation) if pictures}
