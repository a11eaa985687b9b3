"""What ``--help`` says beyond arguments and options: what for, units, examples, exit status."""

from __future__ import annotations

from dataclasses import dataclass

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

_STATUS = "0 done; 2 a mistake, told in one line; 130 interrupted."


@dataclass(frozen=True)
class Page:
    """A command's line in the list of commands, and its help behind the options.

    Attributes
    ----------
    text : paragraphs: what the numbers mean, and their units
    examples : command lines that can be typed as they are, each with what it shows
    """

    line: str
    text: str
    examples: tuple[tuple[str, str], ...]
    status: str = _STATUS

    def epilog(self) -> str:
        """As the help formatter takes it; a line of its own with \\b keeps the lines below it."""
        width = max(len(command) for command, _ in self.examples) + 2
        shown = [f"  {command:{width}}{what}" if width < 60 else f"  {command}\n      {what}"
                 for command, what in self.examples]
        return "\n\n".join([self.text.strip(), "\b\nExamples:\n" + "\n".join(shown),
                            f"Exit status: {self.status}"])


PAGES: dict[str, Page] = {
    "demo": Page(
        "a real network, compressed, simulated, checked, explained",
        """
Compresses a trained LeNet-300-100 as Deep Compression does, runs test digits through a 64-PE EIE
cycle by cycle, compares every output bit with the functional model, and says where the cycles
went. Sizes are in KB (1,024 bytes), times in microseconds at the machine's clock.
""",
        (("accelsim demo", "50 digits, 64 PEs"),
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
zero already. The layers need not follow each other.
""",
        (("accelsim compress traces/lenet-300-100/pruned.safetensors -o lenet.safetensors",
          "a network, ready for simulate, trace, explain"),
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
          "a whole network, ten digits")),
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
A slot is one matrix or one element-wise step of a time step. Cycles are at ESE's clock (200 MHz),
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
Times are microseconds a time step, sizes bits or Kbit (1,024 bits), energies nJ a step at 45 nm.
kept is the share of weights that stays; load balance is theoretical over actual time.
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
sizes KB (8,192 bits); decoder NAND2 is of a PE, arithmetic mm2 of all PEs at 45 nm. A table of
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
          "PE 3 alone, with your own pe.v from the folder mine")),
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
    "sweep": Page(
        "run a study; again to resume",
        """
A study (TOML) names workloads, metrics, axes and fixed values. A point is known by a digest of
all that determines it: run the same command again after Ctrl-C, a crash or a change, and what is
there is skipped.
""",
        (("accelsim sweep traces/studies/published-space.toml --dry-run",
          "how many points, about how long"),
         ("accelsim sweep traces/studies/published-space.toml -o space.sqlite --jobs 4",
          "on four processes"),
         ("accelsim sweep traces/studies/published-space.toml --dask tcp://scheduler:8786",
          "on a Dask cluster")),
        "0 done, failed points included (they are listed); 2 a mistake, told in one line; "
        "130 interrupted, resumable.",
    ),
    "results": Page(
        "list, filter and export what a study found",
        """
Units end a metric's name: _us, _uj, _w, _mm2, _mbit. --where takes =, !=, <, <=, > and >= on any
column.
""",
        (("accelsim results space.sqlite --where n_pe=64 --metric time_us", "a table"),
         ("accelsim results space.sqlite --csv > space.csv", "every column"),
         ("accelsim results space.sqlite --where failed=true", "what could not be run")),
    ),
    "pareto": Page(
        "designs that no other beats",
        """
Several layers of a design become one number a metric: times and energies add up, shares are
averaged.
""",
        (("accelsim pareto space.sqlite --min time_us --min energy_uj --min area_mm2 --all",
          "three objectives"),
         ("accelsim pareto results.sqlite --max gops_per_w --where workload=alex-7", "one layer")),
    ),
    "plot": Page(
        "designs of a results file as a picture for a paper",
        """
Drawn at the size at which it is printed: a column is 3.4 inches wide, a page 7, type has 7 and 8
points; svg and pdf are vector files. Designs that cannot be built are left out, counted by what
keeps them from it; --all draws them, marked. Designs that differ in their seed alone are one point
with bars from the least to the most. Labels of the front never overprint each other.
""",
        (("accelsim plot results.sqlite --x area_mm2 --y time_us --front",
          "time against area, a column wide"),
         ("accelsim plot results.sqlite --y energy_uj --front --colour n_pe --log --width page "
          "-o energy.pdf", "energy, coloured by the number of PEs"),
         ("accelsim plot space.sqlite --x n_pe --y gops_per_w --max gops_per_w --front --all",
          "with what cannot be built, marked")),
    ),
    "explore": Page(
        "guided search (Optuna) where a grid is too big",
        """
Tries --trials designs from the study's axes; the same command goes on where it stopped.
""",
        (("accelsim explore traces/studies/published-space.toml --min time_us --min area_mm2 "
          "--trials 200", "two objectives"),),
        "0 done; 2 a mistake, told in one line; 130 interrupted, resumable.",
    ),
    "sensitivity": Page(
        "what one step of each parameter does to each metric",
        """
From the study's fixed values, each axis is moved to its neighbouring value alone; changes are
relative, in percent, the largest first.
""",
        (("accelsim sensitivity traces/studies/published-space.toml", "four metrics"),
         ("accelsim sensitivity traces/studies/published-space.toml --metric energy_uj",
          "another one")),
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
}
