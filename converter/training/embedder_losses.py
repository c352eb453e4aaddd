"""What the embedder learns by: two teachers' directions, who is near whom, and a margin between people.

All in `keras.ops`, so that one recipe runs on TensorFlow, PyTorch and JAX. Embeddings here are "joined": each teacher's
part normalised to length 1, joined and divided by the root of their number, so that a dot product is the mean cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops


def unit(x: Any) -> Any:
    """Rows of length 1: [N,D] -> [N,D]."""
    return x / (ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True)) + 1e-8)


def joined(outputs: Any, parts: Sequence[int]) -> Any:
    """The student's outputs [N,sum(parts)] as one unit embedding, each part normalised by itself."""
    pieces, start = [], 0
    for width in parts:
        pieces.append(unit(outputs[:, start:start + width]))
        start += width
    return ops.concatenate(pieces, axis=-1) / len(pieces) ** 0.5


def imitation(student: Any, teacher: Any, parts: Sequence[int], weights: Sequence[float]) -> Any:
    """Weighted sum over the teachers of 1 - cosine, mean over the batch; student and teacher joined [N,D]."""
    loss, start = 0.0, 0
    for width, weight in zip(parts, weights, strict=True):
        both = student[:, start:start + width] * teacher[:, start:start + width]
        loss = loss + weight * (1.0 - len(parts) * ops.mean(ops.sum(both, axis=-1)))
        start += width
    return loss


def neighbours(student: Any, teacher: Any, bank: Any, temperature: float) -> Any:
    """Cross-entropy between the teacher's and the student's similarities to a bank of other faces and to the face itself.

    Weighs a batch's errors by whether they would confuse people: a direction that moves a face towards its look-alikes
    costs more than one that moves it nowhere (relational distillation, Park et al. 2019). bank: joined [B,D].
    """
    own = ops.sum(student * teacher, axis=-1, keepdims=True)
    seen = ops.concatenate([own, ops.matmul(student, ops.transpose(bank))], axis=-1) / temperature
    meant = ops.concatenate([ops.ones_like(own), ops.matmul(teacher, ops.transpose(bank))], axis=-1) / temperature
    target = ops.softmax(meant, axis=-1)
    return ops.mean(ops.sum(target * (ops.log_softmax(meant, axis=-1) - ops.log_softmax(seen, axis=-1)), axis=-1))


def margin_softmax(student: Any, centres: Any, person: Any, margin: float, scale: float) -> Any:
    """Large-margin cosine loss (CosFace, Wang et al. 2018) over the labelled faces: person int[N], -1 = unlabelled.

    centres [P,D] are learned, one a person.
    """
    cosine = ops.matmul(student, ops.transpose(unit(centres)))
    labelled = ops.cast(person >= 0, cosine.dtype)
    hot = ops.one_hot(ops.maximum(person, 0), centres.shape[0], dtype=cosine.dtype)
    likely = ops.sum(ops.log_softmax(scale * (cosine - margin * hot), axis=-1) * hot, axis=-1)
    return -ops.sum(likely * labelled) / (ops.sum(labelled) + 1e-6)


def _same(person: Any) -> tuple[Any, Any]:
    """float masks [N,N]: the same person (not oneself), another person; unlabelled faces in neither."""
    known = ops.expand_dims(person >= 0, 0) & ops.expand_dims(person >= 0, 1)
    equal = ops.expand_dims(person, 0) == ops.expand_dims(person, 1)
    other = 1.0 - ops.eye(person.shape[0])
    return ops.cast(equal & known, "float32") * other, ops.cast(ops.logical_not(equal) & known, "float32")


def _squared_distances(student: Any) -> Any:
    """Squared Euclidean distances of unit rows [N,N]: 2 - 2 cosine."""
    return ops.maximum(2.0 - 2.0 * ops.matmul(student, ops.transpose(student)), 0.0)


def triplet(student: Any, person: Any, margin: float) -> Any:
    """Semi-hard triplets of a batch (FaceNet, Schroff et al. 2015): for each pair of a person the nearest other person who
    is farther away than the pair, or, where nobody is, the farthest; mean of the pairs that violate the margin."""
    distance = _squared_distances(student)
    same, other = _same(person)
    pair = ops.expand_dims(distance, 2)  # [anchor, positive, 1]
    rival = ops.expand_dims(distance, 1)  # [anchor, 1, negative]
    others = ops.expand_dims(other, 1)
    beyond = others * ops.cast(rival > pair, "float32")
    semi_hard = ops.min(rival + 1e3 * (1.0 - beyond), axis=2)
    farthest = ops.max(distance * other, axis=1, keepdims=True)
    chosen = ops.where(ops.max(beyond, axis=2) > 0, semi_hard, farthest)
    usable = same * ops.max(other, axis=1, keepdims=True)
    losses = usable * ops.maximum(distance - chosen + margin, 0.0)
    return ops.sum(losses) / (ops.sum(ops.cast(losses > 0, "float32")) + 1e-6)


def contrastive(student: Any, person: Any, margin: float) -> Any:
    """Siamese pairs of a batch (Hadsell et al. 2006): squared distance of a person's own, squared lack of `margin` of
    different people; each kind's mean counts half."""
    squared = _squared_distances(student)
    same, other = _same(person)
    apart = ops.maximum(margin - ops.sqrt(squared + 1e-8), 0.0)
    near = ops.sum(same * squared) / (ops.sum(same) + 1e-6)
    far = ops.sum(other * ops.square(apart)) / (ops.sum(other) + 1e-6)
    return 0.5 * (near + far)
