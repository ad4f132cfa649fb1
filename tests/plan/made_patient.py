"""A made patient: a sheet, guts of a few species in MetaPhlAn's form, and how small a plan of it is."""

from __future__ import annotations

from typing import Any

from hepaxis.plan.make import Options

CLOSTRIDIA = "k__Bacteria|p__Firmicutes|c__Clostridia|o__Eubacteriales"
BACTEROIDIA = "k__Bacteria|p__Bacteroidetes|c__Bacteroidia|o__Bacteroidales"
LINEAGES = {
    "but": f"{CLOSTRIDIA}|f__Oscillospiraceae|g__Faecalibacterium|s__Faecalibacterium_prausnitzii",
    "but2": f"{CLOSTRIDIA}|f__Lachnospiraceae|g__Roseburia|s__Roseburia_intestinalis",
    "bif": "k__Bacteria|p__Actinobacteria|c__Actinomycetia|o__Bifidobacteriales|f__Bifidobacteriaceae"
    "|g__Bifidobacterium|s__Bifidobacterium_longum",
    "akk": "k__Bacteria|p__Verrucomicrobia|c__Verrucomicrobiae|o__Verrucomicrobiales|f__Akkermansiaceae"
    "|g__Akkermansia|s__Akkermansia_muciniphila",
    "bac": f"{BACTEROIDIA}|f__Bacteroidaceae|g__Bacteroides|s__Bacteroides_uniformis",
    "ent": "k__Bacteria|p__Proteobacteria|c__Gammaproteobacteria|o__Enterobacterales|f__Enterobacteriaceae"
    "|g__Escherichia|s__Escherichia_coli",
    "bai": f"{CLOSTRIDIA}|f__Lachnospiraceae|g__Lachnoclostridium|s__Clostridium_scindens",
    "opp": f"{CLOSTRIDIA}|f__Lachnospiraceae|g__Enterocloster|s__Enterocloster_bolteae",
    "ecs": "k__Bacteria|p__Firmicutes|c__Bacilli|o__Lactobacillales|f__Enterococcaceae|g__Enterococcus"
    "|s__Enterococcus_faecalis",
}
USUAL = {"but": 0.2, "but2": 0.1, "bif": 0.05, "akk": 0.02, "bac": 0.5, "ent": 0.03, "bai": 0.02, "opp": 0.08}
BLOOM = {"ent": 0.72, "ecs": 0.14, "opp": 0.12, "bac": 0.02}
RICH = {"but": 0.3, "but2": 0.2, "bif": 0.12, "akk": 0.14, "bac": 0.2, "bai": 0.04}
SHEET: dict[str, Any] = {"id": "T-01", "therapy": {"planned": [{"regimen": "durvalumab", "start_day": 0}]}}
SMALL = Options(hosts=10, draws=4, seed=3, horizon_days=182.0, limit=1)
ASKING = Options(hosts=10, draws=4, seed=3, horizon_days=182.0, asked=(("udca",), ("fmt_capsules_healthy",)))


def metaphlan(shares: dict[str, float]) -> str:
    """One sample as MetaPhlAn 4 writes it, all ranks stacked."""
    rows: dict[str, float] = {}
    for short, share in shares.items():
        parts = LINEAGES[short].split("|")
        for depth in range(1, len(parts) + 1):
            name = "|".join(parts[:depth])
            rows[name] = rows.get(name, 0.0) + 100 * share
    lines = [f"{name}\t\t{value:.5f}\t" for name, value in sorted(rows.items())]
    header = "#clade_name\tNCBI_tax_id\trelative_abundance\tadditional_species"
    return "\n".join(["#mpa_vJun23_CHOCOPhlAnSGB_202403", header, *lines]) + "\n"
