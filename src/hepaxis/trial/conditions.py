"""Conditions on a patient's baseline: ``afp >= 400``, ``aetiology in hbv, hcv``, ``akkermansia below the median``.

Held: the features are those of ``features.csv``: characteristics of the population and shares of its guts.  A quantile
is that of the population before anybody is selected, never of those who were selected.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from hepaxis.patient.yaml_fields import NO, YES, best_matches
from hepaxis.population import Population
from hepaxis.problems import InputError, Problem, error
from hepaxis.profile.guilds import GUILDS

GUILD = "guild:"
OPERATORS = ("<=", ">=", "!=", "<", ">", "=")
_COMPARED = re.compile(r"^\s*(?P<name>.+?)\s*(?P<operator><=|>=|!=|==|<|>|=)\s*(?P<value>.+?)\s*$")
_LISTED = re.compile(r"^\s*(?P<name>.+?)\s+(?P<operator>not in|in)\s+(?P<value>.+?)\s*$")
_RANKED = re.compile(
    r"^\s*(?P<name>.+?)\s+(?P<side>below|above)\s+the\s+(?:(?P<median>median)|(?P<percent>\d+(?:\.\d+)?)(?:st|nd|rd|th)"
    r"\s+percentile)\s*$"
)
SHAPES = "write 'afp >= 400', 'aetiology in hbv, hcv', 'akkermansia below the median' or 'above the 75th percentile'"


@dataclass(frozen=True)
class Feature:
    """``kind`` number, switch (0 or 1) or word; ``of`` covariate, guild:<id> or diversity."""

    name: str
    label: str
    kind: str
    words: tuple[str, ...]
    unit: str
    of: str
    meaning: str


@cache
def features() -> Mapping[str, Feature]:
    """Every feature by name."""
    text = files("hepaxis.trial").joinpath("features.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        words = tuple(row["words"].split())
        found[row["name"]] = Feature(
            row["name"], row["label"], row["kind"], words, row["unit"], row["of"], row["meaning"]
        )
    return found


def feature_table(population: Population) -> pd.DataFrame:
    """Every feature of every patient (rows as in the population)."""
    shares = population.guts.shares / population.guts.shares.sum(axis=1, keepdims=True)
    columns: dict[str, np.ndarray] = {}
    for name, feature in features().items():
        if feature.of == "diversity":
            columns[name] = -np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1.0)), 0.0).sum(1)
        elif feature.of.startswith(GUILD):
            columns[name] = shares[:, GUILDS.index(feature.of.removeprefix(GUILD))]
        else:
            columns[name] = population.covariates[name].to_numpy()
    return pd.DataFrame(columns)


@dataclass(frozen=True)
class Condition:
    """``values`` a number, words, or a quantile (0-1) where ``quantile``; ``text`` as it was written."""

    feature: str
    operator: str  # one of OPERATORS, in, not in
    values: tuple[float | str, ...]
    quantile: bool
    text: str

    def resolved(self, table: pd.DataFrame, weights: np.ndarray | None = None) -> Condition:
        """The condition with its quantile worked out on a population's features (weights (n,), default equal)."""
        if not self.quantile:
            return self
        threshold = _quantile(table[self.feature].to_numpy(float), float(self.values[0]), weights)
        return replace(self, values=(threshold,), quantile=False)

    def holds(self, table: pd.DataFrame) -> np.ndarray:
        """Whether it holds for each patient (n,).  ValueError while a quantile is not resolved."""
        if self.quantile:
            raise ValueError(f"'{self.text}' needs a population to take the quantile of: call resolved first")
        given = table[self.feature]
        if self.operator in ("in", "not in"):
            inside = given.isin([str(value) for value in self.values]).to_numpy()
            return inside if self.operator == "in" else ~inside
        value = self.values[0]
        own = given.to_numpy(object if isinstance(value, str) else float)
        compared: np.ndarray = {
            "<=": lambda: own <= value,
            ">=": lambda: own >= value,
            "<": lambda: own < value,
            ">": lambda: own > value,
            "=": lambda: own == value,
            "!=": lambda: own != value,
        }[self.operator]()
        return compared.astype(bool)


def condition(text: str) -> Condition:
    """A condition from its words.  Raises InputError for what cannot be read."""
    ranked, listed, compared = _RANKED.match(text), _LISTED.match(text), _COMPARED.match(text)
    found = ranked or compared or listed
    if not found:
        raise InputError([error("trial.condition", f"'{text}' is not a condition", SHAPES)])
    feature = features().get(_name(found["name"]))
    if feature is None:
        raise InputError([_unknown(found["name"])])
    if ranked:
        share = 0.5 if ranked["median"] else float(ranked["percent"]) / 100.0
        if feature.kind != "number" or not 0 < share < 1:
            hint = "give a percentile between 0 and 100 of a feature that is a number"
            raise InputError([error("trial.condition", f"'{text}' has no such quantile", hint)])
        return Condition(feature.name, "<" if ranked["side"] == "below" else ">=", (share,), True, text)
    operator = "=" if found["operator"] == "==" else found["operator"]
    words = [word.strip() for word in found["value"].strip("[]").split(",") if word.strip()]
    values = tuple(_value(feature, operator, word, text) for word in words)
    if not values or (operator in OPERATORS and len(values) > 1):
        raise InputError(
            [error("trial.condition", f"'{text}' compares with several values", "use in: 'region in a, b'")]
        )
    return Condition(feature.name, operator, values, False, text)


def stratum(text: str) -> Condition | str:
    """A stratification factor: a feature with words or a switch by name, or a condition that parts patients in two."""
    feature = features().get(_name(text))
    if feature is None:
        return condition(text)
    if feature.kind == "number":
        hint = f"give the bound, as '{feature.name} >= 400' or '{feature.name} below the median'"
        raise InputError([error("trial.stratum", f"{feature.name} is a number", hint)])
    return feature.name


def _name(text: str) -> str:
    """A feature's name from its name or label."""
    word = text.strip()
    labels = {feature.label.lower(): name for name, feature in features().items()}
    return labels.get(word.lower(), word.replace(" ", "_"))


def _unknown(name: str) -> Problem:
    return error("trial.unknown_feature", f"no feature '{name.strip()}'", best_matches(_name(name), tuple(features())))


def _value(feature: Feature, operator: str, word: str, text: str) -> float | str:
    if feature.kind == "word":
        if word not in feature.words:
            hint = f"{feature.name} is one of {', '.join(feature.words)}"
            raise InputError([error("trial.condition", f"'{text}' compares with '{word}'", hint)])
        if operator not in ("=", "!=", "in", "not in"):
            raise InputError([error("trial.condition", f"'{text}' orders words", "use =, !=, in or not in")])
        return word
    if operator in ("in", "not in"):
        raise InputError([error("trial.condition", f"'{text}' lists numbers", "compare with one number")])
    if feature.kind == "switch" and word.lower() in (*YES, *NO):
        return float(word.lower() in YES)
    try:
        return float(word)
    except ValueError:
        hint = "give yes or no" if feature.kind == "switch" else f"give a number ({feature.unit})"
        raise InputError([error("trial.condition", f"'{text}' compares with '{word}'", hint)]) from None


def _quantile(values: np.ndarray, share: float, weights: np.ndarray | None) -> float:
    """Smallest value that at least this share of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    reached = np.cumsum(mass[order]) / mass.sum()
    return float(values[order][min(int(np.searchsorted(reached, share)), len(values) - 1)])
