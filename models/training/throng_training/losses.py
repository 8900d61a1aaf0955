"""The loss: how far people per cell, per 4x4 and 16x16 cells and in the whole crop are from the truth."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Sums over 4x4 and 16x16 cells let a head count a cell away from its point; absolute error would drive small
# cells to zero, since their median is zero. Side of a block in cells: (weight, offset in people).
BLOCKS = {1: (0.1, 0.25), 4: (0.3, 1.5), 16: (1.0, 8.0)}
CROP = (3.0, 20.0)
_KERNEL = torch.tensor([1.0, 2.0, 1.0])
_KERNEL = (_KERNEL[:, None] * _KERNEL[None] / 16.0)[None, None]


def soften(target: Tensor) -> Tensor:
    """Spreads people per cell `[N, 1, h, w]` by a Gaussian of 0.7 cells (5.7 px); mass at the border stays inside."""
    share = F.conv2d(torch.ones_like(target), _KERNEL, padding=1)  # what of a border cell's mass stays inside
    return F.conv2d(target / share, _KERNEL, padding=1)


def divergence(predicted: Tensor, target: Tensor, offset: float) -> Tensor:
    """The Bregman divergence of a count whose variance grows as (count + offset)^1.5, element by element.

    Counts of crowds err by a share of the crowd. A squared error then hears dense crops alone; a squared error weighed
    by the true count, a root or a tight bound on the gradient under-counts, since each of them rewards doubt with less
    than the mean. A Bregman divergence weighs by the *predicted* count and is least at the mean.
    """
    predicted, target = predicted + offset, target + offset
    return 2 * (predicted.sqrt() - target.sqrt()) ** 2 / predicted.sqrt()


def density_loss(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean loss of a batch `[N, 1, h, w]` of people per cell; cells with `mask` 0 do not count."""
    target, predicted = soften(target) * mask, predicted * mask
    weight, offset = CROP
    loss = weight * divergence(predicted.sum((1, 2, 3)), target.sum((1, 2, 3)), offset)
    for side, (weight, offset) in BLOCKS.items():
        sums = [F.avg_pool2d(people, side) * side**2 for people in (predicted, target)]
        loss = loss + weight * divergence(*sums, offset).sum((1, 2, 3))
    return loss.mean()
