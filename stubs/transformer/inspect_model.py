"""2.12 Looking inside a model: what attention looks at, where the gradient goes, which tokens lie near each other.

The first three functions look at a running model, in torch; the last three are NumPy. What they look at stays as it
was. It may lie on a GPU: a tensor of your own that meets others belongs on their device.

A *model* here is an `nn.Module` that model(ids) takes from int64 ids (B, T) to logits (B, T, V). It holds `layers`, an
`nn.ModuleList` of blocks like those of 2.11. In its forward each block calls its `attn`, once, as attn(x) or
attn(x, token_positions), with x (B, T, d_model). `attn` has q_proj, k_proj, num_heads and rope (a module, or None), as
in 2.10. The rest (embedding, norms, output) is its own affair. In 3.1 you write one; a small one stands in the lesson.

What 2.10 does not allow is not allowed here; nor are `torch.cosine_similarity`, `torch.distributions`, and the low-rank
decompositions of torch. `np.linalg` is.
"""

import numpy as np
from torch import Tensor, nn


def attention_weights(model: nn.Module, ids: Tensor, layer: int, head: int) -> Tensor:
    """Return the weights (B, T, T) with which a head of a layer reads when model(ids) runs in evaluation mode.

    ids: int64, (B, T). layer, head: counted from 0.
    Row t of a member of the batch holds the weights of query t: it sums to 1, and is exactly 0 for the keys after t.
    They are those that forward uses: with the token_positions that reach the attention, whatever these are; right
    also where scores are ±1e4.

    Asking changes nothing. Afterwards the model computes the same, every part of it is in the mode (training or
    evaluation) in which it was, no hook is left, no gradient and no random number has been touched; also where an error
    is raised on the way. The weights do not require a gradient. No dropout: it is as in evaluation.

    Raises IndexError if layer is not in 0 … len(model.layers) − 1, or head not in 0 … num_heads − 1.
    """
    raise NotImplementedError("attention_weights")


def attention_entropy(W: Tensor) -> Tensor:
    """Return the entropy of each row of weights, −Σ w · ln w over the last axis, in nats: (…, Tq, Tk) -> (…, Tq).

    0 · ln 0 counts as 0: keys that are masked add nothing, and a row of zeros has entropy 0. A query that sees t + 1
    keys has at most ln(t + 1). No result is negative, or −0.0. The dtype stays.

    >>> import torch
    >>> attention_entropy(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
    tensor([0.0000, 0.6931])
    """
    raise NotImplementedError("attention_entropy")


def gradient_flow(model: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, float]:
    """Return for every parameter the length (L2 norm) of the gradient of the loss, by its name.

    batch: (ids, targets), both int64 (B, T). The loss is the cross-entropy of the logits model(ids) with the targets,
        the mean over all B · T places, in nats, in evaluation mode; finite for logits of ±1e4.
    The names are those of model.named_parameters(), in this order: a weight that is shared comes once. Parameters that
    do not require a gradient are left out; one that the loss does not depend on has 0.0. The values are Python floats.

    Asking changes nothing: neither a parameter nor its .grad, which may hold what somebody else has gathered there; nor
    the mode of any part of the model.
    """
    raise NotImplementedError("gradient_flow")


def pca_2d(E: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (points, components, shares): the directions in which the rows of E differ most, and E along them.

    E: (V, d), V and d at least 2, any float dtype; all three results are float64.
    components: (2, d), two rows of length 1 at right angles. The first is the direction of the greatest variance of the
        rows around their mean, the second that of the greatest variance at right angles to it. Sign: the entry of a
        component with the largest absolute value is positive.
    points: (V, 2): the rows, without their mean, along the components. Then mean + points @ components is as near to E
        as a plane can be.
    shares: (2,): which share of the whole variance lies in each direction, the larger one first. If all rows are equal,
        points and shares are 0.

    Raises ValueError if E is not 2-D, or V or d is below 2.

    >>> points, components, shares = pca_2d(np.array([[0.0, 1.0, 5.0], [3.0, 1.0, 5.0], [6.0, 1.0, 5.0]]))
    >>> points[:, 0], components[0], shares[0]
    (array([-3.,  0.,  3.]), array([1., 0., 0.]), np.float64(1.0))
    """
    raise NotImplementedError("pca_2d")


def nearest_tokens(E: np.ndarray, id: int, k: int, metric: str = "cosine") -> list[tuple[int, float]]:  # noqa: A002
    """Return the k rows of E nearest to row id, the nearest first, as [(row, score), …]; row id is not among them.

    E: (V, d), any float dtype; computed in float64.
    metric: "cosine": the score is the cosine of the angle between two rows, nearest = largest; a row of zeros has
        cosine 0 with every row. "dot": the dot product, nearest = largest. "euclidean": the distance, nearest =
        smallest.
    Of equal scores the smaller row comes first. Rows are Python ints, scores Python floats.

    Raises IndexError if id is not in 0 … V − 1, ValueError if k is not in 1 … V − 1, or for another metric.

    >>> nearest_tokens(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]]), 0, 2)
    [(1, 1.0), (2, 0.0)]
    """
    raise NotImplementedError("nearest_tokens")


def ascii_heatmap(W: np.ndarray) -> str:
    """Draw a matrix as text: a line for each row, a character for each number, nothing else; lines joined by "\\n".

    W: (R, C), numbers; below 0 counts as 0, above 1 as 1. The ten characters are " .:-=+*#%@". 0 is the blank, and from
    there to 1 the range is cut into nine equal parts: 0 < w ≤ 1/9 is ".", …, 8/9 < w ≤ 1 is "@". So a weight that is
    not 0 can always be seen. NaN is "?". Raises ValueError if W is not 2-D.

    >>> ascii_heatmap(np.array([[1.0, 0.05], [0.3, 0.7]]))
    '@.\\n-#'
    """
    raise NotImplementedError("ascii_heatmap")
