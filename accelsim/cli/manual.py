"""What ``--help`` says beyond arguments and options: what for, units, examples, exit status."""

from __future__ import annotations

from accelsim.cli.manual_page import Page
from accelsim.cli.manual_studies import STUDIES

SUMMARY = "Cycle-level simulator for sparse deep-learning accelerators (EIE, ESE)."

ROOT = """\
A layer comes from a published name (alex-7; all of them: accelsim layers), from an npz, safetensors
or ONNX file, from a file that 'accelsim compress' wrote, or is drawn as its name says
(random:4096x14336:density=0.5:activations=0.3). A machine is a published one (eie, ese,
bbs) or a TOML file, and --set KEY=VALUE changes one value. 'accelsim COMMAND --help' has arguments,
units and examples.

\b
Start here:
  accelsim demo                              a real network, checked and explained
  accelsim simulate alex-7 --energy          cycles, time, power of a published layer
  accelsim explain alex-7                    where the cycles went, what would help
  accelsim published all                     the papers' tables beside ours

Results go to standard output, messages and progress to standard error. --json prints one object,
--csv one line a row.

\b
Exit status:
  0    done
  1    done, and a comparison found a difference (cosim)
  2    a mistake, told in one line: what, where, remedy; no file is left half-written
  130  interrupted (Ctrl-C); a sweep or a search resumes
"""

PAGES: dict[str, Page] = {
    "demo": Page(
        "a real network, compressed, simulated, checked, explained",
        """
Compresses a trained LeNet-300-100 as Deep Compression does, runs test digits through a 64-PE EIE
cycle by cycle, compares every output bit with the functional model, and says where the cycles
went. lenet-5 is LeNet-5, with convolutions, pixel by pixel. Sizes are in KB (1,000 bytes), times in
microseconds at the machine's clock.
""",
        (("accelsim demo", "50 digits, 64 PEs"),
         ("accelsim demo lenet-5", "a network with convolutions, its 642 vectors a digit"),
         ("accelsim demo --count 2 --set n_pe=16", "two digits on a small machine")),
    ),
    "config": Page(
        "a machine: every value, its meaning and its source",
        """
Units end a key's name: _mhz, _bits, _kb (1,024 bytes), _cycles. A TOML file of your own names its
machine and the values that differ; -m takes it everywhere.
""",
        (("accelsim config", "EIE as published"),
         ("accelsim config -m ese", "ESE, with how sure each value is"),
         ("accelsim config --set n_pe=32 --json", "a smaller EIE, for programs")),
    ),
    "layers": Page(
        "layers that can be named: published ones, or those of a file",
        """
Densities are shares of non-zeros: of the weights, and of the activations where known. Non-zeros of
very large files are not counted. What of a file is not taken is listed with the reason.
""",
        (("accelsim layers", "the published layers"),
         ("accelsim layers traces/lenet-300-100/pruned.safetensors", "those of a file"),
         ("accelsim layers traces/silero-lstm", "those of a recurrent folder")),
    ),
    "compress": Page(
        "prune, share weights, encode; the Deep Compression table",
        """
Weights become codes of --weight-bits into a codebook found by k-means; zeros become runs of at
most 2**index-bits - 1, longer ones cost a padding entry. The table counts bits, Huffman codes
included, beside the dense layer. Without --density or --threshold nothing is pruned that is not
zero already. The layers need not follow each other. A network (a name, --network, a .net file,
ONNX) is kept whole: graph, codes, biases, binary points, lowerings; simulate takes the file.
""",
        (("accelsim compress traces/lenet-300-100/pruned.safetensors -o lenet.safetensors",
          "a network, ready for simulate, trace, explain"),
         ("accelsim compress lenet-5 --lowering auto -o lenet-5.safetensors",
          "a network with its graph"),
         ("accelsim compress traces/lenet-300-100/dense.safetensors --density 0.1",
          "keep the largest tenth of each layer"),
         ("accelsim compress nt-we --permute-rows -o even.safetensors",
          "rows in an order that evens out the PEs' work; outputs do not change")),
    ),
    "simulate": Page(
        "cycles, time, load balance, where the cycles went",
        """
cycles: clock cycles from the start cycle to the last write. time us: cycles over the clock.
theoretical us: stored entries of the active columns over PEs and clock (EIE Table IV). load
balance: theoretical over actual. Shares are of all PE-cycles and add up to 1. --energy adds pJ, W
and mm2 at 45 nm. The engines agree on outputs, cycles and every counter; fast is the one to use.
""",
        (("accelsim simulate alex-7", "a published layer on 64 PEs"),
         ("accelsim simulate random:1024x2048:density=0.1:activations=0.3", "any shape"),
         ("accelsim simulate alex-7 --set n_pe=128 --energy", "twice the PEs, priced"),
         ("accelsim simulate nt-we --engine reference --json > RUN.json",
          "every counter of every PE"),
         ("accelsim simulate traces/lenet-300-100/pruned.safetensors "
          "--inputs traces/lenet-300-100/digits.safetensors --count 10",
          "a whole network, ten digits"),
         ("accelsim simulate random:lstm:128x64:density=0.1 -m ese",
          "an LSTM; so do files of them, with --inputs SEQ.npy")),
    ),
    "accuracy": Page(
        "a network's accuracy in float and in fixed point",
        """
The functional model classifies all images; losses are in percentage points against 32-bit float.
""",
        (("accelsim accuracy", "LeNet-300-100, in 16 and 8 bits"),
         ("accelsim accuracy --bits 12 --bits 6", "other widths")),
    ),
    "recurrent": Page(
        "an LSTM on ESE: cycles of every slot, energy, error",
        """
SOURCE may be a file of LSTMs or GRUs (ONNX, npz, safetensors) with --inputs SEQ.npy. A slot is
one matrix or one element-wise step of a time step. Cycles are at ESE's clock (200 MHz),
times in microseconds. Error: hidden states against the dense network in float, relative RMS.
""",
        (("accelsim recurrent ese", "the published LSTM (153-1024-512), synthetic weights"),
         ("accelsim recurrent traces/silero-lstm --pattern load_balanced --density 0.112",
          "a real speech LSTM, pruned and retrained"),
         ("accelsim recurrent ese --set n_pe=64 --energy", "twice the PEs, priced")),
    ),
    "patterns": Page(
        "sparsity patterns side by side: error, cycles, energy, size",
        """
Of an LSTM or a GRU of a file: -l LAYER --inputs SEQ.npy. EIE runs the gates as one layer, one
vector at a time. Times are microseconds a time step, sizes bits or Kbit (1,024 bits), energies nJ
a step at 45 nm. kept is the share of weights that stays; load balance is theoretical over actual
time.
""",
        (("accelsim patterns ese", "load balance over queue depths"),
         ("accelsim patterns traces/silero-lstm", "a real network under every pattern"),
         ("accelsim patterns traces/lenet-300-100/dense.safetensors -l fc1",
          "one layer on EIE, ESE and the bank-balanced machine")),
    ),
    "tables": Page(
        "a network in every number system: error, size, energy, gates",
        """
Post-training: nothing is trained again. Errors are of fixed point; cycles and nJ are of an image,
sizes KB (8,192 bits); gates (NAND2) are of a PE, of the ArithmUnit as it was
synthesised at 16 bits; arithmetic mm2 is of all PEs at 45 nm. A table of
powers of two runs on a shifter, one of signs on an adder. kept is the share of weights that are not
zero in the table.
""",
        (("accelsim tables traces/lenet-300-100/dense.safetensors", "dense, all tables"),
         ("accelsim tables traces/lenet-5/dense.safetensors --network lenet-5 --table kmeans",
          "one table, convolutions")),
    ),
    "cosim": Page(
        "the Verilog beside the model: cycles, outputs, counters",
        """
Compiles the RTL with Icarus Verilog for the machine's parameters, loads the layer as a host
would, runs it, and compares outputs, cycles, counters and what every unit does in every cycle.
The first difference is told as cycle, PE, unit, signal, expected, got; a VCD holds the cycles
around it.
""",
        (("accelsim cosim nt-we", "the array of 64 PEs"),
         ("accelsim cosim nt-we --top pe --pe 3 --rtl-dir mine -o difference.vcd",
          "PE 3 alone, with your own pe.v from the folder mine"),
         ("accelsim cosim traces/lenet-300-100/pruned.safetensors --sequence "
          "--set decoder_tables=3",
          "three layers under one program")),
        "0 equal; 1 different; 2 a mistake, told in one line; 130 interrupted.",
    ),
    "trace": Page(
        "every unit in every cycle: waveforms, Perfetto tracks or text",
        """
Cycles count from 0, the first start cycle. vcd: signals with the names of the RTL, so that both
waveforms lie side by side. perfetto: one track a unit, slices for columns, instants for stalls
with the PE to blame, counters for queues; one cycle is one nanosecond there. text: one column a
unit, one line a cycle. Memory does not grow with the window.
""",
        (("accelsim trace alex-7 --to 2000 --pe 0-7 -o run.vcd", "the first 2,001 cycles"),
         ("accelsim trace alex-7 --from 5000 --to 5100 -f text", "a window of 101 cycles, to read"),
         ("accelsim trace alex-7 --to 2000 -f perfetto -o run.perfetto", "for ui.perfetto.dev")),
    ),
    "explain": Page(
        "where the cycles went, who is to blame, what would help",
        """
Each PE is in one state in each cycle: useful, padding, empty columns, hazard, starved (and why:
another PE's full queue, a row change, an empty column, a finished scan, fill), outside of
compute. Shares are of all PE-cycles. Remedies (deeper queues, another order of rows, balanced
pruning ...) are run; what they save is a measured number of cycles.
""",
        (("accelsim explain alex-7", "table, worst PEs and columns, remedies, picture"),
         ("accelsim explain traces/lenet-300-100/pruned.safetensors -l fc2 --alone "
          "--activation-density 0.3", "one layer of a network, on inputs of its own"),
         ("accelsim explain nt-we --set act_queue_depth=16 -o why.png", "with deeper queues")),
    ),
    "report": Page(
        "one page: tables, pictures, configuration, provenance",
        """
The page holds everything, pictures included, and opens without a network. It names version,
configuration, seed and digests.
""",
        (("accelsim report alex-7 -o run.html", "runs and explains a layer"),
         ("accelsim report RUN.json OTHER.json -o both.html",
          "runs side by side, from accelsim simulate --json")),
    ),
    "published": Page(
        "the papers' tables and figures side by side with ours",
        """
Each cell has ours, the published number, their ratio and, where one is claimed, a tolerance; a
cell outside of it says why. Figures go to a folder. Units are those of the papers: us, mW, um2,
GOP/s.
""",
        (("accelsim published all", "everything, under a minute"),
         ("accelsim published eie-table4", "time of the nine layers"),
         ("accelsim published eie-fig8 --picture pdf -o figures",
          "queue depth; a figure for print"),
         ("accelsim published ese --csv", "a line a cell")),
    ),
    **STUDIES,
}
