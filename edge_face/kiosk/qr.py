"""QR codes of links (ISO/IEC 18004): bytes, error correction M, versions 1 to 12, as an SVG picture in an address of its own."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from starlette.requests import Request

from edge_face.errors import UsageError

# By version: check bytes of a block, then (how many blocks, data bytes of each) (ISO/IEC 18004, table 9, level M).
_BLOCKS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (10, ((1, 16),)), (16, ((1, 28),)), (26, ((1, 44),)), (18, ((2, 32),)), (24, ((2, 43),)), (16, ((4, 27),)), (18, ((4, 31),)),
    (22, ((2, 38), (2, 39))), (22, ((3, 36), (2, 37))), (26, ((4, 43), (1, 44))), (30, ((1, 50), (4, 51))), (22, ((6, 36), (2, 37))))
_ALIGNED: tuple[tuple[int, ...], ...] = (
    (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50), (6, 30, 54), (6, 32, 58))
_QUIET = 4
"""Light modules around it."""
_FORMAT, _FORMAT_MASK, _VERSION = 0x537, 0x5412, 0x1F25

Matrix = list[list[int]]


def link_to(request: Request, path: str) -> str:
    """A page of ours as another device would ask for it: by the name that this browser used."""
    return f"{request.url.scheme}://{request.headers.get('host', '')}{path}"


def qr_picture(text: str) -> str:
    """A `data:` address of an SVG picture; "" for a text that is too long."""
    try:
        modules = qr_modules(text.encode())
    except UsageError:
        return ""
    side = len(modules) + 2 * _QUIET
    dark = "".join(f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, row in enumerate(modules) for x, one in enumerate(row) if one)
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
           f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{dark}"/></svg>')
    return f"data:image/svg+xml,{quote(svg)}"


def qr_modules(data: bytes) -> Matrix:
    """Rows of 0 (light) and 1 (dark). Raises UsageError for more than 287 bytes."""
    version = next((number for number, (_, groups) in enumerate(_BLOCKS, 1)
                    if len(data) + (2 if number < 10 else 3) <= sum(count * size for count, size in groups)), 0)
    if not version:
        raise UsageError("this text is too long for a QR code")
    bits = _placed_order(_codewords(data, version))
    base, fixed = _frame(version)
    _fill(base, fixed, bits)
    best = min((_finished(base, fixed, mask, version) for mask in range(8)), key=_penalty)
    return best


def _codewords(data: bytes, version: int) -> list[int]:
    """Data and check bytes, interleaved."""
    check, groups = _BLOCKS[version - 1]
    room = sum(count * size for count, size in groups)
    size_bits = 8 if version < 10 else 16
    text = f"0100{len(data):0{size_bits}b}" + "".join(f"{byte:08b}" for byte in data)
    text += "0" * min(4, room * 8 - len(text))
    text += "0" * (-len(text) % 8)
    words = [int(text[i:i + 8], 2) for i in range(0, len(text), 8)]
    words += [(0xEC, 0x11)[i % 2] for i in range(room - len(words))]
    blocks: list[list[int]] = []
    at = 0
    for count, size in groups:
        for _ in range(count):
            blocks.append(words[at:at + size])
            at += size
    checks = [_check_bytes(block, check) for block in blocks]
    longest = max(map(len, blocks))
    mixed = [block[i] for i in range(longest) for block in blocks if i < len(block)]
    return mixed + [one[i] for i in range(check) for one in checks]


def _check_bytes(block: list[int], count: int) -> list[int]:
    """Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1."""
    factors = [1]
    for power in range(count):
        root = _EXP[power]
        factors = [a ^ b for a, b in zip([*factors, 0], [0, *(_times(f, root) for f in factors)], strict=True)]
    rest = [*block, *([0] * count)]
    for i in range(len(block)):
        if lead := rest[i]:
            for j, factor in enumerate(factors):
                rest[i + j] ^= _times(factor, lead)
    return rest[len(block):]


def _tables() -> tuple[list[int], list[int]]:
    exp, log = [0] * 512, [0] * 256
    value = 1
    for power in range(255):
        exp[power], log[value] = value, power
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    exp[255:510] = exp[:255]
    return exp, log


_EXP, _LOG = _tables()


def _times(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _placed_order(words: list[int]) -> Iterator[int]:
    for word in words:
        yield from (word >> shift & 1 for shift in range(7, -1, -1))
    while True:  # the few modules that are left over
        yield 0


def _frame(version: int) -> tuple[Matrix, Matrix]:
    """The patterns that every code of a version has, and where they are."""
    side = 17 + 4 * version
    base, fixed = ([[0] * side for _ in range(side)] for _ in range(2))

    def put(x: int, y: int, dark: int) -> None:
        if 0 <= x < side and 0 <= y < side:
            base[y][x], fixed[y][x] = dark, 1

    for left, top in ((0, 0), (side - 7, 0), (0, side - 7)):
        for y in range(-1, 8):
            for x in range(-1, 8):
                ring = max(abs(x - 3), abs(y - 3))
                put(left + x, top + y, int(ring in (0, 1, 3)))
    for i in range(8, side - 8):
        put(i, 6, 1 - i % 2)
        put(6, i, 1 - i % 2)
    centres = _ALIGNED[version - 1]
    for cy in centres:
        for cx in centres:
            if (cx, cy) in ((6, 6), (6, centres[-1]), (centres[-1], 6)):
                continue
            for y in range(-2, 3):
                for x in range(-2, 3):
                    put(cx + x, cy + y, int(max(abs(x), abs(y)) != 1))
    for x, y in (*(place for one in _format_places(side) for place in one), (8, side - 8)):
        put(x, y, 1)
    if version >= 7:
        bits = version << 12 | _remainder(version << 12, _VERSION)
        for i in range(18):
            put(i // 3, side - 11 + i % 3, bits >> i & 1)
            put(side - 11 + i % 3, i // 3, bits >> i & 1)
    return base, fixed


def _format_places(side: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where the 15 bits of the format stand, the lowest first: around the first corner, and beside the two others."""
    first = [(8, y) for y in (0, 1, 2, 3, 4, 5, 7, 8)] + [(x, 8) for x in (7, 5, 4, 3, 2, 1, 0)]
    second = [(side - 1 - i, 8) for i in range(8)] + [(8, side - 7 + i) for i in range(7)]
    return first, second


def _remainder(value: int, divisor: int) -> int:
    size = divisor.bit_length()
    while value.bit_length() >= size:
        value ^= divisor << value.bit_length() - size
    return value


def _fill(base: Matrix, fixed: Matrix, bits: Iterator[int]) -> None:
    """In pairs of columns from the right, upwards and downwards in turns."""
    side, upwards, right = len(base), True, len(base) - 1
    while right > 0:
        if right == 6:
            right -= 1
        for y in range(side - 1, -1, -1) if upwards else range(side):
            for x in (right, right - 1):
                if not fixed[y][x]:
                    base[y][x] = next(bits)
        upwards, right = not upwards, right - 2


def _finished(base: Matrix, fixed: Matrix, mask: int, version: int) -> Matrix:
    """With a mask, and the word that says which."""
    side = 17 + 4 * version
    made = [[bit ^ (0 if fixed[y][x] else int(_masked(mask, x, y))) for x, bit in enumerate(row)] for y, row in enumerate(base)]
    word = (mask << 10 | _remainder(mask << 10, _FORMAT)) ^ _FORMAT_MASK  # level M is 00
    for places in _format_places(side):
        for i, (x, y) in enumerate(places):
            made[y][x] = word >> i & 1
    return made


def _masked(mask: int, x: int, y: int) -> bool:
    return ((x + y) % 2, y % 2, x % 3, (x + y) % 3, (y // 2 + x // 3) % 2, x * y % 2 + x * y % 3, (x * y % 2 + x * y % 3) % 2,
            ((x + y) % 2 + x * y % 3) % 2)[mask] == 0


def _penalty(matrix: Matrix) -> int:
    """How hard it is to read (ISO/IEC 18004, 7.8.3)."""
    side, total = len(matrix), 0
    lines = [*matrix, *([row[x] for row in matrix] for x in range(side))]
    for line in lines:
        text = "".join(map(str, line))
        for part in text.replace("01", "0 1").replace("10", "1 0").split():
            total += len(part) - 2 if len(part) >= 5 else 0
        total += 40 * sum(text[i:i + 11] in ("10111010000", "00001011101") for i in range(side - 10))
    total += 3 * sum(matrix[y][x] == matrix[y][x + 1] == matrix[y + 1][x] == matrix[y + 1][x + 1]
                     for y in range(side - 1) for x in range(side - 1))
    dark = sum(map(sum, matrix)) * 100 / side**2
    return total + 10 * int(abs(dark - 50) // 5)
