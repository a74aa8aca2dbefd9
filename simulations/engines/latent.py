"""Latent patients: one uniform number each, with a DLT wherever it is below P(DLT).

They depend on the seed alone, so every design and every scenario meets the same patients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulations.engines.simulated import CHUNK_SIZE, GENERATOR

__all__ = ["LatentPatients", "chunk_generator", "count_dlts"]

Ints = NDArray[np.intp]
Singles = NDArray[np.float32]


def chunk_generator(seed: int, chunk: int) -> np.random.Generator:
    """Return the random stream of one chunk of trials."""
    sequence = np.random.SeedSequence(seed, spawn_key=(chunk,))
    return np.random.Generator(GENERATOR(sequence))


class LatentPatients:
    """The patients of a chunk's trials, drawn when a trial first comes to so many.

    They come patient by patient for a whole chunk, so that a design that needs fewer patients, or
    a run of fewer trials, meets the same ones.

    Attributes
    ----------
    numbers : float array, shape (n_patients * CHUNK_SIZE,)
        The first patient of each trial, then the second; 0 for those who have not been drawn.
    """

    def __init__(self, rng: np.random.Generator, n_patients: int = 1) -> None:
        self.numbers = np.zeros(n_patients * CHUNK_SIZE, dtype=np.float32)
        self._rng = rng
        self._n_drawn = 0

    def draw(self, n_patients: int) -> None:
        """Draw the first so many patients of each trial, but for those who have been drawn."""
        if n_patients <= self._n_drawn:
            return
        first, last = self._n_drawn * CHUNK_SIZE, n_patients * CHUNK_SIZE
        if last > len(self.numbers):
            self.numbers = np.concatenate([self.numbers, np.zeros(last, dtype=np.float32)])
        self._rng.random(dtype=np.float32, out=self.numbers[first:last])
        self._n_drawn = n_patients


def count_dlts(
    latent: Singles, trials: Ints, first: Ints, *, size: Ints, p: Singles, largest: int
) -> NDArray[np.int8]:
    """Count the DLTs of each trial's next cohort.

    Parameters
    ----------
    latent : float array, shape (n_patients * CHUNK_SIZE,)
        ``LatentPatients.numbers``.
    trials, first, size : int array, shape (T,)
        The trial's number in the chunk, its first patient now, and how many they are.
    p : float array, shape (T,)
        P(DLT) at the level of each cohort.
    largest : int
        No cohort is larger.
    """
    place = first * CHUNK_SIZE + trials
    n_dlts = np.zeros(len(trials), dtype=np.int8)
    for patient in range(largest):
        u = latent.take(place + patient * CHUNK_SIZE, mode="clip")
        n_dlts += ((u < p) & (patient < size)).view(np.int8)
    return n_dlts
