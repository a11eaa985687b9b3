"""Searches on a network that is not trained here, judged by decisions kept; write
traces/codesign/squeezenet.json.

Usage: python traces/compare_codesign_photos.py compressed_SqueezeNet.net photos.npy
    [--cache FOLDER]

The network is the one that its authors compressed to 8-bit codes; photos are those of
photo_crops.py. A candidate is judged by the decisions on the first 36 of them that stay those of
the network as it is; what is told in the end are the decisions on the others, which no search has
seen. Nothing is trained. Needs the package; what is finished is kept in the cache folder, and the
same command resumes.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: more threads only spin here

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from lenet.written import say

from accelsim.lowering.network_floats import network_outputs_float
from accelsim.machines import load_machine
from accelsim.study.codesign import Budget, Setting, codesign
from accelsim.study.codesign.candidate import decoded_outputs
from accelsim.study.codesign.rounds import Plan
from accelsim.study.codesign.setting import known

TRACES = Path(__file__).parent
JUDGED = 36
BUDGET = 8700.0  # uJ of an image, nine tenths of the uncut network's
ROUNDS = 3
# The published 2 KB hold no maps of this size: 76,172 words of 16 bits a PE (contract V5).
MACHINE = {"act_sram_kb": 160.0, "weight_bits": 8}
SEARCHES = {  # the search, and what greedy looks at
    "uniform magnitude": ("uniform", "exact"), "exact, greedy": ("greedy", "exact"),
    "FLOP": ("greedy", "macs"), "additive table": ("greedy", "table"),
    "weight count": ("greedy", "weights"), "exact, by energy": ("energy", "exact"),
}


def searched(setting: Setting, told: str, folder: Path, unseen: np.ndarray) -> dict:
    """One search's row."""
    begin = time.perf_counter()
    kind, guide = SEARCHES[told]
    found = codesign(setting, Budget({"energy_uj": BUDGET}),
                     Plan(kind, ROUNDS, 0, 0, guide=guide), store=folder / "squeezenet.sqlite")
    here, values = known(setting), found.step.values
    # What the proxy saw in the last design that it cut itself.
    at = found.step
    while at.proposal.guide == "exact" and at.before is not None and guide != "exact":
        at = at.before
    as_is = network_outputs_float(here.network, unseen).reshape(len(unseen), -1).argmax(axis=1)
    now = decoded_outputs(here, found.packed, unseen).argmax(axis=1)
    return {
        "search": told, "energy_uj": values["energy_uj"], "uncut_uj": found.start.values[
            "energy_uj"], "time_us": values["time_us"], "size_kb": values["size_kb"],
        "weights": values["weights"], "judged_lost_percent": values["wrong_percent"],
        "unseen_lost_percent": 100 * float(np.mean(now != as_is)),
        "relative_error": values["relative_error"],
        "predicted_uj": at.values["predicted_uj"] if guide != "exact" else None,
        "exact_uj": at.values["energy_uj"] if guide != "exact" else None,
        "candidates": found.worked_out, "seconds": round(time.perf_counter() - begin, 1),
        "densities": {name: c.density for name, c in found.step.design.layers.items()},
    }


def main() -> int:
    """Run what is missing; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".codesign"))
    parser.add_argument("--out", type=Path, default=TRACES / "codesign" / "squeezenet.json")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    setting = Setting(
        options.network, None, tuple(load_machine("eie", **MACHINE).model_dump().items()),
        (("kmeans", 8),), choose=(), images=str(options.photos), timed=1, judged=JUDGED)
    unseen = np.load(options.photos)[JUDGED:]
    kept = json.loads(options.out.read_text()) if options.out.exists() else {
        "network": "squeezenet", "rows": [], "judged": JUDGED, "unseen": len(unseen),
        "rounds": ROUNDS, "budget_uj": BUDGET, "machine": MACHINE}
    for told in SEARCHES:
        if any(row["search"] == told for row in kept["rows"]):
            continue
        row = searched(setting, told, options.cache, unseen)
        kept["rows"].append(row)
        kept["rows"].sort(key=lambda row: list(SEARCHES).index(row["search"]))
        options.out.write_text(json.dumps(kept, indent=1) + "\n")
        say(f"{told}: {row['energy_uj']:.0f} uJ, decisions lost {row['judged_lost_percent']:.1f}"
            f" % judged, {row['unseen_lost_percent']:.1f} % unseen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
