"""F.4 A multi-layer perceptron on your own engine: neurons, layers, a network, a loss, and the loop that trains it.

Write the classes in the order they stand here, then the three functions. Every number that takes part in learning is
a `Value` of F.3: you write only the forward computation, your engine finds the gradients. The names of attributes are
yours; only what the docstrings name is fixed.
"""

import random  # noqa: F401 - the initial weights come from here
from collections.abc import Sequence

from minillm.foundations.engine import Value


class Module:
    """Anything with parameters: the base class of Neuron, Layer and MLP, and of whatever you invent later."""

    def parameters(self) -> list[Value]:
        """Return the parameters as a list; a bare Module has none. Subclasses override this.

        >>> Module().parameters()
        []
        """
        raise NotImplementedError("Module.parameters")

    def zero_grad(self) -> None:
        """Set .grad of everything that self.parameters() returns to the number 0, whatever stood there (inf, too).

        The .data stay as they are.
        """
        raise NotImplementedError("Module.zero_grad")


class Neuron(Module):
    """One neuron: z = w·x + b, then relu(z) if `nonlin`, else z itself.

    The initial weights are drawn with random.uniform(-1, 1), one draw per weight and no other; the bias starts at 0. So
    random.seed(k) before the constructor fixes the neuron. A constructor never seeds by itself.
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        """Make a neuron of `nin` inputs.

        >>> random.seed(0)
        >>> [round(p.data, 3) for p in Neuron(2).parameters()]
        [0.689, 0.516, 0.0]
        """
        raise NotImplementedError("Neuron")

    def __call__(self, x: Sequence[float | Value]) -> Value:
        """Return the output for one example.

        x: nin numbers or Values (a list or a tuple). Any other length raises ValueError. x itself is not changed.

        >>> n = Neuron(2)
        >>> for p, v in zip(n.parameters(), [1.0, -2.0, 0.5]):
        ...     p.data = v
        >>> n([3.0, 1.0]).data, n([0.0, 1.0]).data
        (1.5, 0.0)
        """
        raise NotImplementedError("Neuron.__call__")

    def parameters(self) -> list[Value]:
        """Return the nin weights, in the order of the inputs, and then the bias: the same objects at every call."""
        raise NotImplementedError("Neuron.parameters")


class Layer(Module):
    """`nout` neurons side by side, all looking at the same `nin` inputs."""

    def __init__(self, nin: int, nout: int, **kw: bool) -> None:
        """Make the layer; `kw` (that is, nonlin) goes to every Neuron."""
        raise NotImplementedError("Layer")

    def __call__(self, x: Sequence[float | Value]) -> Value | list[Value]:
        """Return the outputs of all neurons as a list; a layer of one neuron returns its single Value, not a list.

        x: as for a Neuron; any length but nin raises ValueError.

        >>> len(Layer(2, 3)([1.0, -1.0])), type(Layer(2, 1)([1.0, -1.0])).__name__
        (3, 'Value')
        """
        raise NotImplementedError("Layer.__call__")

    def parameters(self) -> list[Value]:
        """Return the parameters of the first neuron, then of the second, and so on: nout·(nin + 1) in all."""
        raise NotImplementedError("Layer.parameters")


class MLP(Module):
    """A multi-layer perceptron: layers in a row, relu in all of them but the last, which is linear."""

    def __init__(self, nin: int, nouts: list[int]) -> None:
        """Make a network of `nin` inputs and layers of the widths `nouts`; nouts itself is not changed.

        The layers are made first to last, so the weights are drawn in the order of parameters(). Any width
        may be 1, also in the middle: MLP(2, [3, 1, 2]) works.

        >>> len(MLP(2, [4, 1]).parameters())
        17
        """
        raise NotImplementedError("MLP")

    def __call__(self, x: Sequence[float | Value]) -> Value | list[Value]:
        """Return what the last layer returns for one example x: a single Value if it has one neuron, else a list.

        x: as for a Neuron; any length but nin raises ValueError.

        >>> net = MLP(1, [1, 1])
        >>> for p, v in zip(net.parameters(), [2.0, 0.0, -3.0, 1.0]):
        ...     p.data = v
        >>> net([0.5]).data, net([-0.5]).data
        (-2.0, 1.0)
        """
        raise NotImplementedError("MLP.__call__")

    def parameters(self) -> list[Value]:
        """Return the parameters of the first layer, then of the second, and so on: each exactly once."""
        raise NotImplementedError("MLP.parameters")


def sgd_step(params: list[Value], lr: float) -> None:
    """Take one step of gradient descent: every parameter's .data becomes data − lr·grad. Returns nothing.

    The objects stay the same ones (the model holds them), .data stays a plain number, the gradients stay as they are.

    >>> w = Value(1.0)
    >>> w.grad = 0.5
    >>> sgd_step([w], lr=0.1)
    >>> w.data, w.grad
    (0.95, 0.5)
    """
    raise NotImplementedError("sgd_step")


def hinge_loss(scores: Sequence[Value], y: Sequence[float]) -> Value:
    """Return the mean over all examples of max(0, 1 − y·score), as a Value through which gradients flow.

    scores: one Value per example; y: one label per example, +1 or −1 (int or float).
    Raises ValueError if there are no examples, if the two lengths differ, or if a label is neither 1 nor −1.

    >>> hinge_loss([Value(0.5), Value(-2.0)], [1, -1]).data
    0.25
    """
    raise NotImplementedError("hinge_loss")


def train(model: Module, X: Sequence[Sequence[float]], y: Sequence[float], steps: int, lr: float) -> list[float]:
    """Train on all examples at once, `steps` times; return the loss of every step, measured before its update.

    One step, in this order: set the gradients to zero; call the model once on every example of X; hinge_loss against y;
    backward; sgd_step. The learning rate is the same at every step. Every step is taken, even if the loss is already 0.
    Gradients left over from before the call do not count. X and y are neither changed nor reordered,
    and no random number is drawn.

    model: any Module whose call returns one Value. Returns a list of `steps` plain floats, not Values: a Value would
    keep its whole graph in memory. steps = 0 returns [] and changes no parameter.

    >>> n = Neuron(1, nonlin=False)
    >>> for p, v in zip(n.parameters(), [0.5, 0.0]):
    ...     p.data = v
    >>> train(n, [[1.0], [-2.0]], [1, -1], steps=2, lr=0.5)
    [0.25, 0.0]
    """
    raise NotImplementedError("train")
