"""The loss: squared error of people per cell, per 4x4 and 16x16 cells, and of the whole crop."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Sums over 4x4 and 16x16 cells let a head count a cell away from its point; absolute error would drive small
# cells to zero, since their median is zero.
BLOCKS = (1, 4, 16)
COUNT_WEIGHT = 0.02
# An error of a given share of the people grows with their number; without this a few dense crops drown the sparse and
# empty ones, and street scenes are over-counted.
EVEN_PEOPLE = 20.0
EVEN_POWER = 1.2
_KERNEL = torch.tensor([1.0, 2.0, 1.0])
_KERNEL = (_KERNEL[:, None] * _KERNEL[None] / 16.0)[None, None]


def soften(target: Tensor) -> Tensor:
    """Spreads people per cell `[N, 1, h, w]` by a Gaussian of 0.7 cells (5.7 px); mass at the border stays inside."""
    share = F.conv2d(torch.ones_like(target), _KERNEL, padding=1)  # what of a border cell's mass stays inside
    return F.conv2d(target / share, _KERNEL, padding=1)


def density_loss(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean loss of a batch `[N, 1, h, w]`.

    Each crop's squared error is evened out by its people, then its root is taken where it is large: one crop that goes
    wildly wrong must not decide the step of its batch. The root of a sum over cells is no absolute error of cells.
    """
    target = soften(target) * mask
    predicted = predicted * mask
    people = target.sum((1, 2, 3))
    loss = COUNT_WEIGHT * (predicted.sum((1, 2, 3)) - people) ** 2
    for block in BLOCKS:
        error = F.avg_pool2d(predicted - target, block) * block**2
        loss = loss + (error**2).sum((1, 2, 3)) / block
    loss = loss / (1 + people / EVEN_PEOPLE) ** EVEN_POWER
    return (2 * (torch.sqrt(1 + loss) - 1)).mean()
