"""The sensitivity and tau pages as text, from their records.  Computes nothing."""

from __future__ import annotations

import re
from typing import Any

from hepaxis.sensitivity.analysis import SETS, level_of
from hepaxis.sensitivity.stored import first

HEAD = "Made by `tools/sensitivity.py`; do not edit. Research use only, not for treatment decisions."
SHORT = {
    "response_durvalumab": "durvalumab",
    "response_atezolizumab_bevacizumab": "atezo + bev",
    "gut_durvalumab": "gut's part, durvalumab",
    "gut_atezolizumab_bevacizumab": "gut's part, atezo + bev",
    "cd8": "CD8",
    "mdsc": "MDSC",
    "butyrate_portal": "portal butyrate",
    "dca_portal": "portal DCA",
    "endotoxin": "endotoxin",
    "barrier": "barrier",
    "arm_fmt": "what FMT adds",
    "arm_vancomycin": "what vancomycin adds",
    "butyrate_recovery": "butyrate after vancomycin",
}
QUICK = "**STALE: a look with few runs, to be made again in full by `tools/sensitivity.py`.**"


def short(output: str) -> str:
    return SHORT.get(output, output)


def told(block: str) -> str:
    """A block in words: modules lose their number."""
    return re.sub(r": \d+_", ": ", block).replace("_", " ") if level_of(block) != "single" else block


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows), ""]


def heat_rows(
    record: dict[str, Any], level: str, count: int | None = None
) -> tuple[list[str], list[list[float | None]]]:
    """Blocks of one level by their largest total index, and totals by output."""
    share = record["variance"]
    outputs = list(record["outputs"])
    names = [name for name in share["blocks"] if level_of(name) == level]
    rows = {n: [share["total"][o][share["blocks"].index(n)] for o in outputs] for n in names}
    ranked = sorted(names, key=lambda n: -max((v for v in rows[n] if v is not None), default=0.0))
    kept = ranked[:count] if count else names
    return kept, [rows[name] for name in kept]


def sensitivity_page(record: dict[str, Any]) -> str:
    sizes, runs = record["sizes"], record["runs"]
    lines = [
        "# What the predictions rest on",
        "",
        HEAD,
        "",
        *([QUICK, ""] if record["quick"] else []),
        f"Model {record['stamp']['model']}, knowledge {record['stamp']['knowledge']}, made {record['made']} in "
        f"{record['seconds']:.0f} s; the full numbers are in [sensitivity.json](sensitivity.json).",
        "",
        f"{len(record['factors'])} uncertain quantities, from the distributions of the model's own tables: every gate "
        "(does the claim hold in people, and how strong is it), tau, what differs between people, the community as one "
        "factor, and every parameter that has a spread. Each draw is a person closed anew at rest with its own gut. "
        f"Screening: {sizes['trajectories']} Morris trajectories ({runs['screening']} runs). Variance shares: "
        f"{len(record['variance']['blocks'])} blocks on {sizes['rows']} rows ({runs['variance']} runs), first order by "
        f"Saltelli 2010, total by Jansen, 95% limits by bootstrap. {runs['failed']} runs failed and are left out.",
        "",
        "Response stands for ln((V + v)/(V0 + v)) at 24 weeks, V the tumour volume and v that of a 10 mm sphere. The "
        "gut's part is that change less the same person's with every gate off: who a person is moves response far more "
        "than the gut does, so that the gates are seen in the gut's part.",
        "",
        "Interactions between guilds are varied with the niches found anew: the measured community rests whatever they "
        "are, so that they act where a gut is disturbed, as in what an arm adds and in the recovery of butyrate."
        + (
            f" What the drug table sets at dosing ({', '.join(record['not_varied'])}) has no effect on response here."
            if record["not_varied"]
            else ""
        ),
        "",
        "## Shares of the variance, by kind and group",
        "",
        "![Total index by kind and group](sensitivity.groups.svg)",
        "",
        "Total index: what would be left if all else were known, interactions included; the sum may exceed 1.",
        "",
    ]
    for output, spread in record["outputs"].items():
        lines += [f"### {spread['label'][0].upper()}{spread['label'][1:]}", "", _spread_line(spread), ""]
        lines += _share_table(record, output)
    lines += ["## By gate", "", *_gates(record), *_local(record), *_identifiability(record["identifiability"])]
    return "\n".join(lines)


def _spread_line(spread: dict[str, Any]) -> str:
    low, median, high = spread["quantiles_5_50_95"]
    return (
        f"Mean {spread['mean']:g}, sd {spread['sd']:g}; 5, 50 and 95%: {low:g}, {median:g}, {high:g} (n {spread['n']})."
    )


def _share_table(record: dict[str, Any], output: str) -> list[str]:
    share = record["variance"]
    ranked = first(share["blocks"], share["total"][output], len(share["blocks"]))
    kept: list[str] = []
    for level, count in (("kind", 4), ("group", 6), ("single", 8)):
        kept += [name for name in ranked if level_of(name) == level][:count]
    rows = []
    for name in kept:
        k = share["blocks"].index(name)
        v = {column: share[column][output][k] for column in ("total", "total_low", "total_high", "first")}
        limits = f"{v['total_low']:.0%} to {v['total_high']:.0%}"
        level = level_of(name)
        what = f"`{name}`" if level == "single" else told(name)
        rows.append([level, what, f"{v['total']:.1%}", limits, f"{v['first']:.1%}"])
    effects = first(record["screening"]["factors"], record["screening"]["mu_star"][output], 8)
    words = ", ".join(f"`{name}` {value:.3g}" for name, value in effects.items())
    return [
        *table(["level", "what", "total", "95%", "alone"], rows),
        f"Screening, largest mean effects over the whole range: {words}.",
        "",
    ]


def _gates(record: dict[str, Any]) -> list[str]:
    share = record["variance"]
    of = {f["name"]: f for f in record["factors"] if f["kind"] == "gate"}
    rows = []
    output = "gut_durvalumab"
    for name in first(share["blocks"], share["total"][output], len(share["blocks"])):
        if name not in of:
            continue
        k = share["blocks"].index(name)
        cells = [f"`{name[2:]}`", of[name]["group"], of[name]["grade"]]
        for one in (output, "gut_atezolizumab_bevacizumab", "response_durvalumab"):
            low, high = share["total_low"][one][k], share["total_high"][one][k]
            cells.append(f"{share['total'][one][k]:.1%} ({low:.1%} to {high:.1%})")
        rows.append(cells)
    return [
        "Total index of a gate's strength (95%): how much of the variance hangs on whether the claim holds and how "
        "strong it is. A gate whose exposure does not vary in this population, or whose context is absent, has none. "
        "The shares of a gate at its prior mean are with [tau](tau.md).",
        "",
        *table(["gate", "group", "grade", "gut's part, durvalumab", "gut's part, atezo + bev", "durvalumab"], rows),
    ]


def _local(record: dict[str, Any]) -> list[str]:
    local = record["local"]
    held = dict(zip(local["held"]["factors"], local["held"]["elasticity"], strict=True))
    place = {name: k for k, name in enumerate(local["factors"])}
    names = list(first(local["factors"], local["per_prior_sd"]["response_durvalumab"], 15))
    rows = []
    for name in names:
        k = place[name]
        cells = [f"`{name}`"]
        for output in ("response_durvalumab", "response_atezolizumab_bevacizumab", "cd8"):
            cells.append(_cell(local["elasticity"][output][k]))
        cells.append(_cell(held.get(name)))
        rows.append(cells)
    return [
        "## Local, at the median person",
        "",
        "![Local sensitivities](sensitivity.local.svg)",
        "",
        f"d output / d ln parameter, mean over {record['sizes']['guts']} communities, the person closed anew (central "
        "differences of a tenth of the prior sd), and under durvalumab with the rest kept and the parameter moved on "
        "the day of the first dose (central differences of 1%, held by a test to the engine's exact tangents). The two "
        "agree where a parameter does not move the rest, and a test holds them to that.",
        "",
        *table(["parameter", "durvalumab", "atezo + bev", "resting CD8", "durvalumab, rest kept"], rows),
    ]


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3g}"


def _identifiability(found: dict[str, Any]) -> list[str]:
    sets = found["sets"]
    rows = []
    for one in sets:
        best = ", ".join(f"`{n}` {v:.2f}" for n, v in list(one["posterior"].items())[:8])
        shown = _index(one["collinearity"])
        rows.append([" + ".join(one["sets"]), str(one["measurements"]), f"{one['directions']:g}", f"{one['bits']:.1f}",
                     f"{one['constrained']} of {one['parameters']}",
                     f"{one['immune_constrained']} of {one['immune_parameters']}", shown, best])  # fmt: skip
    alone, all_of = sets[0], sets[-1]
    measured = [[m["measurement"], m["set"], f"`{m['variable']}`", f"{m['day']:g}", f"{m['error']:g}", m["source"]]
                for m in found["measurements"]]  # fmt: skip
    pairs = "; ".join(f"`{p['first']}` and `{p['second']}` ({_index(p['collinearity'])})" for p in all_of["pairs"][:6])
    return [
        "## What measurements can tell",
        "",
        f"**Tumour sizes alone do not constrain the immune parameters.** {alone['measurements']} measurements of size "
        f"and pace know {alone['directions']:g} directions better than the prior does, and those are mostly size and "
        f"pace themselves; {alone['immune_constrained']} of {alone['immune_parameters']} immune parameters lose more "
        "than a tenth of their prior sd. Stool, serum and a biopsy besides bring it to "
        f"{all_of['immune_constrained']} of {all_of['immune_parameters']}. All others stay where the literature or "
        "an assumption put them, whatever a clinic measures in one patient.",
        "",
        "Linear-Gaussian at the median person, medians over "
        f"{found['communities']} communities: S is d ln measurement / error by parameter / prior sd; directions are "
        "singular values above 1; a parameter is constrained where posterior sd / prior sd is below 0.9; the "
        f"collinearity index is of the {len(all_of['strongest'])} parameters that move the set most (above 10 to 15 "
        "they cannot be told apart). Each set holds those before it: " + ", ".join(SETS) + ".",
        "",
        *table(["measured", "n", "directions", "bits", "constrained", "immune constrained", "collinearity",
                "posterior sd / prior sd"], rows),
        f"Pairs that all measurements together can least tell apart: {pairs}.",
        "",
        "Errors taken (sd of the logarithm):",
        "",
        *table(["measurement", "set", "variable", "day", "error", "source"], measured),
    ]  # fmt: skip


def _index(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.3g}"


def tau_page(record: dict[str, Any]) -> str:
    solved, sizes = record["solved"], record["sizes"]
    stale = solved["model"] != record["stamp"]["model"]
    lines = [
        "# tau: how predictions hang on the gut's total effect",
        "",
        HEAD,
        "",
        *([QUICK, ""] if record["quick"] else []),
        f"Model {record['stamp']['model']}, knowledge {record['stamp']['knowledge']}, made {record['made']} in "
        f"{record['seconds']:.0f} s; numbers in [tau.json](tau.json).",
        "",
        *(
            [f"The solved tau below is STALE: it was solved for model {solved['model']}. Curves are of this model.", ""]
            if stale
            else []
        ),
        f"tau bounds what all gates together can do. Solved {solved['tau']:g}: the sd over communities of the log-odds "
        f"of response has median {solved['target_sd']:g} over draws of gate strengths. "
        f"{sizes['communities']} communities x {sizes['hosts']} hosts, durvalumab, one year; the same people at every "
        "tau, so that differences along a curve are far more certain than its level. ± is a bootstrap standard error "
        "over communities and hosts, which is of the level.",
        "",
        "![sd of the log-odds of response by tau](tau.sd.svg)",
        "",
        "![AUC of the gut alone by tau](tau.auc.svg)",
        "",
        "## tau from 0 to 1",
        "",
        "Discounted: gates at their prior means times the chance that the claim holds in people. Undiscounted: as "
        "claimed in the system that was measured.",
        "",
        *table(
            ["strengths", "tau", "sd of log-odds", "AUC of the gut alone", "response at the 3rd, 50th, 97th % gut"],
            [
                [name, f"{r['tau']:g}", f"{r['sd']:.3f} ± {r['errors']['sd']:.3f}",
                 f"{r['auc']:.3f} ± {r['errors']['auc']:.3f}",
                 f"{r['response_low']:.1%}, {r['response_median']:.1%}, {r['response_high']:.1%}"]
                for name, rows in record["curves"].items() for r in rows
            ],
        ),
        "## The target",
        "",
        f"tau that gives a median sd over {sizes['draws']} draws of gate strengths (the same people; ± by bootstrap "
        "over draws), and what the gut alone then predicts at prior means.",
        "",
        *table(["target sd", "tau", "AUC", "response at the 3rd, 50th, 97th percentile gut"],
               [_target(row) for row in record["targets"]]),
        "## Arms of the microbiota beside durvalumab",
        "",
        f"Change in log-odds of response: mean over {sizes['arm_draws']} draws (strengths, discounts and a community "
        "each) ± its standard error, and the 10 to 90% interval over draws.",
        "",
        *table(["arm", "tau", "mean", "10 to 90%"],
               [[a["label"], f"{a['tau']:g}", f"{a['mean']:+.3f} ± {a['error']:.3f}",
                 f"{a['low10']:+.3f} to {a['high90']:+.3f}"]
                for a in sorted(record["arms"], key=lambda a: a["arm"])]),
        "## Shares of the groups of claims",
        "",
        "Share of the gut's variance that goes when a group is switched off; shares need not add to 1.",
        "",
        *_group_table(record["shares"]),
        "## Shares of the gates",
        "",
        "At prior means and the solved tau, with the Monte Carlo error"
        + (" (STALE, of the model that tau was solved for):" if stale else ":"),
        "",
        *table(["gate", "share"], [[f"`{gate}`", _gate_share(solved, gate)] for gate in solved["gate_shares"]]),
    ]  # fmt: skip
    return "\n".join(lines)


def _target(row: dict[str, Any]) -> list[str]:
    if row["tau"] is None:
        return [f"{row['target_sd']:g}", "not reached by tau 1", "-", "-"]
    error = "" if row["tau_error"] is None else f" ± {row['tau_error']:.3f}"
    response = f"{row['response_low']:.1%}, {row['response_median']:.1%}, {row['response_high']:.1%}"
    return [f"{row['target_sd']:g}", f"{row['tau']:.3f}{error}", f"{row['auc']:.3f}", response]


def _group_table(shares: dict[str, Any]) -> list[str]:
    groups = list(next(iter(shares.values()))["groups"])
    rows = []
    for name, one in shares.items():
        cells = [f"{one['groups'][g]['share']:+.0%} ± {one['groups'][g]['error']:.0%}" for g in groups]
        rows.append([f"{name} ({one['tau']:g})" if name.startswith("solved") else name, *cells])
    return table(["strengths", *groups], rows)


def _gate_share(solved: dict[str, Any], gate: str) -> str:
    error = solved.get("gate_share_errors", {}).get(gate)
    return f"{solved['gate_shares'][gate]:+.1%}" + ("" if error is None else f" ± {error:.1%}")
