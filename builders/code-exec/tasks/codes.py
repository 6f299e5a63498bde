"""Codes against errors: CRC, checksums, parity, Hamming, shift registers with feedback."""

from __future__ import annotations

from catalogue import bits, flipped_block, octets, task


@task(
    "crc",
    "medium",
    examples=[([0x31, 0x32, 0x33],), ([0],)],
    edges=[([],), ([0xFF],), ([0, 0, 1],), (list(b"123456789"),), ([0x80],)],
    draw=lambda r: (octets(r, 1, 20),),
    wrong=[("crc & 0x80", "crc & 0x01"), ("crc = 0\n", "crc = 0xFF\n")],
)
def crc8(data: list[int]) -> int:
    """Return the CRC-8 of a list of bytes as SMBus uses it for its packet error code.

    Polynomial x^8 + x^2 + x + 1 (0x07), start value 0, most significant bit first, no reflection,
    no final inversion. The bytes of "123456789" give 0xF4.
    """
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc


@task(
    "crc",
    "medium",
    examples=[([1, 2, 3], 0xFFFF), ([0x41], 0)],
    edges=[([], 0xFFFF), ([], 0), (list(b"123456789"), 0xFFFF), ([0xFF] * 32, 0x1D0F), ([0], 0)],
    draw=lambda r: (octets(r, 1, 24), r.choice([0, 0xFFFF, 0x1D0F])),
    wrong=[("byte << 8", "byte"), ("0x1021", "0x8408")],
)
def crc16_ccitt(data: list[int], start: int) -> int:
    """Return the 16-bit CRC of a list of bytes with polynomial 0x1021.

    Most significant bit first, no reflection, no final inversion; start is the register's value
    before the first byte. The bytes of "123456789" with start 0xFFFF give 0x29B1.
    """
    crc = start
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc <<= 1
            if crc & 0x10000:
                crc ^= 0x1021
            crc &= 0xFFFF
    return crc


@task(
    "crc",
    "hard",
    examples=[([0x31], 8, 0x07, 0, False, 0), ([0x31], 8, 0x31, 0, True, 0)],
    edges=[
        (list(b"123456789"), 16, 0x8005, 0xFFFF, True, 0),
        (list(b"123456789"), 32, 0x04C11DB7, 0xFFFFFFFF, True, 0xFFFFFFFF),
        (list(b"123456789"), 32, 0x04C11DB7, 0xFFFFFFFF, False, 0xFFFFFFFF),
        ([], 16, 0x1021, 0xFFFF, True, 0xFFFF),
        ([0x80, 0], 24, 0x864CFB, 0xB704CE, False, 0),
    ],
    draw=lambda r: (
        octets(r, 1, 9),
        (w := r.choice([8, 16, 24, 32])),
        r.getrandbits(w) | 1,
        r.choice([0, (1 << w) - 1]),
        r.random() < 0.6,
        r.choice([0, (1 << w) - 1]),
    ),
    wrong=[
        ("flip(byte, 8) if reflect else byte", "byte"),
        ("^ final", ""),
        ("flip(crc, width) if reflect else crc", "crc"),
    ],
)
def crc(data: list[int], width: int, polynomial: int, start: int, reflect: bool, final: int) -> int:
    """Return the CRC of a list of bytes for any of the usual parameter sets.

    width: 8 to 32 bits, a multiple of 8. polynomial: without its highest term, most significant
    bit first. start: the register before the first byte. reflect: each byte goes in least
    significant bit first, and the register is bit-reversed at the end. final: XORed to the
    result last. CRC-32 of "123456789" (width 32, 0x04C11DB7, start and final 0xFFFFFFFF,
    reflect True) is 0xCBF43926.
    """

    def flip(value: int, count: int) -> int:
        return int(f"{value:0{count}b}"[::-1], 2)

    crc = start
    for byte in data:
        crc ^= (flip(byte, 8) if reflect else byte) << (width - 8)
        for _ in range(8):
            carry = crc >> (width - 1)
            crc = (crc << 1) & ((1 << width) - 1)
            if carry:
                crc ^= polynomial
    return (flip(crc, width) if reflect else crc) ^ final


@task(
    "checksum",
    "medium",
    examples=[([0x45, 0x00, 0x00, 0x1C],), ([1],)],
    edges=[([],), ([0xFF, 0xFF],), ([0xFF, 0xFF, 0, 1],), ([0xFF] * 7,), ([0x12],)],
    draw=lambda r: (octets(r, 3, 21),),
    wrong=[
        ("total = (total & 0xFFFF) + (total >> 16)", "total &= 0xFFFF"),
        ("[*data, 0]", "[0, *data]"),
    ],
)
def internet_checksum(data: list[int]) -> int:
    """Return the 16-bit Internet checksum of a list of bytes.

    Pairs of bytes are big-endian 16-bit words; an odd last byte is followed by a zero byte. Add
    the words in ones' complement (a carry out of bit 15 is added to bit 0), then invert all 16
    bits.
    """
    if len(data) % 2:
        data = [*data, 0]
    total = 0
    for i in range(0, len(data), 2):
        total += data[i] << 8 | data[i + 1]
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@task(
    "checksum",
    "easy",
    examples=[([0x61, 0x62, 0x63],), ([1, 2],)],
    edges=[([],), ([255],), ([255, 255, 255],), ([0, 255, 1],), (list(b"abcdefgh"),)],
    draw=lambda r: (octets(r, 4, 30),),
    wrong=[("% 255\n        high", "% 256\n        high"), ("high << 8 | low", "low << 8 | high")],
)
def fletcher16(data: list[int]) -> int:
    """Return the Fletcher-16 checksum of a list of bytes.

    Two sums modulo 255, both 0 at the start: for every byte the first grows by the byte, then the
    second by the first. The second sum is the high byte of the result.
    """
    low = high = 0
    for byte in data:
        low = (low + byte) % 255
        high = (high + low) % 255
    return high << 8 | low


@task(
    "checksum",
    "medium",
    examples=[("S1050000AABB",), ("S00400004142",)],
    edges=[("S9030000",), ("S20811223344556677",), ("S5030003",), ("s1050000aabb",), ("X1",)],
    draw=lambda r: (
        d := octets(r, 1, 8),
        f"S1{len(d) + 3:02X}{r.getrandbits(16):04X}{bytes(d).hex()}",
    )[1:],
    wrong=[("0xFF - sum(data)", "-sum(data)"), ("record[2:]", "record[4:]")],
)
def close_srecord(record: str) -> str:
    """Complete a Motorola S-record: append its checksum byte as two upper-case hex digits.

    The record is S, a type digit, and bytes in hex (count, address, data). The checksum is the
    ones' complement of the low byte of the sum of all bytes after the type digit. The result is
    upper case throughout. Raise ValueError if the record does not begin with S or s and a digit.
    """
    if record[:1].upper() != "S" or not record[1:2].isdigit():
        raise ValueError(record)
    data = bytes.fromhex(record[2:])
    return f"{record}{(0xFF - sum(data)) & 0xFF:02x}".upper()


@task(
    "parity",
    "easy",
    examples=[(0b1011, 4, "even"), (0b1011, 4, "odd")],
    edges=[(0, 8, "even"), (0, 8, "odd"), (0x1FF, 8, "even"), (0x100, 8, "odd"), (3, 1, "even")],
    draw=lambda r: (r.getrandbits(12), r.choice([4, 7, 8, 16]), r.choice(["even", "odd"])),
    wrong=[("word & ((1 << width) - 1)", "word"), ('kind == "odd"', 'kind == "even"')],
)
def append_parity(word: int, width: int, kind: str) -> int:
    """Return the low width bits of word with a parity bit in front of them, as bit `width`.

    kind "even": the number of ones, parity bit included, is even; "odd": it is odd. Higher bits
    of word are ignored.
    """
    word = word & ((1 << width) - 1)
    parity = bin(word).count("1") % 2
    if kind == "odd":
        parity ^= 1
    return parity << width | word


@task(
    "parity",
    "hard",
    examples=[([[1, 0, 1], [1, 1, 0], [0, 1, 1]],), ([[1, 0, 1], [0, 1, 0], [0, 1, 1]],)],
    edges=[
        ([[0, 0], [0, 1]],),
        ([[1, 1], [1, 0]],),
        ([[0, 0, 0], [0, 0, 0], [0, 0, 0]],),
        ([[1, 1, 0], [1, 1, 0], [0, 0, 0]],),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 0]],),
        ([[0, 0, 1], [0, 0, 0]],),
    ],
    draw=lambda r: (flipped_block(r),),
    wrong=[("[rows[0], columns[0]]", "[columns[0], rows[0]]"), ("return [-2, -2]", "return None")],
)
def locate_error(block: list[list[int]]) -> list[int] | None:
    """Find the flipped bit of a block with even parity in two dimensions.

    The last column holds the parity of each row and the last row that of each column, the corner
    included: in a good block every row and every column has an even number of ones. Return None
    for a good block, [row, column] if flipping just that one bit makes it good, and [-2, -2]
    if one flip cannot.
    """
    rows = [i for i, row in enumerate(block) if sum(row) % 2]
    columns = [j for j in range(len(block[0])) if sum(row[j] for row in block) % 2]
    if not rows and not columns:
        return None
    if len(rows) == len(columns) == 1:
        return [rows[0], columns[0]]
    return [-2, -2]


@task(
    "hamming",
    "medium",
    examples=[([1, 0, 1, 1],), ([0, 0, 0, 1],)],
    edges=[
        ([0, 0, 0, 0],),
        ([1, 1, 1, 1],),
        ([1, 0, 0, 0],),
        ([0, 1, 0, 0],),
        ([0, 0, 1, 0],),
        ([1, 1, 0, 0],),
        ([1, 1, 1, 0],),
    ],
    draw=lambda r: (bits(r, 4, 4),),
    wrong=[("a ^ c ^ d", "a ^ b ^ c"), ("[p, q, a, s, b, c, d]", "[a, b, c, d, p, q, s]")],
)
def hamming74_encode(data: list[int]) -> list[int]:
    """Encode four data bits d1 d2 d3 d4 in the Hamming(7,4) code.

    Positions are numbered from 1. Parity bits stand at positions 1, 2 and 4, the data bits in
    their order at 3, 5, 6 and 7. Each parity bit makes even the number of ones in the positions
    whose number has that power of two in it. Return the seven bits from position 1 on.
    """
    a, b, c, d = data
    p = a ^ b ^ d
    q = a ^ c ^ d
    s = b ^ c ^ d
    return [p, q, a, s, b, c, d]


@task(
    "hamming",
    "hard",
    examples=[([0, 1, 1, 0, 0, 1, 1],), ([0, 1, 1, 0, 0, 1, 0],)],
    edges=[([0] * 7,), ([1] * 7,), ([1, 0, 0, 0, 0, 0, 0],), ([0, 0, 0, 0, 1, 0, 0],)],
    draw=lambda r: (bits(r, 7, 7),),
    wrong=[("bits[wrong - 1] ^= 1", "bits[wrong] ^= 1"), ("[wrong, bits[2]", "[wrong, bits[3]")],
)
def hamming74_decode(bits: list[int]) -> list[int]:
    """Correct one flipped bit of a Hamming(7,4) code word and return what it holds.

    Positions are numbered from 1; even parity bits stand at 1, 2 and 4 and cover the positions
    whose number has that power of two in it; data bits stand at 3, 5, 6, 7. The XOR of the numbers
    of all positions that hold a 1 is the position of the flipped bit, 0 if there is none. Return
    that position followed by the four corrected data bits.
    """
    wrong = 0
    for position, bit in enumerate(bits, 1):
        if bit:
            wrong ^= position
    bits = list(bits)
    if 0 < wrong < 8:
        bits[wrong - 1] ^= 1
    return [wrong, bits[2], bits[4], bits[5], bits[6]]


@task(
    "hamming",
    "hard",
    examples=[(4,), (8,)],
    edges=[(1,), (11,), (12,), (26,), (27,), (64,), (57,), (0,)],
    draw=lambda r: (r.randint(2, 600),),
    wrong=[("1 << r", "2 << r"), ("data + r + 1", "data + r")],
)
def secded_width(data: int) -> list[int]:
    """Return the number of check bits that protect a memory word of `data` bits.

    Return [s, d]: s bits for correction of single errors (the smallest r with
    2**r >= data + r + 1), and d for correction of single and detection of double errors (one
    more). Without data bits both are 0.
    """
    if data == 0:
        return [0, 0]
    r = 1
    while 1 << r < data + r + 1:
        r += 1
    return [r, r + 1]


@task(
    "feedback shift register",
    "medium",
    examples=[(0b1000, 4, [4, 3], 6), (1, 3, [3, 2], 4)],
    edges=[
        (1, 4, [4, 3], 0),
        (0, 8, [8, 6, 5, 4], 5),
        (0xACE1, 16, [16, 14, 13, 11], 20),
        (0xFF, 8, [8], 10),
    ],
    draw=lambda r: (
        r.randrange(1, 256),
        8,
        [8, *sorted(r.sample(range(1, 8), 3), reverse=True)],
        r.randint(8, 16),
    ),
    wrong=[
        ("tap - 1", "tap % width"),
        ("out.append(state >> (width - 1) & 1)", "out.append(state & 1)"),
    ],
)
def lfsr_bits(state: int, width: int, taps: list[int], count: int) -> list[int]:
    """Return the first count output bits of a Fibonacci shift register with feedback.

    The register has width bits. At each step the output is its highest bit; then it shifts left
    by one (towards higher bits), losing the highest bit, and the new lowest bit is the XOR of the
    bits at the taps before the shift. Tap n is bit n-1 of the register.
    """
    out = []
    for _ in range(count):
        out.append(state >> (width - 1) & 1)
        feed = 0
        for tap in taps:
            feed ^= state >> (tap - 1) & 1
        state = (state << 1 | feed) & ((1 << width) - 1)
    return out


@task(
    "feedback shift register",
    "medium",
    examples=[(1, 0xB8, 3), (0x80, 0xB8, 1)],
    edges=[(0, 0xB8, 9), (0xFF, 0x8E, 0), (1, 0xB400, 16), (0xACE1, 0xB400, 100), (2, 1, 2)],
    draw=lambda r: (r.getrandbits(16), r.choice([0xB8, 0xB400, 0x8E]), r.randint(1, 40)),
    wrong=[("lsb = state & 1", "lsb = state >> 1 & 1"), ("state ^= mask", "state |= mask")],
)
def galois_step(state: int, mask: int, steps: int) -> int:
    """Return the state of a Galois shift register with feedback after some steps.

    One step: remember the lowest bit, shift right by one, and if the remembered bit was 1, XOR
    the mask to the state.
    """
    for _ in range(steps):
        lsb = state & 1
        state >>= 1
        if lsb:
            state ^= mask
    return state


@task(
    "feedback shift register",
    "hard",
    examples=[(3, [3, 2]), (4, [4, 2])],
    edges=[(1, [1]), (4, [4, 3]), (8, [8, 6, 5, 4]), (5, [5]), (7, [7, 6]), (10, [10, 7])],
    draw=lambda r: (
        (w := r.randint(4, 9)),
        [w, *sorted(r.sample(range(1, w), r.randint(1, 2)), reverse=True)],
    ),
    wrong=[("state = start = 1", "state = start = 2"), ("steps += 1\n    ", "\n    ")],
)
def lfsr_period(width: int, taps: list[int]) -> int:
    """Return after how many steps a Fibonacci shift register, started at 1, is at 1 again.

    One step: the register shifts left by one, keeps width bits, and its new lowest bit is the
    XOR of the bits at the taps before the shift; tap n is bit n-1. The highest tap is always
    bit width-1.
    """
    state = start = 1
    steps = 0
    while True:
        feed = 0
        for tap in taps:
            feed ^= state >> (tap - 1) & 1
        state = (state << 1 | feed) & ((1 << width) - 1)
        steps += 1
        if state == start:
            return steps
