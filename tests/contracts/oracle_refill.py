"""What the DMA brings and how long it takes, from machines/eie/README.md alone (M4, M7 to M9)."""

from fractions import Fraction

from accelsim.dram import load_part
from tests.dram.oracle import read_bursts


def up(a, b):
    """a / b, rounded up."""
    return -(-a // b)


class Refills:
    """The refills of a job: bits, bursts, cycles, rows and refreshes of each pass."""

    def __init__(self, config, job):
        self.config, self.job = config, job
        self.part = None if config.dram == "none" else load_part(config.dram)
        if self.part is None:
            self.burst_bits = config.dma_width_bits
        else:
            self.burst_bits = self.part.bus_bits * self.part.burst_length * config.dram_channels
        self.images = [job.image.pe(p) for p in range(config.n_pe)]

    def of(self, number):
        if not (self.job.plan[number].refill_bits and self.job.plan[number].fetches):
            return 0, 0, 0, 0, 0
        wanted = self.segment(number) if self.config.refill == "all" else self.active(number)
        bits = sum(bits for bits, _ in wanted)
        bursts = [at + i for b, at in wanted for i in range(up(b, self.burst_bits))]
        if self.part is None or not bursts:
            return bits, len(bursts), len(bursts), 0, 0
        clocks, rows, refreshes = read_bursts(self.part, self.config.dram_channels, bursts)
        time = Fraction(clocks) * Fraction(self.config.clock_mhz) / Fraction(self.part.clock_mhz)
        port = up(len(bursts) * self.burst_bits, self.config.dma_width_bits)
        return bits, len(bursts), max(port, up(time.numerator, time.denominator)), rows, refreshes

    def columns(self, step):
        """Image columns of a pass's segment, whether or not they are active; before a bias those
        that fill up the last row stand."""
        n_pe, image = self.config.n_pe, self.job.image
        end = min((step.first_row + step.n_rows) * n_pe, image.n_inputs)
        return list(range(step.first_row * n_pe, image.n_columns if step.bias else end))

    def entries(self, pe, tile, column):
        first, end = self.images[pe].pointers[tile][column : column + 2]
        return int(end - first)

    def segment_bits(self, step):
        """M4: whole lines of every PE, and its pointers."""
        config, columns = self.config, self.columns(step)
        lines = [up(sum(self.entries(pe, step.tile, c) for c in columns), config.entries_per_line)
                 for pe in range(config.n_pe)]
        pointers = config.n_pe * (len(columns) + 1) * config.pointer_bits
        return sum(lines) * config.spmat_width_bits + pointers

    def segment(self, number):
        """[(bits, first burst)]: segments lie one behind the other."""
        sizes = [self.segment_bits(step) for step in self.job.plan[: number + 1] if step.fetches]
        return [(sizes[-1], sum(up(size, self.burst_bits) for size in sizes[:-1]))]

    def column_bits(self, tile, column):
        """M7: two pointers for every PE, and its entries."""
        config = self.config
        return sum(2 * config.pointer_bits
                   + self.entries(pe, tile, column) * (config.weight_bits + config.index_bits)
                   for pe in range(config.n_pe))

    def active(self, number):
        """[(bits, first burst)] of the columns that are broadcast."""
        step, image = self.job.plan[number], self.job.image
        at, found, own = 0, [], set(self.columns(step))
        for tile in range(image.n_tiles):
            for column in range(image.n_columns):
                bits = self.column_bits(tile, column)
                bias = image.has_bias and column == image.n_columns - 1
                active = column < image.n_inputs and any(v[column] for v in self.job.inputs)
                if tile == step.tile and column in own and (bias or active):
                    found.append((bits, at))
                at += up(bits, self.burst_bits)
        return found


def refill(machine, step):
    """M4: the pass waits until it is filled; M8: since the pass before it began to compute;
    M10: a segment that is there stays."""
    number = machine.total["passes"] - 1
    if not step.fetches:
        return
    if not (machine.config.refill_overlap and number):
        machine.asked = machine.total["cycles"]
    bits, bursts, cycles, rows, refreshes = machine.refills.of(number)
    machine.total["refill_bits"] += bits
    machine.total["refill_bursts"] += bursts
    machine.total["dma_cycles"] += cycles
    machine.total["dram_rows"] += rows
    machine.total["dram_refreshes"] += refreshes
    machine.idle("refill_cycles", max(0, machine.asked + cycles - machine.total["cycles"]))
    machine.asked = machine.total["cycles"]
