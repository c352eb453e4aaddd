"""How varied examples are: what calibration has not seen, it cannot prepare for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from converter.contract import Array, Pictures
from edge_face.errors import MediaError
from edge_face.opencv import cv2

FEW = 100
THUMB = 16
NEAR = 3.0
"""Grey values that two thumbnails differ by on average when their pictures are near copies."""
FLAT = 2.0
"""Grey values that pixels spread by at least in a picture that shows something."""


def of_pictures(pictures: Sequence[Pictures], what: str) -> tuple[str, ...]:
    """Sentences on the variety of BGR pictures. Raises MediaError where they are all alike or show nothing."""
    thumbs = np.stack([cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (THUMB, THUMB), interpolation=cv2.INTER_AREA)
                       for picture in pictures]).reshape(len(pictures), -1).astype(np.float32)
    if float(np.max([picture.std() for picture in pictures])) < FLAT:
        raise MediaError(f"the {len(pictures)} pictures for {what} are plain areas that show nothing: every activation would be "
                         "constant; bring pictures like those that the model will see")
    near = near_copies(thumbs)
    if len(pictures) > 1 and near == len(pictures) - 1:
        raise MediaError(f"the {len(pictures)} pictures for {what} are all alike, so that nothing shows how activations vary: bring "
                         "pictures like those that the model will see")
    bright = thumbs.mean(1)
    said = [f"{what}: brightness {bright.mean():.0f} of 255 on average, spread {bright.std():.0f}; "
            f"{near / len(pictures):.0%} are near copies of another"]
    if near > len(pictures) / 2:
        said.append(f"warning: more than half of the pictures for {what} are near copies: bring more different ones")
    if len(pictures) >= 10 and bright.std() < 8:
        said.append(f"warning: the pictures for {what} are all about equally bright: bring some in other light")
    return (*said, *few(len(pictures), what))


def near_copies(thumbs: npt.NDArray[np.float32]) -> int:
    """How many of the thumbnails (n, pixels) are near copies of an earlier one."""
    count = 0
    for index in range(1, len(thumbs)):
        count += bool((np.abs(thumbs[:index] - thumbs[index]).mean(1) < NEAR).any())
    return count


def of_values(values: Mapping[str, Array], what: str) -> tuple[str, ...]:
    """The same for arrays (n, ...) by input name. Raises MediaError where they are all alike."""
    count = len(next(iter(values.values())))
    if count > 1 and all(bool((array == array[:1]).all()) for array in values.values()):
        raise MediaError(f"the {count} examples for {what} are all alike, so that nothing shows how activations vary: bring examples like "
                         "those that the model will see")
    parts = [f"{name} {np.mean(array, dtype=np.float64):.3g} on average, spread {np.std(array, dtype=np.float64):.3g}"
             for name, array in values.items()]
    still = [name for name, array in values.items() if count > 1 and bool((array == array[:1]).all())]
    more = [f"warning: the input {name} is the same in all examples for {what}" for name in still]
    return (f"{what}: {'; '.join(parts)}", *more, *few(count, what))


def few(count: int, what: str) -> tuple[str, ...]:
    """A warning below a hundred examples."""
    if count >= FEW:
        return ()
    return (f"warning: only {count} example{'s' * (count != 1)} for {what}: {FEW} or more show better what the model will meet",)
