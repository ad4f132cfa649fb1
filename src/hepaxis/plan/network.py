"""The axis in this patient: guild, lumen, portal blood, port and tumour, against the reference gut in the same people.

Held: which variables are shown (``axis_nodes.csv``) and which feed which (``axis_links.csv``).  Edges into ports are
the model's gates; an edge's weight is the size of its gate's part of the log port here, against the largest.  A
disputed gate is dashed whatever its draw says.
"""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np

from hepaxis import axis, knowledge
from hepaxis.plan.citations import gate_records
from hepaxis.plan.schema import AxisEdge, AxisNode
from hepaxis.population import Twin, engine_model
from hepaxis.profile.guilds import GUILDS

# gate exposure -> node it is drawn from
EXPOSURE_NODE = {
    "butyrate_wall": "butyrate_made",
    "butyrate_portal": "butyrate_portal",
    "scfa_systemic": "butyrate_portal",
    "acetate_portal": "acetate_portal",
    "primary_free": "primary_free",
    "lca_portal": "lca_portal",
    "lca_stress": "lca_portal",
    "secondary_sinusoid": "lca_portal",
    "udca_portal": "udca_portal",
    "tlr4_agonist": "tlr4_agonist",
    "hexa_unopposed": "tlr4_agonist",
    "tlr4_dose_ratio": "bac",
    "microbial_ifn": "tlr4_agonist",
    "arginase_drive": "tlr4_agonist",
    "lps_node": "hexa_lumen",
    "indoles_wall": "indole",
    "indole_ahr": "indole",
    "akkermansia": "akk",
    "akk_mucus": "akk",
    "bifidobacteria": "bif",
    "opportunists": "opp",
}
BARRIER_PORT = "barrier"  # the barrier port is drawn as the barrier node


def _table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("hepaxis.plan").joinpath(name).read_text(encoding="utf-8").splitlines()))


def network(twin: Twin, reference: Twin) -> tuple[tuple[AxisNode, ...], tuple[AxisEdge, ...]]:
    """Nodes with values and ratios, edges with weights."""
    rows = _table("axis_nodes.csv")
    variables = [row["variable"] for row in rows] + [f"share_{guild}" for guild in GUILDS]
    mine, theirs = _medians(twin, variables), _medians(reference, variables)
    labels = {str(row["id"]): str(row["label"]) for row in knowledge.records("guilds")}
    nodes = [
        AxisNode(guild, "guild", labels[guild], f"{100 * mine[f'share_{guild}']:.1f}%",
                 _ratio(mine[f"share_{guild}"], theirs[f"share_{guild}"]))
        for guild in ("but", "bif", "akk", "bac", "ent", "bai", "ora", "opp")
    ]  # fmt: skip
    for row in rows:
        value = mine[row["variable"]]
        text = f"{value:.{int(row['digits'])}f} {row['unit']}"
        nodes.append(AxisNode(row["id"], row["column"], row["label"], text, _ratio(value, theirs[row["variable"]])))
    known = {node.id for node in nodes}
    edges = [
        AxisEdge(row["source"], row["target"], int(row["sign"]), 0.2)
        for row in _table("axis_links.csv")
        if {row["source"], row["target"]} <= known
    ]
    return tuple(nodes), (*edges, *_gate_edges(twin, known))


def _gate_edges(twin: Twin, known: set[str]) -> list[AxisEdge]:
    gates = axis.build().gates
    drawn = _medians(twin, [f"s_{gate}" for gate in gates.index])
    parts: dict[tuple[str, str, int, bool], tuple[float, str]] = {}
    for gate, row in gates.iterrows():
        source = EXPOSURE_NODE.get(str(row["exposure"]))
        target = "barrier" if row["port"] == BARRIER_PORT else f"port_{row['port']}"
        if source is None or source not in known or target not in known:
            continue
        disputed = str(row["agreement"]).startswith("disputed")
        size = abs(float(row["prior_mean"]) * drawn[f"s_{gate}"])
        key = (source, target, int(row["sign"]), disputed)
        parts[key] = max(parts.get(key, (-1.0, "")), (size, str(gate)))
    largest = max((size for size, _ in parts.values()), default=0.0) or 1.0
    return [
        AxisEdge(source, target, sign, float(size / largest), disputed, gate, gate_records(gate))
        for (source, target, sign, disputed), (size, gate) in parts.items()
    ]


def _medians(twin: Twin, names: list[str]) -> dict[str, float]:
    rows = np.flatnonzero(twin.ok)
    values = engine_model().observe(twin.closed.states[rows], twin.closed.parameters.iloc[rows], names)
    return dict(zip(names, np.median(values, axis=0).tolist(), strict=True))


def _ratio(value: float, reference: float) -> float:
    floor = 1e-6
    return float((value + floor) / (reference + floor))
