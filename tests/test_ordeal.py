"""A small part of `benchmarks.ordeal` in every run: kills at random moments, writers at once."""

from __future__ import annotations

import random

from benchmarks import ordeal


def test_killed_at_random_and_run_again_equals_a_run_without_kills() -> None:
    rounds, faults = ordeal.survive(12, seed=random.randrange(10**6))
    assert rounds >= 1
    assert faults == 0


def test_several_writers_at_once_while_one_compacts() -> None:
    ordeal.crowd(3, 280)  # enough for the index to be written by one and read by another
