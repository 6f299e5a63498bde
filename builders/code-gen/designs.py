"""Made-up designs for build_data: names, naming styles, buses and decoys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from protocols import Protocol, Signal

_STEM_LISTS = {
    "train": """
        uart spi i2c gpio timer pwm watchdog rtc dma crc aes sha trng mailbox plic ethmac
        usb sdio camera lcdc hdmi fft fir viterbi ldpc pcie ddr sram rom flash cache mmu
        tlb bridge crossbar arbiter fifo packer framer scrambler vga audio i2s pdm can lin
    """,
    "validation": """
        keypad stepper encoder dct huffman modem beamer sorter hasher router meter fuse
        lidar servo synth
    """,
    "test": """
        radar sonar codec mixer resizer warper tagger parser shaper policer sampler
        trigger logger tracer vault ledger sensor gimbal
    """,
}
SPLIT_STEMS = {split: text.split() for split, text in _STEM_LISTS.items()}
"""Each split names its designs from its own list, so that no design is in two splits."""
_MORE_STEMS = """
    demod deskewer balancer quantizer slicer combiner tracker scaler stitcher blender aligner
    throttle decimator interleaver equalizer clamper
"""
MORE_STEMS = {"train": [], "validation": [], "test": _MORE_STEMS.split()}
"""Designs behind those, so that a split can grow and its first rows stay as they are."""

TAILS = ("core", "top", "ctrl", "engine", "unit", "wrap", "sys", "ip", "blk", "subsys")

STYLES = ("prefix", "suffix", "dir-suffix", "dir-prefix", "split", "upper", "abbreviated", "mixed")
HELD_OUT_STYLE = "mixed"
"""In the test split only: shows whether a model learned to bind or to copy training names."""

ROLE_WORDS = {
    "cfg": "the configuration bus",
    "csr": "the control and status register bus",
    "mem": "the memory bus",
    "dma": "the DMA bus",
    "ins": "the instruction fetch bus",
    "boot": "the boot bus",
    "lut": "the lookup table bus",
    "desc": "the descriptor bus",
    "coef": "the coefficient bus",
}
STREAM_WORDS = {
    "rx": "the receive stream",
    "tx": "the transmit stream",
    "pix": "the pixel stream",
    "pkt": "the packet stream",
    "smp": "the sample stream",
    "hdr": "the header stream",
    "meta": "the metadata stream",
    "cmd": "the command stream",
}
SIDED = {"s": ("s", "slv", "s0", "up"), "m": ("m", "mst", "m0", "dn")}
NEUTRAL = ("a", "b", "p0", "p1", "x", "y", "if0", "if1", "port0", "port1")
ALIKE = ({"axis", "avalon_st"}, {"axi4", "axi4lite"}, {"tilelink"})
"""Groups of protocols with similar port names; all other protocols form one more group."""
TAGS = {
    "axi4": "axi",
    "axi4lite": "axil",
    "axis": "axis",
    "apb": "apb",
    "ahb": "ahb",
    "wishbone": "wb",
    "avalon_mm": "av",
    "avalon_st": "st",
    "obi": "obi",
    "tilelink": "tl",
}
SHORT = {
    "addr": "adr",
    "address": "adr",
    "data": "dat",
    "wdata": "wdat",
    "rdata": "rdat",
    "valid": "vld",
    "ready": "rdy",
    "enable": "en",
    "write": "wr",
    "read": "rd",
    "resp": "rsp",
    "response": "resp",
    "error": "err",
    "request": "rq",
    "channel": "ch",
    "slverr": "err",
    "opcode": "opc",
    "source": "src",
    "corrupt": "crp",
    "denied": "deny",
}


@dataclass
class Net:
    """A port of the design under construction."""

    name: str
    dir: str
    width: int


@dataclass
class Bus:
    """One bus of a design: what it is and the value that binds each of its signals."""

    protocol: Protocol
    side: str
    """The design's side: s (subordinate, sink) or m (manager, source)."""
    prefix: str
    style: str
    sizes: dict[str, int]
    lanes: int = 1
    lane: int = 0
    nets: list[Net] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    """Signal name -> the value that a VIP port of that function gets."""

    def label(self) -> str:
        """How the bus's ports look: `cfg_...`."""
        if self.style == "suffix":
            return f"`..._{self.prefix}`"
        if self.style == "dir-prefix":
            return f"`i_{self.prefix}_...` and `o_{self.prefix}_...`"
        upper = self.style in ("upper", "mixed")
        return f"`{self.prefix.upper() if upper else self.prefix}_...`"


def spell(style: str, prefix: str, signal: Signal, direction: str) -> str:
    """The name a design in this style gives to a bus signal. `direction`: input or output."""
    name = signal.name
    if style in ("dir-suffix", "dir-prefix") and name in ("dat_w", "dat_r"):
        name = "dat"  # Wishbone designs tell the two apart by direction
    if style == "suffix":
        return f"{name}_{prefix}"
    if style == "dir-suffix":
        return f"{prefix}_{name}_{direction[0]}"
    if style == "dir-prefix":
        return f"{direction[0]}_{prefix}_{name}"
    if style == "split":
        return f"{prefix}_{signal.spelled}"
    if style == "upper":
        return f"{prefix}_{name}".upper()
    if style == "mixed":
        return f"{prefix.upper()}_{name}"
    if style == "abbreviated":
        parts = [SHORT.get(part, part) for part in signal.spelled.split("_")]
        return f"{prefix}_{'_'.join(parts)}"
    return f"{prefix}_{name}"


def sizes(rng: random.Random, protocol: Protocol, *, easy: bool = False) -> dict[str, int]:
    """Widths for one bus, about a third of them the VIP's defaults; all of them on easy rows."""
    if easy:
        return {name: default for name, (default, _) in protocol.widths.items()}
    data = rng.choice((8, 16, 32, 32, 64) if protocol.stream else (32, 32, 64))
    if protocol.key in ("axi4", "tilelink"):
        data = rng.choice((32, 64, 128))
    chosen = {}
    for name, (default, _) in protocol.widths.items():
        choices = {
            "DATA_WIDTH": (data,),
            "ADDR_WIDTH": (8, 12, 16, 24, 32, 32, 40),
            "EMPTY_WIDTH": (max((data // 8 - 1).bit_length(), 1),),
        }.get(name, (default, default, 2, 6, 8))
        chosen[name] = rng.choice(choices)
    return chosen


def size_of(signal: Signal, env: dict[str, int]) -> int:
    """A signal's width in bits."""
    if isinstance(signal.width, int):
        return signal.width
    name, _, divisor = signal.width.partition("/")
    return env[name] // int(divisor or 1)


def keep(rng: random.Random, signal: Signal, env: dict[str, int], thin: bool) -> bool:
    """Whether the design has this signal."""
    if signal.driver == "-" or size_of(signal, env) < 1:
        return False
    if signal.need == "yes":
        return True
    chance = 0.25 if signal.need == "no" else 0.6
    return rng.random() < (chance / 3 if thin else chance)


def build_bus(
    rng: random.Random, bus: Bus, *, thin: bool = False, joined: bool = False, decoys: int = 0
) -> None:
    """Fill in a bus's ports and values, and put decoys that look like them among the ports."""
    for signal in bus.protocol.signals:
        if not keep(rng, signal, bus.sizes, thin):
            continue
        direction = "output" if signal.driver == bus.side else "input"
        width = size_of(signal, bus.sizes)
        name = spell(bus.style, bus.prefix, signal, direction)
        if joined and signal.name.endswith("data") and width >= 16:
            halves = [_half(bus, signal, direction, end) for end in ("hi", "lo")]
            bus.nets += [Net(half, direction, width // 2) for half in halves]
            bus.values[signal.name] = "{" + ", ".join(halves) + "}"
            continue
        bus.nets.append(Net(name, direction, width * bus.lanes))
        bus.values[signal.name] = name
        if bus.lanes > 1:
            low = bus.lane * width
            select = f"{low + width - 1}:{low}" if width > 1 else f"{low}"
            bus.values[signal.name] = f"{name}[{select}]"
    for net in rng.sample(bus.nets, min(decoys, len(bus.nets))):
        word = rng.choice(("q", "dbg", "shadow", "mon"))
        extra = Net(f"{net.name}_{word}", "output", net.width)
        bus.nets.insert(rng.randrange(len(bus.nets) + 1), extra)


def _half(bus: Bus, signal: Signal, direction: str, end: str) -> str:
    named = replace(signal, name=f"{signal.name}_{end}", spelled=f"{signal.spelled}_{end}")
    return spell(bus.style, bus.prefix, named, direction)


def alike(one: Protocol, other: Protocol) -> bool:
    """Whether a reader could take a bus of one protocol for the other."""
    for group in ALIKE:
        if one.key in group or other.key in group:
            return one.key in group and other.key in group
    return True


def phrase(kind: str, bus: Bus, words: dict[str, str]) -> str:
    """The noun phrase that names the bus to bind."""
    title = bus.protocol.title
    if kind == "role":
        return f"{words[bus.prefix]} ({title})"
    if kind == "only":
        return f"the only {title} bus"
    if kind == "prefix":
        return f"the {title} bus {bus.label()}"
    if kind == "lanes":
        return (
            f"lane {bus.lane} of the {bus.lanes} {title} lanes packed into {bus.label()} "
            "(lane 0 in the lowest bits)"
        )
    return f"the {title} bus on which the design is the {side_word(bus)}"


def side_word(bus: Bus) -> str:
    """The design's side in the words of the bus's standard."""
    if bus.protocol.stream:
        return "source" if bus.side == "m" else "sink"
    return "manager" if bus.side == "m" else "subordinate"


def misc(rng: random.Random) -> list[Net]:
    """Ports that belong to no bus."""
    pool = (
        Net("irq", "output", 1),
        Net("busy", "output", 1),
        Net("test_mode", "input", 1),
        Net("scan_en", "input", 1),
        Net("err_cnt", "output", 16),
        Net("xfer_cnt", "output", 32),
        Net("status", "output", 8),
        Net("mode", "input", 2),
        Net("valid_cnt", "output", 8),
        Net("ready_led", "output", 1),
        Net("base_addr", "input", 32),
        Net("dbg_data", "output", 32),
    )
    return rng.sample(pool, rng.randrange(1, 5))
