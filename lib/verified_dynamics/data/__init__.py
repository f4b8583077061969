"""Data sets: bundled, generated with known properties, or read from a local folder or the network."""

from verified_dynamics.data.bundled import digits
from verified_dynamics.data.cifar import CIFAR10_CLASSES, cifar10
from verified_dynamics.data.datasets import DataCorrupt, DataMissing, DataSet
from verified_dynamics.data.idx import mnist, read_idx
from verified_dynamics.data.local_files import FOLDER_VARIABLE, data_folder
from verified_dynamics.data.markov import MarkovChain, markov_text
from verified_dynamics.data.moons import moons
from verified_dynamics.data.python_sources import standard_library_text
from verified_dynamics.data.regression_tasks import TaskPool, regression_sequences
from verified_dynamics.data.separable import PlantedSeparation, planted_separation, separable_gaussian
from verified_dynamics.data.strings import StringSet, counter_language, every_string, is_counter_string
from verified_dynamics.data.text import Text
from verified_dynamics.data.word_corpora import penn_treebank, wikitext2

__all__ = [
    "CIFAR10_CLASSES",
    "FOLDER_VARIABLE",
    "DataCorrupt",
    "DataMissing",
    "DataSet",
    "MarkovChain",
    "PlantedSeparation",
    "StringSet",
    "TaskPool",
    "Text",
    "cifar10",
    "counter_language",
    "data_folder",
    "digits",
    "every_string",
    "is_counter_string",
    "markov_text",
    "mnist",
    "moons",
    "penn_treebank",
    "planted_separation",
    "read_idx",
    "regression_sequences",
    "separable_gaussian",
    "standard_library_text",
    "wikitext2",
]
