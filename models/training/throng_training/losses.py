"""The loss: how unlikely the truth is, if people in cells and in blocks of cells are Poisson with the predicted mean."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Sums over blocks let a head count a cell away from its point. Side of a block in cells: weight.
BLOCKS = {1: 1.0, 2: 1.0, 4: 1.0, 16: 1.0}
CROP = 1.0
# People that are added to the predicted count of a crop before its root weighs the crop down.
CROP_OFFSET = 2.0
# Least mean of a cell, in people: bounds the logarithm where a head stands in a cell predicted empty.
LEAST = 1e-4
_KERNEL = torch.tensor([1.0, 2.0, 1.0])
_KERNEL = (_KERNEL[:, None] * _KERNEL[None] / 16.0)[None, None]


def soften(target: Tensor) -> Tensor:
    """Spreads people per cell `[N, 1, h, w]` by a Gaussian of 0.7 cells (5.7 px); mass at the border stays inside."""
    kernel = _KERNEL.to(target.device)
    share = F.conv2d(torch.ones_like(target), kernel, padding=1)  # what of a border cell's mass stays inside
    return F.conv2d(target / share, kernel, padding=1)


def deviance(predicted: Tensor, target: Tensor) -> Tensor:
    """The Poisson deviance of counts, halved, element by element: 0 where they agree.

    It is least at the mean whatever the spread, so doubt does not bias the count. And a missed head pulls its cell up
    as strongly as a false one pulls it down, however near to zero the cell is predicted; a squared error is deaf there.
    """
    return predicted - target - target * ((predicted + LEAST).log() - target.clamp_min(LEAST).log())


def density_loss(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean loss of a batch `[N, 1, h, w]` of people per cell; cells with `mask` 0 do not count.

    Dense crops are weighed down by the root of their *predicted* count: weights by the true count would under-count.
    """
    target, predicted = soften(target) * mask, predicted * mask
    crop = predicted.sum((1, 2, 3))
    loss = CROP * deviance(crop, target.sum((1, 2, 3)))
    for side, weight in BLOCKS.items():
        sums = [F.avg_pool2d(people, side) * side**2 for people in (predicted, target)]
        loss = loss + weight * deviance(*sums).sum((1, 2, 3))
    return (loss / (crop.detach() + CROP_OFFSET).sqrt()).mean()
