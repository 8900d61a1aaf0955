"""Turns a picture into one training sample: a random crop at a random scale, in random light, on a random camera."""

import io
import math
import random

import numpy as np
from PIL import Image, ImageFilter

from .data import Picture

STRIDE_PX = 8


def cell_target(heads_in_crop: np.ndarray, cells: int) -> np.ndarray:
    """People per cell, `[cells, cells]`: each head spreads over its four nearest cells by bilinear weights.

    Mass that would leave the crop stays in the outermost cells, so the sum is the number of heads.
    """
    target = np.zeros((cells, cells), np.float32)
    if len(heads_in_crop):
        at = np.clip(heads_in_crop / STRIDE_PX - 0.5, 0, cells - 1.001)
        cell = np.floor(at).astype(int)
        part = at - cell
        for dx in (0, 1):
            for dy in (0, 1):
                weight = (part[:, 0] if dx else 1 - part[:, 0]) * (part[:, 1] if dy else 1 - part[:, 1])
                np.add.at(target, (cell[:, 1] + dy, cell[:, 0] + dx), weight)
    return target


def ignore_mask(ignore_in_crop: np.ndarray, cells_high: int, cells_wide: int) -> np.ndarray:
    """1 where the truth is known, 0 in each cell that a rectangle (x0, y0, x1, y1 in pixels) touches."""
    mask = np.ones((cells_high, cells_wide), np.float32)
    for x0, y0, x1, y1 in ignore_in_crop / STRIDE_PX:
        mask[max(0, int(y0)) : max(0, math.ceil(y1)), max(0, int(x0)) : max(0, math.ceil(x1))] = 0
    return mask


def _zoom(scale: tuple[float, float], rng: random.Random) -> float:
    """Half of the crops near the scale of the picture, half anywhere in the range; uniform in the logarithm."""
    low, high = (max(0.75, scale[0]), min(1.33, scale[1])) if rng.random() < 0.5 else scale
    return math.exp(rng.uniform(math.log(min(low, high)), math.log(high)))


def random_crop(picture: Picture, scale: tuple[float, float], crop_px: int, rng: random.Random):
    """Returns `rgb [C, C, 3] uint8`, heads `[N, 2]` and ignored rectangles `[M, 4]` (corners), in the crop's pixels."""
    high, wide = picture.rgb.shape[:2]
    zoom = _zoom(scale, rng)
    if rng.random() < 0.85:  # else the crop may reach outside a small picture
        zoom = max(zoom, crop_px / max(wide, high))
    side = crop_px / zoom
    x0 = rng.uniform(0, wide - side) if side < wide else (wide - side) / 2
    y0 = rng.uniform(0, high - side) if side < high else (high - side) / 2
    left, top = max(0, int(x0)), max(0, int(y0))
    right, bottom = min(wide, math.ceil(x0 + side)), min(high, math.ceil(y0 + side))
    new_w = min(crop_px, max(1, round((right - left) * zoom)))
    new_h = min(crop_px, max(1, round((bottom - top) * zoom)))
    filters = [Image.BILINEAR, Image.BICUBIC] if zoom > 1 else [Image.BILINEAR, Image.BOX]
    part = Image.fromarray(picture.rgb[top:bottom, left:right]).resize((new_w, new_h), rng.choice(filters))
    part = np.asarray(part)
    pad_x, pad_y = rng.randint(0, crop_px - new_w), rng.randint(0, crop_px - new_h)
    around = ((pad_y, crop_px - new_h - pad_y), (pad_x, crop_px - new_w - pad_x), (0, 0))
    if rng.random() < 0.5:
        rgb = np.pad(part, around, constant_values=rng.randint(0, 255))
    else:
        rgb = np.empty((crop_px, crop_px, 3), np.uint8)
        rgb[:] = part.reshape(-1, 3).mean(0)
        rgb[pad_y : pad_y + new_h, pad_x : pad_x + new_w] = part
    per_px = np.array([new_w / (right - left), new_h / (bottom - top)], np.float32)
    corner, pad = np.array([left, top], np.float32), np.array([pad_x, pad_y], np.float32)
    heads = (picture.heads_in_image - corner) * per_px
    heads = heads[(heads >= 0).all(1) & (heads < [new_w, new_h]).all(1)] + pad
    boxes = picture.ignore_in_image
    ends = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1).reshape(-1, 2)
    ignore = ((ends - corner) * per_px + pad).reshape(-1, 4)
    return rgb, heads, ignore


def random_camera(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Changes colour, light, sharpness, noise and compression; `[C, C, 3] uint8` in and out."""
    if rng.random() < 0.15:
        rgb = np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, 2)
    if rng.random() < 0.12:
        rgb = np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3))))
    if rng.random() < 0.65:
        level = np.arange(256, dtype=np.float32) / 255  # one look-up table a channel: cheaper than float pictures
        gamma, gain, shift = math.exp(rng.uniform(-0.5, 0.5)), rng.uniform(0.6, 1.3), rng.uniform(-30, 30)
        light = (255 * level**gamma - 128) * gain + 128 + shift
        tables = [np.clip(light * rng.uniform(0.88, 1.12), 0, 255).astype(np.uint8) for _ in range(3)]
        rgb = np.stack([table[rgb[..., channel]] for channel, table in enumerate(tables)], -1)
    if rng.random() < 0.25:
        noise = np.random.default_rng(rng.getrandbits(32)).standard_normal(rgb.shape, np.float32)
        rgb = np.clip(rgb + noise * rng.uniform(1, 14), 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        jpeg = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(rgb)).save(jpeg, "JPEG", quality=rng.randint(25, 90))
        rgb = np.asarray(Image.open(jpeg))
    return rgb


def sample(picture: Picture, scale: tuple[float, float], crop_px: int, rng: random.Random):
    """One sample: image `[3, C, C] uint8`, target `[1, C/8, C/8]` people per cell, mask of the same shape."""
    rgb, heads, ignore = random_crop(picture, scale, crop_px, rng)
    cells = crop_px // STRIDE_PX
    mask = ignore_mask(ignore, cells, cells)
    if rng.random() < 0.5:
        rgb, mask = rgb[:, ::-1], mask[:, ::-1]
        heads = np.stack([crop_px - 1e-3 - heads[:, 0], heads[:, 1]], 1)
    image = np.ascontiguousarray(random_camera(np.ascontiguousarray(rgb), rng).transpose(2, 0, 1))
    return image, cell_target(heads, cells)[None], np.ascontiguousarray(mask[None])


def made_up_empty(crop_px: int, rng: random.Random):
    """A sample with nobody in it and nothing of a street either: flat light, noise, patches, stripes or checks."""
    made = np.random.default_rng(rng.getrandbits(32))
    low, high = sorted(made.uniform(0, 255, (2, 3)).astype(np.float32), key=lambda colour: colour.sum())
    kind = rng.choice(("flat", "noise", "patches", "stripes", "checks"))
    if kind == "flat":
        share = np.full((crop_px, crop_px), rng.random(), np.float32)
    elif kind in ("noise", "patches"):
        size = 1 if kind == "noise" else rng.choice((2, 4, 8, 16, 32))
        small = made.random((-(-crop_px // size),) * 2, np.float32)
        share = np.kron(small, np.ones((size, size), np.float32))[:crop_px, :crop_px]
    else:
        period, turn = rng.uniform(4, 80), rng.uniform(0, math.pi)
        y, x = np.mgrid[:crop_px, :crop_px].astype(np.float32)
        along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
        share = np.floor(along / period) % 2
        if kind == "checks":
            share = (share + np.floor(across / period)) % 2
    rgb = low + (high - low) * share[..., None]
    if kind == "noise" and rng.random() < 0.5:  # every channel its own noise
        rgb = low + (high - low) * made.random(rgb.shape, np.float32)
    rgb = random_camera(np.clip(rgb, 0, 255).astype(np.uint8), rng)
    cells = crop_px // STRIDE_PX
    image = np.ascontiguousarray(rgb.transpose(2, 0, 1))
    return image, np.zeros((1, cells, cells), np.float32), np.ones((1, cells, cells), np.float32)
