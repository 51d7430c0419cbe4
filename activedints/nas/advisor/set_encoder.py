"""From a set of images to one vector, whatever their order: attention within classes, then over classes.

MetaD2A's hierarchy (Lee et al. 2021) of set attention blocks (Lee et al., Set Transformer, ICML 2019):
MAB(Q, K) = H + relu(H W), H = Q W_q + softmax(Q W_q (K W_k)^T / sqrt(d)) K W_v in several heads; SAB(X) = MAB(X, X);
PMA(X) = MAB(s, X) for a learned seed s. Images come as descriptors (``descriptors.py``).
"""

import torch
from torch import Tensor, nn

HEADS = 4


class MAB(nn.Module):
    """Multi-head attention of ``size`` features without normalisation layers, as in the paper's code."""

    def __init__(self, queries: int, keys: int, size: int):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(queries, size), nn.Linear(keys, size), nn.Linear(keys, size)
        self.out = nn.Linear(size, size)

    def forward(self, q: Tensor, k: Tensor, present: Tensor | None = None) -> Tensor:
        """q (batch, query, feature), k (batch, key, feature), ``present`` (batch, key) -> (batch, query, size)."""
        query, key, value = self.query(q), self.key(k), self.value(k)
        split = lambda x: x.unflatten(2, (HEADS, -1)).transpose(1, 2)  # noqa: E731
        weight = split(query) @ split(key).transpose(2, 3) / (query.shape[2] / HEADS) ** 0.5
        if present is not None:
            weight = weight.masked_fill(~present[:, None, None], float("-inf"))
        h = query + (weight.softmax(3) @ split(value)).transpose(1, 2).flatten(2)
        return h + self.out(h).relu()


class Pooled(nn.Module):
    """SAB, SAB, PMA, linear: a set of vectors to one."""

    def __init__(self, features: int, size: int):
        super().__init__()
        self.first, self.second, self.pool = MAB(features, features, size), MAB(size, size, size), MAB(size, size, size)
        self.seed = nn.Parameter(torch.randn(1, 1, size) * size**-0.5)
        self.last = nn.Linear(size, size)

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """(batch, element, feature), ``present`` (batch, element) -> (batch, size)."""
        x = self.first(x, x, present)
        x = self.second(x, x, present)
        return self.last(self.pool(self.seed.expand(len(x), -1, -1), x, present)[:, 0])


class SetEncoder(nn.Module):
    """Images of classes of data sets to one vector a data set."""

    def __init__(self, features: int, size: int = 32):
        super().__init__()
        self.images, self.classes = Pooled(features, size), Pooled(size, size)

    def forward(self, sets: list[Tensor]) -> Tensor:
        """Each set (class, image, feature), all with as many images a class -> (set, size)."""
        sizes = [len(one) for one in sets]
        prototypes = torch.split(self.images(torch.cat(sets)), sizes)
        padded = nn.utils.rnn.pad_sequence(list(prototypes), batch_first=True)
        present = torch.arange(max(sizes))[None] < torch.tensor(sizes)[:, None]
        return self.classes(padded, present)
