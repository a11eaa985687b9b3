"""Operations left of whole networks, against the printed tables worked out by hand."""

import pytest

from accelsim.papers import reproduce

# Printed: millions of operations, and percent left (lecture slides, after Han et al.).
ALEXNET = ((211, 84), (448, 33), (299, 18), (224, 14), (150, 14), (75, 3), (34, 3), (8, 10))
VGG_16 = ((200, 58), (3700, 12), (1800, 30), (3700, 29), (1800, 43), (3700, 16), (3700, 29),
          (1800, 21), (3700, 14), (3700, 15), (925, 12), (925, 9), (925, 11), (206, 1), (34, 2),
          (8, 9))


@pytest.mark.parametrize(("name", "printed", "table"), [
    ("alexnet", ALEXNET, 0), ("vgg-16", VGG_16, 1)])
def test_layers_and_ideal_times(name, printed, table):
    found = reproduce("networks").tables
    rows = found[table].rows
    assert len(rows) == len(printed)
    for row, (_, percent) in zip(rows, printed, strict=True):
        assert found[table].cell(row, "flop_left").ours == pytest.approx(percent, abs=1)
    by_hand = sum(flop / 2 * percent / 100 for flop, percent in printed) / 64 / 0.8
    cell = found[2].cell(name, "ideal")
    assert cell.published == pytest.approx(by_hand, rel=0.005)
    assert cell.ours == pytest.approx(by_hand, rel=0.02)
