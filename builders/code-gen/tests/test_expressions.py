"""Values as people write them: the gates must not refuse what a compiler accepts.

The compiler is slang, with a testbench that defines a package and a macro. Both gates know only
the row, so a package's name, a macro or a call may be anything to them.
"""

from __future__ import annotations

import pytest

from task import grader
from task.tools import elaborate
from tests.conftest import Row, rebind

AROUND = """\
package pkg;
  localparam DW = 16; localparam int HALF = 8; localparam bit ON = 1; localparam string KIND = "a";
  typedef logic [3:0] nib_t; typedef enum logic {A, B} e_t;
  function automatic logic [3:0] inc(logic [3:0] x); return x + 1; endfunction
  class c #(int W = 4); localparam K = W; endclass
endpackage
`define DW 16
`define ONE 1'b1
`define PFX(x) s_``x
"""

VALUES = {
    "abort": r"""
        !busy   ~busy   &count   ~&count   |count   ~|count   ^count   ~^count   ^~count
        busy && s_last   busy || s_last   busy & s_last   busy | s_last   busy ^ s_last
        busy ~^ s_last   busy ^~ s_last   count == 3   count != 3   count === 3   count !== 16'hx
        count ==? 16'h0x   count !=? 16'b1?   count < 3   count<=3   count > 3   count >= 3
        busy -> s_last   busy <-> s_last   !(busy && s_last)   !busy&&!s_last   busy?s_last:clk
        busy ? s_last ? clk : busy : 1'b0   (busy)   ((busy))   ~(busy|s_last)   !count[3]   -busy
        +busy   !!busy   ~&{busy,clk}   |count[3:0]   &{busy, s_last, clk}   busy & ~s_last | clk
        count[0]   count[15]   count[DW-1]   count[HALF]   count[busy]   count[count[3:0]]
        (count >> 3) & 1'b1 ? busy : clk   count inside {3, 4}   count inside {[3:4], 9}
        !(count inside {16'h0, [16'd2:16'd9]})   busy == 1'b1 && s_last == 1'b0   (busy==1)
        busy===1'b1   !busy || (count != '0)   count == '1   (count == 0) ? 1'b1 : 1'b0
        s_data[0] & busy   count >>> 15 == 1   count[3] ^ count[2] ^ count[1]
        (clk) ? busy : s_last   1'b1 ? busy : clk   1 ? busy : clk   $onehot(count)
        $onehot0(count)   $isunknown(count)   $countones(count) == 1   $countones(count)==1 && busy
        ^$countones(count)   !$onehot(count)   |$signed(count)   $rose(clk)   $test$plusargs("X")
        pkg::inc(4'd3) == 4'd4   $isunknown({count, busy})   $past(busy)   $sampled(busy)
        $countones(count) > 0 ? busy : clk   $signed(count) < 0   $signed(count) >= $signed(s_data)
        $left(count) == 15   $isunbounded(DW)   $urandom_range(1)   $time > 100   $time() > 100
        $realtime > 1.5   pkg::ON   pkg::c#(3)::K == 3   $unit::x   $root.rft_tb.busy   rft_tb.busy
        rft_dut_i.busy   dut.busy   small.busy   busy.x   other.busy   u.v.w   \busy   \busy & \clk
        \nope   !\busy   {\busy }   \busy [0]   (\busy )   `ONE   `NOPE   `DW == 16   `PFX(last)
        local::x   this.x   super.x   null   pkg::A == pkg::e_t'(busy)   pkg::B   this   pkg::nib_t
        busy iff clk   posedge clk   @clk   #1 busy   busy = 1   (busy = 1)   busy++   ++busy
        busy += 1   busy <= 1   busy dist {1}   busy[0]   busy matches 1   new   busy, clk
        busy) , .x(   busy;   /**/busy   busy /* a */   busy /* a */ & clk   busy // x
        (* full *) busy   busy ? (* x *) clk : s_last   1.5 > 1 ? busy : clk   1ns   1.0   1e3   1.5
        (1:2:3)   (busy:clk:s_last)   "a" == "a"   "a"   ""   "0"   {"a"}   tagged x   '{busy}
        '{default:0}   '{0:busy}   type(busy) == type(clk)   EVEN   with   begin   logic   int
        1step   $   ?   '   1'   %   'b1   'd1   1 'b1   1 ' b1   1'b 1   1'b_1   1'b1_   1'B1
        1'sb1   1'h1   1'o1   1'd1   1'bx   1'bz   1'b?   '0   '1   'x   'z   'X   'Z   1   0   1'b0
        1'd0   01   00   2   1'b2   1'd2   1'h2   2'b1   2'b01   2'b10   32'd1   32'h0000_0001   'h1
        'o1   'd0   64'd1   1'dx   1'dz   1'd?   8'd1x   1'bX   true   false   1'b1   1 b1   _1   1_
        1__0
    """,
    "code": r"""
        count[3:0]   ~count[3:0]   count[3:0] & 4'hf   count[3:0] | 4'h1   count[3:0] ^ {4{busy}}
        count[3:0] + 1   count[3:0] + 4'd1   count[3:0]-1   count[3:0]*2   count[3:0] / 2
        count[3:0] % 3   count[3:0] ** 2   count[3:0] << 1   count[3:0] >> 1   count[3:0] <<< 1
        count[3:0] >>> 1   busy ? 4'd1 : 4'd2   busy ? count[3:0] : '0   busy ? '1 : '0
        -count[3:0]   (count[3:0] + count[7:4])   count[3:0] + busy   count[3:0]+4'b1   4'd1 << 2
        1 << 2   1<<HALF-6   2**3   HALF   HALF-1   HALF + 1   DW-1   DW/2   DW>>1   (DW/4)-1   -1
        -4'd1   ~4'd1   ~0   DW == 16 ? 4'd3 : 4'd4   DW > 8 ? HALF : 3   DW % 3   $clog2(DW)
        $clog2(DW)-1   $clog2(DW+1)   $bits(count)-1   $bits(count[3:0])   $bits(s_data) / 4
        (HALF)   +3   DW && HALF   {count[1:0], busy, clk}   {count[1:0],busy,clk}
        { count[3:2] , 2'b01 }   {4{busy}}   {2{busy,clk}}   {2{2'b01}}   {{2{busy}}, 2'b0}
        {{2{busy}}, {2{clk}}}   {count[0], count[1], count[2], count[3]}   {busy, 3'd0}
        {3'b0, busy}   {{3{1'b0}}, busy}   {{(HALF-5){1'b0}}, busy}   {(HALF/2){busy}}
        {HALF-4{busy}}   {$clog2(DW){busy}}   {1'b0, count[2:0]}   {{1'b0}, {count[2:0]}}
        {{{busy}}, count[2:0]}   {count[3:0]}   {<<{count[3:0]}}   {>>{count[3:0]}}
        {<<2{count[3:0]}}   {<< 2 {count[3:0]}}   {<<byte{count[3:0]}}
        {busy ? 2'b01 : 2'b10, count[1:0]}   {!busy, ~count[2:0]}   {&count, 3'b0}
        {busy & clk, 3'b000}   {2'd1, 2'd2}   {0{busy}}   {{0{busy}}, count[3:0]}
        {busy,count[2:0]}[3:0]   {count[3:0], count[3:0]}[5:2]   {4'b0011}
        {s_last, s_valid, busy, clk}   {count[15], count[3:1]}   {4{1'b1}}   {4{1'bz}}   {4{1'bx}}
        {2{1'b0}, 2'b1}   { {2{busy}} , {2 {clk}} }   {4{count[0]}}   {DW/4{1'b1}}   {(DW>>2){1'b0}}
        {1{4'h3}}   4'(count)   4'(3)   4'(count[2:0])   (4)'(count)   (DW/4)'(count)   HALF'(count)
        (HALF-4)'(count)   4'(count + 1)   4'(DW)   signed'(count[3:0])   unsigned'(count[3:0])
        int'(count)   logic'(busy)   bit'(busy)   byte'(count[3:0])   shortint'(3)   integer'(3)
        pkg::nib_t'(count)   pkg::e_t'(busy)   4'($signed(count[3:0]))   $unsigned(4'(count))
        const'(count[3:0])   signed'(4'd3)   4'(busy ? 1 : 2)   4'({busy, clk})   reg'(busy)
        void'(count)   pkg::HALF'(count)   4'(-1)   longint'(3)   time'(3)   real'(3)   string'(3)
        (4)'(3)+1'b0   4'('1)   4'(count)[3:0]   type(count[3:0])'(count)   logic [3:0]'(count)
        count[7:4]   count[0+:4]   count[0 +: 4]   count[4+:4]   count[3-:4]   count[15 -: 4]
        count[0*4 +: 4]   count[2*4+:4]   count[HALF+:4]   count[HALF-1-:4]   count[HALF-1:4]
        count[HALF-1:HALF-4]   count[DW-1:DW-4]   count[DW-1 -: 4]   count[(1+1)*4-1:4]
        count[busy*4 +: 4]   count[count[1:0] +: 4]   count[count[1:0]*4 -: 4]
        count[$clog2(DW)-1:0]   count[3:0][1:0]   count[(3):(0)]   count [3:0]   count[ 3 : 0 ]
        count[3 :0]   count[4'd3:0]   count['d3:'d0]   count['h3:'h0]   count[32'd3:0]   count[0:3]
        count[-1+:4]   count[16+:4]   count[13+:4]   count[2-:4]   count[DW:DW-3]   count[3:-1]
        s_data[HALF+3:HALF]   s_data[$bits(count)-1 -: 4]   pad   pad[3:0]   count[1?3:2:0]
        count[(1?3:2):0]   s_data[2*HALF-1-:4]   count[3'd0 +: 4]   count[pkg::HALF+:4]
        count[pkg::HALF-1:4]   count[$bits(pad)-1:0]   $clog2(16)   $bits(pad)   $signed(count[3:0])
        $unsigned(count[3:0])   $signed(4'd3)   $countones(count)   $countones(count[3:0])
        $countones({busy, clk})   $size(count)   $left(count)   $right(count)   $high(count)
        $low(count)   $increment(count)   $dimensions(count)   $unpacked_dimensions(count)
        $countbits(count, '1)   $countbits(count, '1, '0)   $pow(2, 3)   $rtoi(3.7)
        $bits(logic [3:0])   $bits(pkg::nib_t)   $bits(int)   pkg::inc(count[3:0])   $ceil(2.5)
        $sqrt(4)   $ln(2)   $log10(10)   $floor(2.5)   $exp(1)   $itor(3)   $realtobits(1.0)
        $abs(3)   $size(count, 1)   $random   $urandom   $urandom()   $urandom_range(3)
        $urandom_range(0, 3)   $time   $stime   $realtime   $system("true")   $test$plusargs("X")
        $fopen("x")   $display("x")   $finish   $typename(count)   $bits({busy,clk})   $min(1,2)
        $clog2(DW) + $clog2(HALF)   $clog2($bits(count))   $cast(a,b)   $sformatf("x")   $error
        $past(count[3:0])   $sampled(count[3:0])   $rose(clk)   $stable(count)   $changed(busy)
        $fell(busy)   f(count)   $hypot(3,4)   $atan2(1,1)   $sin(0)   $bitstoreal(64'd0)
        $bits("ab")   4'b0101   4'b01_01   4'b01xz   4'b????   4'hF   4'hf   4'hx   4'hz   4'h?
        4'o7   4'o17   4'o27   4'd15   4'd16   4'dx   4'sd3   4'sb1111   4'Sd3   4'sd8   -4'sd8
        'hf   'h1f   'd15   'd16   'b1111   'bx   'bz   'hx   'h0x   'b1x   'b0x   'sd3   15   16
        0   1_0   1_5   3'd7   3'd1   2'b11   5'd1   5'd16   8'hff   8'h0f   32'd15   32'd16   '0
        '1   'x   'z   4 'd3   4'd 3   4 ' d 3   4'D3   4'B0011   4'H3   4'O3   04'd3   4'd03
        4'd0_3   4'b0   4'b00000   4'b10000   4'hff   4'h0f   5'bx0011   3'bx   3'bz   3'b1x
        5'bzzzzz   5'b0xxxx   64'd3   4'bx   4'bz1   4'dz   4'd?   4'b2   4'o8   4'hg   4'd1_   4'_1
        4'h_f   99999999999   4294967295   2147483647   2147483648   32'hffffffff   'hffffffff
        -2147483648   33'd3   0'd3   -8   -9   -16   -17   4'b1?0x   1e1   1.0   3.7   1.5   1ns
        "a"   ""
    """,
    "SEED": r"""
        3   0   -1   -3   +3   DW   HALF   DW*2   DW/HALF   DW+HALF-1   (DW+1)*2   DW>8?1:2
        DW == 16   DW && HALF   !DW   ~DW   -DW   DW**2   2**4   1<<4   $clog2(DW)   $clog2(DW)+1
        $bits(count)   $bits(s_data)/8   $size(count)   $left(count)   $countones(4'd3)   $pow(2,3)
        $rtoi(3.5)   pkg::DW   pkg::HALF*2   pkg::DW/pkg::HALF   pkg::inc(4'd3)   4'd3   8'hff
        32'hffffffff   32'd7   'h10   'd10   'b101   '0   '1   'x   4'bx   1'b1   {4'd1,4'd2}
        {2{4'd1}}   {8'd1, 8'd2}   {DW}   {DW, HALF}   signed'(4'd3)   int'(3)   8'(300)   32'(DW)
        4'(DW)   int'(4'd3)   unsigned'(3)   1.5   1.0   1e3   3.0   DW*1.5   1ns   "7"   KIND   "a"
        count   count[3:0]   busy   DW[3:0]   DW[0]   HALF[2]   (3)   ((DW))   3 + 4   3+4*5
        (3+4)*5   10 % 3   -10 / 3   -10 % 3   7 / 0   DW ? 3 : 4   DW inside {8, 16}
        DW < HALF ? DW : HALF   (DW > HALF) ? DW : HALF   `DW   `NOPE   DX   pkg::NOPE   nopkg::DW
        2147483647   2147483648   4294967295   -2147483648   99999999999   64'd3   40'hffffffffff
        64'hffffffffffffffff   (1:2:3)   |DW   &DW   ^DW   DW & 3   DW | 3   DW ^ 3   DW ~^ 3
        DW >>> 2   DW <<< 2   DW >> 2   DW != 3   DW === 16   DW <= 16   DW -> 1   DW <-> 1
        KIND == "fast"   KIND == "fast" ? 3 : 4   KIND[7:0]   "a" == "b"   $bits(KIND)
        $signed(4'hf)   $unsigned(-4'sd1)   $signed(DW)   4'sd7   4'shf   -4'sd1   ~4'd0   ~32'd0
        !4'd3   DW.x   {<<{8'h3}}   '{3}   pkg::c#(3)::K   small::DW   type(DW)   $clog2(0)
        $clog2(-1)   $clog2(64'd5)   1'b1 + 1'b1   8'd255 + 8'd1   8'd255 + 1   4'hf << 4   -8'd1
        8'd3 - 8'd5   DW - 20   16'd3 * 2   1 << 31   1 << 32   2 ** 31   2**32   2**40
        DW * 1000000000   {32'd1, 32'd2}   {1'b0, 32'd2}   {40{1'b0}}   {33{1'b1}}   1?2:3
        0?DW:HALF   x   'z   $time   $random   $bits(int)   $bits(pkg::nib_t)   int   DW'(3)
        (DW)'(3)   pkg::nib_t'(3)   pkg::e_t'(1)   pkg::B   3 /* c */   /* c */ 3
    """,
    "W": r"""
        16   DW   HALF*2   2*HALF   $bits(s_data)   pkg::DW   16'd16   'd16   'h10   8'h10   1<<4
        2**4   $clog2(65536)   DW > 8 ? 16 : 8   (DW)   DW+0   32'(16)   int'(16)   $size(s_data)
        `DW   $left(s_data)+1   $high(s_data) + 1   8*2   DW/8*8   {8'd16}   5'b10000   5'(16)
        DW|0   unsigned'(16)   $unsigned(16)   DW-HALF+HALF   pkg::HALF*2   HALF   $bits(count)   17
        -16   0   16.0   $countones(16'hffff)   $bits({count})   $bits(pad)*4
    """,
    "MODE": r"""
        "slow"   ""   "a b"   "a//b"   "a/*b*/"   "a\"b"   "a\\b"   "a\nb"   "a;b"   "é"   "`x"
        KIND   pkg::KIND   (KIND)   ("slow")   {"sl", "ow"}   {KIND, "x"}   DW == 16 ? "a" : "b"
        busy ? "a" : "b"   7   '0   8'h41   DW   HALF   "a" "b"   "a   {2{"ab"}}   string'("a")
        $sformatf("a%0d", 3)   `NOPE   "dut.x"   "small.x"   "a), .b("   '1   KIND ? 1 : 2
        1 ? KIND : "x"   $typename(DW)   "\x41"   1.5
    """,
    "data": r"""
        s_data   s_data[15:0]   s_data[DW-1:0]   s_data[0+:DW]   s_data[DW-1 -: DW]
        {s_data[15:8], s_data[7:0]}   {s_data}   (s_data)   {s_data[DW-1:HALF], s_data[HALF-1:0]}
        {<<{s_data}}   {<<8{s_data}}   {>>{s_data}}   \s_data   {\s_data [15:8], s_data[7:0]}
        s_data[$bits(s_data)-1:0]   {s_data[0+:HALF], s_data[HALF+:HALF]}   16'(s_data)
        s_data & s_data   ~s_data   s_data[busy +: 16]   {s_data[7:0], pad, pad}
        {s_data[7:0], s_data[7:0]}   pkg::x   `NOPE   '{default:s_data}   signed'(s_data)
        $signed(s_data)   busy ? s_data : s_data   {2{s_data[7:0]}}   count   s_data[15:1]
        {s_data[15:1], s_last}   '0   s_data + 0   {s_data[15:4], pad}   {pad, s_data[11:0]}
        s_data[15:0][15:0]   s_data[count[0]]   DW   pkg::DW
    """,
    "valid": r"""
        s_valid   (s_valid)   {s_valid}   \s_valid   s_valid[0]   s_valid[0:0]   s_data[3]
        s_data[HALF]   s_data[busy]   s_data[DW-1]   pad[0]   pad[3]   pad[4]   !s_valid
        s_valid || busy   1'b1   busy   clk   1'(s_valid)   s_valid.x   `NOPE   pkg::ready
        rft_dut_i.s_valid   logic'(s_valid)   '{s_valid}   {<<{s_valid}}   -s_valid   +s_valid
        s_valid ? s_valid : s_valid   s_data[0+:1]   s_data[0][0]
    """,
}
"""By VIP port or parameter; three spaces separate values."""

TABLE = [(name, value.strip()) for name, text in VALUES.items() for value in text.split("   ")]
TABLE = [(name, value) for name, value in TABLE if value]

REFUSED = {("MODE", value) for value in ("7", "'0", "'1", "8'h41", "DW", "HALF")}
REFUSED |= {("SEED", value) for value in ('"7"', '"a"', "KIND", "'x", "'z", "4'bx")}
"""Refused although they compile: a number for a string or the reverse, unknown bits."""

IGNORED = {"8'd1x", "1'b_1", "4'h_f"}  # slang accepts them, the standard does not
IGNORED |= {"$root.rft_tb.busy", "rft_tb.busy", "rft_dut_i.busy", "rft_dut_i.s_valid"}  # its names
IGNORED |= {"busy dist {1}", "pkg::c#(3)::K == 3", "pkg::c#(3)::K", "busy ? (* x *) clk : s_last"}


def compiles(row: Row, bindings: list[tuple[str, str]]) -> bool:
    text = AROUND + elaborate._testbench(bindings, row)
    return not elaborate._compile(text, bindings, row)


def test_what_a_compiler_accepts_is_no_fault(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = {case: [(p["name"], p["value"]) for p in rebind(row, **dict([case]))] for case in TABLE}
    refused = {
        c for c in pairs if elaborate.diagnose(pairs[c], row) or grader.faults(pairs[c], row)
    }
    monkeypatch.setattr(elaborate, "_plain", lambda text: text)  # the macros are defined here
    accepted = {case for case in pairs if compiles(row, pairs[case])}
    assert len(accepted) > 400
    assert {case for case in accepted & refused if case[1] not in IGNORED} == REFUSED
