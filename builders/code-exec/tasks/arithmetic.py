"""Numbers as hardware sees them: two's complement, fixed point, floats, BCD, byte order."""

from __future__ import annotations

from catalogue import octets, task


@task(
    "two's complement",
    "easy",
    examples=[(0xFF, 8), (0x7F, 8)],
    edges=[(0x80, 8), (0, 1), (1, 1), (0x1FF, 8), (0xFFFFFFFF, 32), (0x80000000, 64)],
    draw=lambda r: (r.getrandbits(16), r.choice([4, 8, 12, 16])),
    wrong=[("word >> (width - 1)", "word >> width"), ("word &= (1 << width) - 1", "pass")],
)
def to_signed(word: int, width: int) -> int:
    """Return the low width bits of word, read as a two's complement number."""
    word &= (1 << width) - 1
    if word >> (width - 1):
        word -= 1 << width
    return word


@task(
    "two's complement",
    "medium",
    examples=[(100, 50, 8), (-100, 20, 8)],
    edges=[(127, 1, 8), (-128, -1, 8), (-128, 127, 8), (0, 0, 1), (-1, -1, 1), (2**31 - 1, 1, 32)],
    draw=lambda r: (
        r.randrange(-(m := 1 << (w := r.choice([4, 8, 16])) - 1), m),
        r.randrange(-m, m),
        w,
    ),
    wrong=[("max(low, ", "max(-high, "), ("total != a + b", "total == high")],
)
def saturating_add(a: int, b: int, width: int) -> list[int]:
    """Add two signed numbers of width bits with saturation: return [sum, 1 if it saturated else 0].

    A sum above the largest number of width bits becomes that number, one below the smallest
    becomes the smallest.
    """
    high = (1 << (width - 1)) - 1
    low = -high - 1
    total = max(low, min(high, a + b))
    return [total, 1 if total != a + b else 0]


@task(
    "fixed point",
    "medium",
    examples=[(3, 8, 4, "floor"), (-5, 2, 1, "nearest")],
    edges=[
        (7, 2, 0, "nearest"),
        (-7, 2, 0, "floor"),
        (-7, 2, 0, "zero"),
        (1, 3, 8, "nearest"),
        (-1, 3, 8, "zero"),
        (5, 2, 0, "nearest"),
        (-5, 2, 0, "nearest"),
    ],
    draw=lambda r: (
        r.randint(-500, 500),
        r.randint(1, 40),
        r.randint(0, 8),
        r.choice(["floor", "zero", "nearest"]),
    ),
    wrong=[
        ("(2 * scaled + d) // (2 * d)", "round(scaled / d)"),
        ("-(-scaled // d)", "scaled // d"),
    ],
)
def quantize(n: int, d: int, fraction: int, mode: str) -> int:
    """Return the number n/d as a fixed-point integer with `fraction` fractional bits.

    It is n/d * 2**fraction, made whole by the mode: "floor" downwards, "zero" towards zero,
    "nearest" to the nearest integer with halves upwards (2.5 is 3, -2.5 is -2). d is positive.
    Exact for every input.
    """
    scaled = n << fraction
    if mode == "nearest":
        return (2 * scaled + d) // (2 * d)
    if mode == "zero" and scaled < 0:
        return -(-scaled // d)
    return scaled // d


@task(
    "fixed point",
    "hard",
    examples=[(0x4000, 0x4000, 15, 16), (0x8000, 0x8000, 15, 16)],
    edges=[
        (0, 0x8000, 15, 16),
        (0xFFFF, 0xFFFF, 15, 16),
        (0x7FFF, 0x7FFF, 15, 16),
        (0x80, 0x80, 7, 8),
        (0x81, 0x7F, 7, 8),
        (0xFF, 1, 4, 8),
        (0xF8, 0xF8, 0, 8),
    ],
    draw=lambda r: (
        r.getrandbits(w := r.choice([8, 16])),
        r.getrandbits(w),
        r.randint(1, w - 1),
        w,
    ),
    wrong=[("a * b + half", "a * b"), ("min(max(product, -limit), limit - 1)", "product")],
)
def q_multiply(x: int, y: int, fraction: int, width: int) -> int:
    """Multiply two fixed-point words of width bits; return the product as a word of width bits.

    Words are two's complement with `fraction` fractional bits. Round the exact product to
    `fraction` fractional bits, halves upwards (add half of the last place, then cut off towards
    minus infinity), and saturate it to the largest or smallest number of width bits. The result is
    the unsigned bit pattern.
    """
    limit = 1 << (width - 1)
    a = x - 2 * limit if x >= limit else x
    b = y - 2 * limit if y >= limit else y
    half = 1 << fraction >> 1
    product = a * b + half >> fraction
    return min(max(product, -limit), limit - 1) & (2 * limit - 1)


@task(
    "float format",
    "medium",
    examples=[(0x3F800000,), (0xC0490FDB,)],
    edges=[
        (0x3F808000,),
        (0x3F818000,),
        (0x3F808001,),
        (0x7F800000,),
        (0x7F800001,),
        (0xFFC00000,),
        (0x7F7FFFFF,),
        (0x80000000,),
    ],
    draw=lambda r: (
        r.choice([0, 1]) << 31
        | r.randrange(1, 254) << 23
        | r.getrandbits(7) << 16
        | r.choice([0x8000, 0x7FFF, 0x8001, r.getrandbits(16)]),
    ),
    wrong=[("0x7FFF + (word >> 16 & 1)", "0x8000"), ("word >> 16 | 0x40", "word >> 16")],
)
def to_bfloat16(word: int) -> int:
    """Convert the bit pattern of a 32-bit IEEE 754 float into that of a bfloat16.

    A bfloat16 is the upper half of the float. Round to the nearest value, halves to the one whose
    lowest bit is 0; too large numbers become infinity by themselves. For a NaN do not round: take
    the upper half and set its bit 6, so that it stays a NaN.
    """
    if word & 0x7FFFFFFF > 0x7F800000:
        return word >> 16 | 0x40
    return word + 0x7FFF + (word >> 16 & 1) >> 16


@task(
    "float format",
    "hard",
    examples=[(0x3C00,), (0xC580,)],
    edges=[
        (0,),
        (0x8000,),
        (1,),
        (0x03FF,),
        (0x0400,),
        (0x7BFF,),
        (0x7C00,),
        (0xFC00,),
        (0x7E01,),
        (0x8001,),
    ],
    draw=lambda r: (r.getrandbits(16),),
    wrong=[("exponent == 0", "exponent < 0"), ("max(exponent, 1) - 25", "max(exponent, 1) - 15")],
)
def half_to_parts(word: int) -> list[int] | None:
    """Take the bit pattern of a half-precision float apart; return None for infinity and NaN.

    The format has 1 sign bit, 5 exponent bits (bias 15) and 10 fraction bits, and subnormal
    numbers. Return [mantissa, exponent] such that the value is mantissa * 2**exponent, where the
    mantissa is the signed integer of up to 11 bits (with the hidden one, if there is one) and the
    exponent that of its lowest bit. Both zeros have mantissa 0.
    """
    exponent = word >> 10 & 31
    if exponent == 31:
        return None
    fraction = word & 0x3FF
    mantissa = fraction if exponent == 0 else fraction | 0x400
    return [-mantissa if word >> 15 else mantissa, max(exponent, 1) - 25]


@task(
    "bcd",
    "easy",
    examples=[(1234,), (7,)],
    edges=[(0,), (10,), (99999999,), (1000,), (2026,)],
    draw=lambda r: (r.randrange(10 ** r.randint(2, 9)),),
    wrong=[("digit << shift", "digit * 10**shift"), ("shift += 4", "shift += 8")],
)
def to_bcd(n: int) -> int:
    """Return a non-negative integer in packed BCD: four bits per decimal digit (1234: 0x1234)."""
    word = shift = 0
    while n:
        digit = n % 10
        word |= digit << shift
        n //= 10
        shift += 4
    return word


@task(
    "bcd",
    "medium",
    examples=[(0x19, 0x03, 2), (0x99, 0x01, 2)],
    edges=[
        (0, 0, 1),
        (0x5, 0x5, 1),
        (0x0A, 0x01, 2),
        (0x9999, 0x9999, 4),
        (0x45, 0x55, 3),
        (0x10, 0xF0, 2),
    ],
    draw=lambda r: (
        sum(r.choice([r.randrange(10)] * 12 + [10]) << 4 * i for i in range(4)),
        sum(r.randrange(10) << 4 * i for i in range(4)),
        4,
    ),
    wrong=[
        ("total - 10 if carry else total", "total & 15"),
        ("if x > 9 or y > 9", "if x > 9 and y > 9"),
    ],
)
def bcd_add(a: int, b: int, digits: int) -> list[int] | None:
    """Add two packed BCD numbers of some digits: return [sum in BCD, carry 0 or 1].

    The sum keeps that many digits; the carry says whether it overflowed. Return None if a digit
    of either number is above 9.
    """
    result = carry = 0
    for i in range(digits):
        x, y = a >> 4 * i & 15, b >> 4 * i & 15
        if x > 9 or y > 9:
            return None
        total = x + y + carry
        carry = 1 if total > 9 else 0
        result |= (total - 10 if carry else total) << 4 * i
    return [result, carry]


@task(
    "byte order",
    "easy",
    examples=[([0x12, 0x34, 0x56, 0x78], 2, "little"), ([1, 2, 3, 4], 4, "big")],
    edges=[
        ([], 4, "big"),
        ([1, 2, 3], 2, "little"),
        ([1, 2, 3], 2, "big"),
        ([255], 1, "little"),
        ([0, 0, 0, 9], 8, "big"),
    ],
    draw=lambda r: (octets(r, 4, 10), r.choice([2, 3, 4]), r.choice(["little", "big"])),
    wrong=[('order == "little"', 'order == "big"'), ("+ [0] * (-len(data) % size)", "")],
)
def to_words(data: list[int], size: int, order: str) -> list[int]:
    """Join bytes into words of size bytes, in "little" or "big" byte order.

    If the bytes do not fill the last word, zero bytes are added at the end of the data.
    """
    data = data + [0] * (-len(data) % size)
    words = []
    for i in range(0, len(data), size):
        piece = data[i : i + size]
        if order == "little":
            piece = piece[::-1]
        word = 0
        for byte in piece:
            word = word << 8 | byte
        words.append(word)
    return words


@task(
    "byte order",
    "medium",
    examples=[(0x11223344, 4, [3, 2, 1, 0]), (0xAABB, 2, [0, 0])],
    edges=[
        (0xFF, 1, [0]),
        (0x12345678, 4, [1, 0, 3, 2]),
        (0xABCDEF, 3, [-1, 0, 2]),
        (5, 2, []),
        (0x01020304, 4, [0, 1, 2, 3]),
    ],
    draw=lambda r: (r.getrandbits(32), 4, [r.randint(-1, 3) for _ in range(4)]),
    wrong=[("8 * i", "8 * (len(lanes) - 1 - i)"), ("lane < 0", "lane <= 0")],
)
def swizzle(word: int, size: int, lanes: list[int]) -> int:
    """Build a word from the bytes of another: byte i of the result is byte lanes[i] of the word.

    Byte 0 is the lowest. A lane of -1 gives a zero byte. The word has size bytes. Raise
    ValueError if a lane is not below size.
    """
    result = 0
    for i, lane in enumerate(lanes):
        if lane >= size:
            raise ValueError(lane)
        byte = 0 if lane < 0 else word >> 8 * lane & 0xFF
        result |= byte << 8 * i
    return result
