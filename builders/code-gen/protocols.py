"""The buses: which signals each has, who drives them, what may be missing.

Facts come from the public standards (AMBA AXI, AXI-Stream, APB, AHB; Wishbone B4; Avalon; OBI;
TileLink); the constants for missing signals are this project's choice where a standard has none.
To add a protocol, write one more table and put it into PROTOCOLS.

Columns of a signal table: name; driver (m manager or source, s subordinate or sink, - neither:
clock and reset); width; need; the same name with its parts apart, as many designs spell it.
need: yes = always there; no = optional; a constant = a VIP that listens to it must have it, and
gets this constant when the bus does not have the signal.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """One row of a signal table."""

    name: str
    driver: str
    width: int | str
    need: str
    spelled: str


@dataclass(frozen=True)
class Protocol:
    """A bus standard: its signals and the parameters that set their widths."""

    key: str
    title: str
    signals: tuple[Signal, ...]
    widths: dict[str, tuple[int, str]]
    """Width parameters: default in bits, and what it measures."""
    handshake: str = ""
    """The signals that say when something is transferred."""
    stream: bool = False

    def critical(self) -> set[str]:
        """The signals that must be right for the rest to count: clock, reset and handshake."""
        return {*(signal.name for signal in self.signals[:2]), *self.handshake.split()}


def _table(text: str) -> tuple[Signal, ...]:
    signals = []
    for line in text.strip().splitlines():
        name, driver, width, need, spelled = line.split()
        bits = int(width) if width.isdigit() else width
        signals.append(Signal(name, driver, bits, need, spelled))
    return tuple(signals)


AXI4 = Protocol(
    "axi4",
    "AXI4",
    _table("""
        aclk      -  1             yes      clk
        aresetn   -  1             1'b1     rst_n
        awid      m  ID_WIDTH      no       aw_id
        awaddr    m  ADDR_WIDTH    yes      aw_addr
        awlen     m  8             yes      aw_len
        awsize    m  3             yes      aw_size
        awburst   m  2             2'b01    aw_burst
        awlock    m  1             no       aw_lock
        awcache   m  4             4'b0000  aw_cache
        awprot    m  3             3'b000   aw_prot
        awqos     m  4             no       aw_qos
        awregion  m  4             no       aw_region
        awuser    m  USER_WIDTH    no       aw_user
        awvalid   m  1             yes      aw_valid
        awready   s  1             yes      aw_ready
        wdata     m  DATA_WIDTH    yes      w_data
        wstrb     m  DATA_WIDTH/8  yes      w_strb
        wlast     m  1             yes      w_last
        wuser     m  USER_WIDTH    no       w_user
        wvalid    m  1             yes      w_valid
        wready    s  1             yes      w_ready
        bid       s  ID_WIDTH      no       b_id
        bresp     s  2             2'b00    b_resp
        buser     s  USER_WIDTH    no       b_user
        bvalid    s  1             yes      b_valid
        bready    m  1             yes      b_ready
        arid      m  ID_WIDTH      no       ar_id
        araddr    m  ADDR_WIDTH    yes      ar_addr
        arlen     m  8             yes      ar_len
        arsize    m  3             yes      ar_size
        arburst   m  2             2'b01    ar_burst
        arlock    m  1             no       ar_lock
        arcache   m  4             4'b0000  ar_cache
        arprot    m  3             3'b000   ar_prot
        arqos     m  4             no       ar_qos
        arregion  m  4             no       ar_region
        aruser    m  USER_WIDTH    no       ar_user
        arvalid   m  1             yes      ar_valid
        arready   s  1             yes      ar_ready
        rid       s  ID_WIDTH      no       r_id
        rdata     s  DATA_WIDTH    yes      r_data
        rresp     s  2             2'b00    r_resp
        rlast     s  1             yes      r_last
        ruser     s  USER_WIDTH    no       r_user
        rvalid    s  1             yes      r_valid
        rready    m  1             yes      r_ready
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ADDR_WIDTH": (32, "bits of address"),
        "ID_WIDTH": (4, "bits of the ids, if bound"),
        "USER_WIDTH": (1, "bits of the user ports, if bound"),
    },
    handshake="awvalid awready wvalid wready bvalid bready arvalid arready rvalid rready",
)

AXI4_LITE = Protocol(
    "axi4lite",
    "AXI4-Lite",
    _table("""
        aclk      -  1             yes      clk
        aresetn   -  1             1'b1     rst_n
        awaddr    m  ADDR_WIDTH    yes      aw_addr
        awprot    m  3             3'b000   aw_prot
        awvalid   m  1             yes      aw_valid
        awready   s  1             yes      aw_ready
        wdata     m  DATA_WIDTH    yes      w_data
        wstrb     m  DATA_WIDTH/8  no       w_strb
        wvalid    m  1             yes      w_valid
        wready    s  1             yes      w_ready
        bresp     s  2             2'b00    b_resp
        bvalid    s  1             yes      b_valid
        bready    m  1             yes      b_ready
        araddr    m  ADDR_WIDTH    yes      ar_addr
        arprot    m  3             3'b000   ar_prot
        arvalid   m  1             yes      ar_valid
        arready   s  1             yes      ar_ready
        rdata     s  DATA_WIDTH    yes      r_data
        rresp     s  2             2'b00    r_resp
        rvalid    s  1             yes      r_valid
        rready    m  1             yes      r_ready
    """),
    {"DATA_WIDTH": (32, "bits of data"), "ADDR_WIDTH": (32, "bits of address")},
    handshake="awvalid awready wvalid wready bvalid bready arvalid arready rvalid rready",
)

AXI_STREAM = Protocol(
    "axis",
    "AXI-Stream",
    _table("""
        aclk     -  1             yes   clk
        aresetn  -  1             1'b1  rst_n
        tvalid   m  1             yes   valid
        tready   s  1             1'b1  ready
        tdata    m  DATA_WIDTH    yes   data
        tstrb    m  DATA_WIDTH/8  no    strb
        tkeep    m  DATA_WIDTH/8  no    keep
        tlast    m  1             1'b1  last
        tid      m  ID_WIDTH      no    id
        tdest    m  DEST_WIDTH    no    dest
        tuser    m  USER_WIDTH    no    user
        twakeup  m  1             no    wakeup
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ID_WIDTH": (4, "bits of the id, if bound"),
        "DEST_WIDTH": (4, "bits of dest, if bound"),
        "USER_WIDTH": (1, "bits of user, if bound"),
    },
    handshake="tvalid tready",
    stream=True,
)

APB = Protocol(
    "apb",
    "APB",
    _table("""
        pclk     -  1             yes     clk
        presetn  -  1             1'b1    rst_n
        paddr    m  ADDR_WIDTH    yes     addr
        psel     m  1             yes     sel
        penable  m  1             yes     enable
        pwrite   m  1             yes     write
        pwdata   m  DATA_WIDTH    yes     wdata
        pstrb    m  DATA_WIDTH/8  no      strb
        pprot    m  3             3'b000  prot
        pwakeup  m  1             no      wakeup
        pauser   m  USER_WIDTH    no      auser
        pready   s  1             1'b1    ready
        prdata   s  DATA_WIDTH    yes     rdata
        pslverr  s  1             1'b0    slverr
        pruser   s  USER_WIDTH    no      ruser
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ADDR_WIDTH": (32, "bits of address"),
        "USER_WIDTH": (4, "bits of the user ports, if bound"),
    },
    handshake="psel penable pready",
)

AHB = Protocol(
    "ahb",
    "AHB-Lite",
    _table("""
        hclk       -  1             yes      clk
        hresetn    -  1             1'b1     rst_n
        haddr      m  ADDR_WIDTH    yes      addr
        htrans     m  2             yes      trans
        hwrite     m  1             yes      write
        hsize      m  3             yes      size
        hburst     m  3             3'b000   burst
        hprot      m  4             4'b0011  prot
        hmastlock  m  1             1'b0     mastlock
        hnonsec    m  1             no       nonsec
        hexcl      m  1             no       excl
        hsel       m  1             1'b1     sel
        hwdata     m  DATA_WIDTH    yes      wdata
        hwstrb     m  DATA_WIDTH/8  no       wstrb
        hrdata     s  DATA_WIDTH    yes      rdata
        hreadyout  s  1             yes      readyout
        hresp      s  1             1'b0     resp
        hexokay    s  1             no       exokay
    """),
    {"DATA_WIDTH": (32, "bits of data"), "ADDR_WIDTH": (32, "bits of address")},
    handshake="htrans hsel hreadyout",
)

WISHBONE = Protocol(
    "wishbone",
    "Wishbone",
    _table("""
        clk    -  1             yes     clk
        rst_n  -  1             1'b1    rst_n
        cyc    m  1             yes     cyc
        stb    m  1             yes     stb
        we     m  1             yes     we
        adr    m  ADDR_WIDTH    yes     adr
        dat_w  m  DATA_WIDTH    yes     dat_w
        sel    m  DATA_WIDTH/8  no      sel
        cti    m  3             3'b000  cti
        bte    m  2             2'b00   bte
        lock   m  1             no      lock
        tgc    m  TAG_WIDTH     no      tgc
        dat_r  s  DATA_WIDTH    yes     dat_r
        ack    s  1             yes     ack
        err    s  1             1'b0    err
        rty    s  1             1'b0    rty
        stall  s  1             no      stall
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ADDR_WIDTH": (32, "bits of address"),
        "TAG_WIDTH": (4, "bits of tgc, if bound"),
    },
    handshake="cyc stb ack",
)

AVALON_MM = Protocol(
    "avalon_mm",
    "Avalon-MM",
    _table("""
        clk            -  1             yes    clk
        reset_n        -  1             1'b1   rst_n
        address        m  ADDR_WIDTH    yes    addr
        read           m  1             yes    read
        write          m  1             yes    write
        writedata      m  DATA_WIDTH    yes    write_data
        byteenable     m  DATA_WIDTH/8  no     byte_enable
        burstcount     m  BURST_WIDTH   no     burst_count
        lock           m  1             no     lock
        debugaccess    m  1             no     debug_access
        readdata       s  DATA_WIDTH    yes    read_data
        readdatavalid  s  1             no     read_data_valid
        waitrequest    s  1             1'b0   wait_request
        response       s  2             2'b00  response
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ADDR_WIDTH": (32, "bits of address"),
        "BURST_WIDTH": (4, "bits of burstcount, if bound"),
    },
    handshake="read write readdatavalid waitrequest",
)

AVALON_ST = Protocol(
    "avalon_st",
    "Avalon-ST",
    _table("""
        clk            -  1              yes   clk
        reset_n        -  1              1'b1  rst_n
        valid          m  1              yes   valid
        ready          s  1              1'b1  ready
        data           m  DATA_WIDTH     yes   data
        startofpacket  m  1              1'b0  sop
        endofpacket    m  1              1'b0  eop
        empty          m  EMPTY_WIDTH    no    empty
        channel        m  CHANNEL_WIDTH  no    channel
        error          m  ERROR_WIDTH    no    error
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "EMPTY_WIDTH": (2, "bits of empty, if bound"),
        "CHANNEL_WIDTH": (4, "bits of channel, if bound"),
        "ERROR_WIDTH": (1, "bits of error, if bound"),
    },
    handshake="valid ready",
    stream=True,
)

OBI = Protocol(
    "obi",
    "OBI",
    _table("""
        clk     -  1             yes   clk
        rst_n   -  1             1'b1  rst_n
        req     m  1             yes   req
        gnt     s  1             yes   gnt
        addr    m  ADDR_WIDTH    yes   addr
        we      m  1             yes   we
        be      m  DATA_WIDTH/8  no    be
        wdata   m  DATA_WIDTH    yes   wdata
        aid     m  ID_WIDTH      no    a_id
        atop    m  6             no    atop
        auser   m  USER_WIDTH    no    a_user
        rvalid  s  1             yes   r_valid
        rready  m  1             1'b1  r_ready
        rdata   s  DATA_WIDTH    yes   r_data
        rid     s  ID_WIDTH      no    r_id
        err     s  1             1'b0  r_err
        ruser   s  USER_WIDTH    no    r_user
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ADDR_WIDTH": (32, "bits of address"),
        "ID_WIDTH": (4, "bits of the ids, if bound"),
        "USER_WIDTH": (1, "bits of the user ports, if bound"),
    },
    handshake="req gnt rvalid rready",
)

TILELINK = Protocol(
    "tilelink",
    "TileLink-UL",
    _table("""
        clk        -  1             yes     clk
        rst_n      -  1             1'b1    rst_n
        a_valid    m  1             yes     req_valid
        a_ready    s  1             yes     req_ready
        a_opcode   m  3             yes     req_opcode
        a_param    m  3             3'b000  req_param
        a_size     m  SIZE_WIDTH    yes     req_size
        a_source   m  SOURCE_WIDTH  yes     req_source
        a_address  m  ADDR_WIDTH    yes     req_address
        a_mask     m  DATA_WIDTH/8  yes     req_mask
        a_data     m  DATA_WIDTH    yes     req_data
        a_corrupt  m  1             1'b0    req_corrupt
        d_valid    s  1             yes     rsp_valid
        d_ready    m  1             yes     rsp_ready
        d_opcode   s  3             yes     rsp_opcode
        d_param    s  2             2'b00   rsp_param
        d_size     s  SIZE_WIDTH    yes     rsp_size
        d_source   s  SOURCE_WIDTH  yes     rsp_source
        d_sink     s  SINK_WIDTH    no      rsp_sink
        d_denied   s  1             1'b0    rsp_denied
        d_data     s  DATA_WIDTH    yes     rsp_data
        d_corrupt  s  1             1'b0    rsp_corrupt
    """),
    {
        "DATA_WIDTH": (32, "bits of data"),
        "ADDR_WIDTH": (32, "bits of address"),
        "SIZE_WIDTH": (2, "bits of the sizes"),
        "SOURCE_WIDTH": (4, "bits of the sources"),
        "SINK_WIDTH": (1, "bits of the sink, if bound"),
    },
    handshake="a_valid a_ready d_valid d_ready",
)

PROTOCOLS = {
    p.key: p
    for p in (
        AXI4,
        AXI4_LITE,
        AXI_STREAM,
        APB,
        AHB,
        WISHBONE,
        AVALON_MM,
        AVALON_ST,
        OBI,
        TILELINK,
    )
}
