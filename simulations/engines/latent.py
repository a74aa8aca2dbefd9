"""Latent patients: one uniform number each, with a DLT wherever it is below P(DLT).

They depend on the seed alone, so every design and every scenario meets the same patients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulations.engines.simulated import CHUNK_SIZE, GENERATOR

__all__ = ["chunk_generator", "count_dlts", "draw_patients"]

Ints = NDArray[np.intp]
Singles = NDArray[np.float32]


def chunk_generator(seed: int, chunk: int) -> np.random.Generator:
    """Return the random stream of one chunk of trials."""
    sequence = np.random.SeedSequence(seed, spawn_key=(chunk,))
    return np.random.Generator(GENERATOR(sequence))


def draw_patients(rng: np.random.Generator, n_patients: int) -> Singles:
    """Draw the next patients of every trial of a chunk, shape (n_patients, CHUNK_SIZE).

    They come patient by patient for a whole chunk, so that a design that needs fewer patients, or
    a run of fewer trials, meets the same ones.
    """
    return rng.random((n_patients, CHUNK_SIZE), dtype=np.float32)


def count_dlts(
    latent: Singles, trials: Ints, first: Ints, *, size: Ints, p: Singles, largest: int
) -> NDArray[np.int8]:
    """Count the DLTs of each trial's next cohort.

    Parameters
    ----------
    latent : float array, shape (n_patients * CHUNK_SIZE,)
        As ``draw_patients`` returns them, flat.
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
