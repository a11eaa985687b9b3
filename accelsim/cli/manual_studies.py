"""What ``--help`` says of the commands of studies and searches."""

from __future__ import annotations

from accelsim.cli.manual_page import Page

STUDIES: dict[str, Page] = {
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
    "codesign": Page(
        "densities, tables, widths, machine for a budget, searched",
        """
Every candidate is pruned, coded and run whole on the exact machine. With --data candidates are
tuned shortly on five sixths of the images and judged on the rest, in percent that are wrong;
without, nothing is trained, and decisions that the uncut network makes are to be kept. Weights that
are in the network's file may have seen the held-out images; those of --test are looked at once.
Energies (_uj) and times (_us) are of an image on the array; sizes (_kb, 1,024 bytes) are
Huffman-coded.
""",
        (("accelsim codesign traces/lenet-300-100/dense.safetensors --budget energy_uj=0.45 "
          "--rounds 4", "by decisions kept on the digits that come along"),
         ("accelsim codesign traces/lenet-300-100/dense.safetensors --data mnist.safetensors "
          "--budget energy_uj=0.3 -o search.sqlite",
          "with tuning; the same command resumes (traces/mnist_files.py writes the digits)"),
         ("accelsim codesign traces/lenet-300-100/dense.safetensors --budget time_us=0.6 "
          "--axis n_pe=16,32,64 --search nsga2 --trials 50", "the machine too, by Optuna")),
        "0 done; 2 a mistake, or a budget or error that is not reached, told in one line; "
        "130 interrupted, resumable with -o.",
    ),
}
