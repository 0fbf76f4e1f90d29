"""What the grader of F.8 runs beside the learner's code: generators, networks, optimizers do not cross the boundary."""

from types import ModuleType
from typing import Any

import numpy as np


def draw(module: ModuleType, name: str, fan_in: int, fan_out: int, seed: int) -> dict[str, Any]:
    """Draw twice from one generator and once from another of the same seed; say whether np.random was touched."""
    function, rng, state = getattr(module, name), np.random.default_rng(seed), _state()
    first, second = function(fan_in, fan_out, rng), function(fan_in, fan_out, rng)
    again = function(fan_in, fan_out, np.random.default_rng(seed))
    return {"first": first, "second": second, "again": again, "random": _state() != state}


def new_net(module: ModuleType, sizes: list[int], act: str, seed: int) -> dict[str, Any]:
    """Make a network; return its parameters and whether np.random was touched."""
    state = _state()
    params = list(module.MLPNumpy(sizes, act, np.random.default_rng(seed)).params)
    return {"params": params, "random": _state() != state}


def passes(module: ModuleType, sizes: list[int], act: str, params: list[Any], batches: list[Any]) -> dict[str, Any]:
    """Run forward and backward on one network for every (x, dlogits); return what came out and what was changed."""
    net, names = _net(module, sizes, act, params), ["x", "dlogits", *_names(len(params))]
    results, changed, state = [], [], _state()
    for x, dlogits in batches:
        watched = [x, dlogits if dlogits is not None else np.zeros(0), *net.params]
        before = [np.array(array) for array in watched]
        result = {"logits": _copy(net.forward(x))}
        changed += [f"forward changed {name}" for name in _moved(names, before, watched)]
        if dlogits is not None:
            result["dx"] = _copy(net.backward(dlogits))
            result["grads"] = [_copy(g) for g in net.grads]
            changed += [f"backward changed {name}" for name in _moved(names, before, watched)]
        results.append(result)
    if _state() != state:
        changed.append("the passes touched np.random's global state")
    return {"results": results, "changed": changed}


def nudged(module: ModuleType, sizes: list[int], act: str, params: list[Any], x: Any, place: int) -> list[Any]:
    """Return the logits before and after 0.01 was added, in place, to one of the parameters."""
    net = _net(module, sizes, act, params)
    before = np.array(net.forward(x))
    array = net.params[place]
    array += 0.01
    return [before, np.array(net.forward(x))]


def depth(module: ModuleType, sizes: list[int], act: str, seed: int, scale: float) -> dict[str, float]:
    """Feed a fresh deep network random inputs; return the mean square of the first layer's sums and of the logits."""
    net = module.MLPNumpy(sizes, act, np.random.default_rng(seed))
    x = np.random.default_rng(seed + 1).normal(0.0, scale, (16, sizes[0]))
    first, last = x @ net.params[0] + net.params[1], net.forward(x)
    return {"first": float(np.mean(first**2)), "last": float(np.mean(last**2))}


def walk(module: ModuleType, params: list[Any], grads: list[Any], lrs: list[float], **options: float) -> dict[str, Any]:
    """Take one step of SGD per list of gradients, at the learning rates given; return the parameters after each step.

    The gradients are handed over in the same arrays every time, overwritten between steps, as a backward pass might do.
    """
    buffers = [np.zeros_like(p) for p in params]
    optimizer = module.SGD(list(params), lr=lrs[0], **options)
    after, grads_changed = [], False
    for now, lr in zip(grads, lrs, strict=True):
        for buffer, g in zip(buffers, now, strict=True):
            buffer[...] = g
        optimizer.lr = lr
        optimizer.step(buffers)
        grads_changed |= any(not np.array_equal(buffer, g) for buffer, g in zip(buffers, now, strict=True))
        after.append([np.array(p) for p in params])
    return {"after": after, "grads_changed": grads_changed}


def two_walks(module: ModuleType, params: list[Any], grads: list[Any], lr: float, momentum: float) -> list[Any]:
    """Run one optimizer for a few steps, then another from the same start; return what both reached."""
    reached = [params, [np.array(p) for p in params]]
    for chosen in reached:
        optimizer = module.SGD(list(chosen), lr=lr, momentum=momentum)
        for now in grads:
            optimizer.step([np.array(g) for g in now])
    return reached


def miscounted_step(module: ModuleType, count: int, given: int) -> None:
    """Hand an optimizer of `count` parameters `given` gradients."""
    module.SGD([np.ones(2) for _ in range(count)], lr=0.1).step([np.ones(2) for _ in range(given)])


class Watched:
    """A linear classifier of the grader's own that notes what a training loop does with it."""

    def __init__(self, params: list[Any]) -> None:
        self.params = [np.array(p) for p in params]
        self.grads = [np.zeros_like(p) for p in params]
        self.order, self.batches, self.upstream = "", [], []  # type: ignore[var-annotated]

    def forward(self, x: Any) -> Any:
        self.order += "f"
        self.batches.append(np.array(x))
        return self.batches[-1] @ self.params[0] + self.params[1]

    def backward(self, dlogits: Any) -> Any:
        self.order += "b"
        self.upstream.append(np.array(dlogits))
        self.grads[:] = [self.batches[-1].T @ dlogits, np.sum(dlogits, axis=0)]
        return dlogits @ self.params[0].T


def watched_fit(module: ModuleType, X: Any, y: Any, params: list[Any], seed: int, **settings: Any) -> dict[str, Any]:
    """Run fit on a watched model; return the losses, the dlogits of every step, and the final parameters."""
    model = Watched(params)
    losses = module.fit(model, X, y, rng=np.random.default_rng(seed), **settings)
    return {"losses": losses, "upstream": model.upstream, "params": model.params}


# Which rows a right fit draws is its own affair: two right ones differ. What follows brings back only what all of them
# have in common, so that a learner's run can be compared with a known mistake's, however both draw.


def fit_batches(module: ModuleType, X: Any, y: Any, params: list[Any], seed: int, **settings: Any) -> dict[str, Any]:
    """Run fit; say whether any batch held a row that is not in X, a row twice, or a class that is not its row's."""
    model, rows_of, classes = Watched(params), _finder(X), np.array(y)
    module.fit(model, X, y, rng=np.random.default_rng(seed), **settings)
    strange, twice, mixed = False, False, False
    for x, dlogits in zip(model.batches, model.upstream, strict=False):
        rows = rows_of(x)
        strange |= None in rows
        twice |= len(set(rows)) < len(rows)
        # Of a row of dlogits, p − onehot, only the target's element is negative.
        mixed |= None not in rows and not np.array_equal(classes[rows], np.argmin(dlogits, axis=-1))
    shapes = sorted({x.shape for x in model.batches})
    return {"order": model.order, "shapes": shapes, "strange": strange, "twice": twice, "mixed": mixed}


def fit_frequencies(module: ModuleType, X: Any, y: Any, params: list[Any], seed: int, **settings: Any) -> list[int]:
    """Run fit; return how many rows came under half and over one and a half times as often as the average row.

    Third, the number of batches that held other rows than all before, counted up to 100.
    """
    model, rows_of = Watched(params), _finder(X)
    module.fit(model, X, y, rng=np.random.default_rng(seed), **settings)
    batches = [[row for row in rows_of(x) if row is not None] for x in model.batches]
    counts = np.bincount(np.array([row for rows in batches for row in rows], dtype=int), minlength=len(X))
    usual = settings["steps"] * settings["batch_size"] / len(X)
    different = len({frozenset(rows) for rows in batches})
    return [int(np.sum(counts < usual / 2)), int(np.sum(counts > usual * 1.5)), min(different, 100)]


def fit_randomness(module: ModuleType, X: Any, y: Any, params: list[Any], seed: int, **settings: Any) -> dict[str, Any]:
    """Run fit twice with one seed and once with the next; compare the batches, and say what was touched."""
    state, changed, batches = _state(), [], []  # type: ignore[var-annotated]
    for one in (seed, seed, seed + 1):
        model, data = Watched(params), [np.array(X), np.array(y)]
        module.fit(model, *data, rng=np.random.default_rng(one), **settings)
        changed += _moved(["X", "y"], [X, y], data)
        batches.append([x.tobytes() for x in model.batches])
    return {
        "changed": sorted(set(changed)),
        "random": _state() != state,
        "again": batches[0] == batches[1],
        "other": batches[0] != batches[2],
    }


def trained(
    module: ModuleType, sizes: list[int], act: str, seed: int, X: Any, y: Any, fresh: Any, arms: Any, **settings: Any
) -> Any:
    """Make a network, fit it, and return the losses and the share of fresh examples that it gets right."""
    rng = np.random.default_rng(seed)
    net = module.MLPNumpy(sizes, act, rng)
    losses = module.fit(net, X, y, rng=rng, **settings)
    last = losses[-1] if isinstance(losses, list | tuple) and losses else None
    return {"last": last, "right": float(np.mean(np.argmax(net.forward(fresh), axis=-1) == arms))}


def _finder(X: Any) -> Any:
    """A function that names the rows of a batch by their place in X as it is now."""
    known = {row.tobytes(): place for place, row in enumerate(np.ascontiguousarray(X))}
    return lambda x: [known.get(row.tobytes()) for row in np.ascontiguousarray(x)]


def _state() -> tuple[Any, ...]:
    _, key, place, *rest = np.random.get_state()
    return (key.tobytes(), place, *rest)


def _net(module: ModuleType, sizes: list[int], act: str, params: list[Any]) -> Any:
    net = module.MLPNumpy(sizes, act, np.random.default_rng(0))
    if len(net.params) != len(params):
        raise ValueError(f"net.params holds {len(net.params)} arrays, expected {len(params)}")
    for own, value in zip(net.params, params, strict=True):
        own[...] = value
    return net


def _names(count: int) -> list[str]:
    return [f"{'Wb'[place % 2]}{place // 2 + 1}" for place in range(count)]


def _moved(names: list[str], before: list[Any], now: list[Any]) -> list[str]:
    return [name for name, a, b in zip(names, before, now, strict=True) if not np.array_equal(a, b)]


def _copy(value: Any) -> Any:
    # Only an array is copied; whatever else came back travels as it is, for the judge to name.
    return np.array(value) if isinstance(value, np.ndarray) else value
