"""Plans made for the tests: invented numbers in the shape of a real run, in the states a report can be in."""

from __future__ import annotations

from dataclasses import replace

from hepaxis.plan.schema import (
    AttributionRow,
    AxisEdge,
    AxisNode,
    CapacityRow,
    CheckRow,
    CounterfactualRow,
    Curve,
    Evidence,
    Fact,
    GuildRow,
    Interval,
    MissingRow,
    Outcomes,
    Plan,
    ProfileSection,
    SafetyFlag,
    Source,
    Strategy,
    TimelineItem,
    Verdict,
)

N = 150
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp;"
LONG = "Defined consortium of forty-one butyrate-producing and bile-acid-converting strains, lyophilised, twice daily"


def iv(median: float, lo90: float, hi90: float) -> Interval:
    """50% limits placed at 40% of the way to the 90% limits."""
    return Interval(median, median + 0.4 * (lo90 - median), median + 0.4 * (hi90 - median), lo90, hi90)


SOURCES = (
    Source(
        "imbrave150",
        "IMbrave150: atezolizumab + bevacizumab in HCC",
        "10.1016/j.jhep.2021.11.030",
        "part seen",
        "regimens",
    ),
    Source(
        "checkmate9dw",
        "CheckMate 9DW: nivolumab + ipilimumab",
        "https://doi.org/10.1016/S0140-6736(25)00403-9",
        "seen",
        "regimens",
    ),
    Source("fmt13", "FMT after anti-PD-1 failure, n = 13", "10.1016/j.chom.2024.06.010", "seen", "strategies"),
    Source(
        "cbm588",
        "CBM588 in kidney cancer, n = 30; unusually poor control arm",
        "10.1038/s41591-022-01694-6",
        "part seen",
    ),
    Source("fibre", "Fibre and probiotics under checkpoint therapy", "10.1126/science.aaz7015", "seen"),
    Source("cxcl16", "Bile acids, LSEC CXCL16 and NKT (mouse)", "10.1126/science.aan5931", "read", "gates"),
    Source("udca", "LCA stress on CD8, rescue by UDCA (mouse)", "10.1126/science.adl4100", "read", "gates"),
    Source("akk", "Akkermansia and PD-1 in steatohepatitis HCC", "10.1038/s41467-022-31312-5", "recalled", "gates"),
    Source("nct", "FMT capsules with immunotherapy in HCC", "NCT05690048", "seen", "trials"),
    Source("label_oca", "Obeticholic acid, prescribing information", "label", "recalled", "safety"),
)

FACTS = (
    Fact("Aetiology", "HBV, suppressed (entecavir)"),
    Fact("BCLC, Child-Pugh", "C, A6"),
    Fact("ALBI", "−2.08, grade 2"),
    Fact("CRAFITY", "2 of 2 (AFP 840 ng/mL, CRP 22 mg/L)"),
    Fact("Lesions", "3; largest 62 mm; Vp2; no spread"),
    Fact("ECOG", "1"),
    Fact("Planned", "atezolizumab + bevacizumab"),
    Fact("Antibiotic", "ceftriaxone, day −23 to −16"),
    Fact("PPI", "since day −120"),
    Fact("Stool sample", "day −9, MetaPhlAn 4"),
    Fact("Profile coverage", "91% of abundance in guilds"),
    Fact("PD-L1", "not tested", known=False),
    Fact("CTNNB1", "not sequenced", known=False),
    Fact("HLA", "not typed", known=False, detail="cross-reactivity gate off"),
    Fact("Bile acids", "not measured", known=False),
)

GUILDS = (
    GuildRow(
        "but",
        "Butyrate producers",
        0.056,
        0.05,
        0.18,
        0.38,
        True,
        ("Faecalibacterium prausnitzii", "Roseburia intestinalis"),
    ),
    GuildRow("bif", "Bifidobacteria", 0.012, 0.0005, 0.021, 0.15, True, ("Bifidobacterium longum",)),
    GuildRow("akk", "Akkermansia", 0.0, 0.0001, 0.005, 0.10, False, ("Akkermansia muciniphila",)),
    GuildRow("bac", "Bacteroidales", 0.41, 0.06, 0.28, 0.60, True, ("Bacteroides dorei", "Bacteroides uniformis")),
    GuildRow(
        "ent", "Enterobacteriaceae", 0.142, 0.0001, 0.006, 0.11, True, ("Escherichia coli", "Klebsiella pneumoniae")
    ),
    GuildRow("bai", "7α-dehydroxylating clostridia", 0.007, 0.004, 0.022, 0.07, True, ("Clostridium scindens",)),
    GuildRow("lac", "Lactobacilli", 0.011, 0.0001, 0.0012, 0.04, True, ("Limosilactobacillus fermentum",)),
    GuildRow(
        "ora", "Oral taxa", 0.026, 0.0001, 0.0025, 0.04, True, ("Veillonella parvula", "Streptococcus salivarius")
    ),
    GuildRow("ecs", "Enterococci and streptococci", 0.068, 0.0002, 0.007, 0.08, True, ("Enterococcus faecalis",)),
    GuildRow("opp", "Opportunists", 0.051, 0.001, 0.014, 0.08, True, ("Enterocloster bolteae", "Hungatella hathewayi")),
    GuildRow(
        "pre", "Prevotella and Segatella", 0.004, 0.0001, 0.003, 0.34, True, ("Segatella copri", "Prevotella stercorea")
    ),
    GuildRow("oth", "Other commensals", 0.123, 0.03, 0.09, 0.21, True),
)

PROFILE = ProfileSection(
    sample="EX-01_stool",
    file="ex01_profile.tsv",
    format="MetaPhlAn 4, single sample",
    profiler="MetaPhlAn 4",
    rank="species",
    n_taxa=118,
    unknown_fraction=0.17,
    identified_fraction=0.83,
    trait_coverage=0.91,
    other_share=0.09,
    shannon=2.61,
    reference="442 adults without liver disease, MetaPhlAn family",
    guilds=GUILDS,
    log=("scale found: per cent", "4 rows without a lineage dropped", "12 strains collapsed to species"),
    widened="Sampled 7 days after ceftriaxone: the community may still be recovering.",
)

CAPACITIES = (
    CapacityRow("calprotectin", "Calprotectin, stool", "µg/g", iv(138, 127, 150), 15, 49, 108, "measured", ""),
    CapacityRow(
        "lps6", "Hexa-acylated LPS", "× reference", iv(2.9, 1.3, 6.2), 0.3, 1.0, 2.6, "predicted", "", ("cxcl16",)
    ),
    CapacityRow("flagellin", "Flagellin", "× reference", iv(1.1, 0.4, 3.1), 0.35, 1.0, 2.6, "predicted", ""),
    CapacityRow(
        "butyrate",
        "Butyrate",
        "mmol/d",
        iv(31, 14, 65),
        31,
        62,
        110,
        "predicted",
        "cross-feeding from acetate",
        ("cbm588",),
    ),
    CapacityRow(
        "dca",
        "Secondary bile acids",
        "fraction",
        iv(0.61, 0.12, 0.99),
        0.49,
        0.98,
        0.995,
        "predicted",
        "nearly bimodal between people",
    ),
    CapacityRow("indoles", "Indoles", "mmol/L", iv(1.8, 0.8, 4.2), 0.8, 2.6, 6.5, "predicted", ""),
    CapacityRow(
        "ipa",
        "Indolepropionate (IPA)",
        "µmol/L",
        iv(0.95, 0.15, 5.6),
        0.2,
        1.0,
        5.0,
        "unknown",
        "composition does not tell",
        ("udca",),
    ),
    CapacityRow(
        "propionate", "Propionate", "mmol/d", iv(60, 24, 150), 24, 60, 150, "unknown", "composition does not tell"
    ),
)


def step(median: float, lo90: float, hi90: float) -> Interval:
    """A step of the attribution, given in tens of points."""
    return iv(median / 10, lo90 / 10, hi90 / 10)


ATTRIBUTION = (
    AttributionRow("gut", "Gut", "gut", step(-0.31, -0.71, 0.06)),
    AttributionRow(
        "gut.lps", "LPS and other receptor ligands", "gut", step(-0.12, -0.31, 0.01), "gut", sources=("cxcl16",)
    ),
    AttributionRow("gut.scfa", "Short-chain fatty acids", "gut", step(-0.06, -0.22, 0.06), "gut"),
    AttributionRow("gut.barrier", "Barrier", "gut", step(-0.05, -0.18, 0.04), "gut"),
    AttributionRow("gut.ba", "Secondary bile acids", "gut", step(-0.05, -0.24, 0.10), "gut", sources=("udca",)),
    AttributionRow("gut.trp", "Tryptophan routes", "gut", step(-0.03, -0.17, 0.09), "gut"),
    AttributionRow("gut.ag", "Antigen cross-reactivity", "gut", step(0.0, -0.09, 0.09), "gut", "off: HLA unknown"),
    AttributionRow("tumour", "Tumour", "tumour", step(-0.48, -1.02, -0.03)),
    AttributionRow("tumour.cold", "Cold niche (entry)", "tumour", step(-0.29, -0.78, 0.10), "tumour"),
    AttributionRow("tumour.ckpt", "Other checkpoints", "tumour", step(-0.12, -0.41, 0.09), "tumour"),
    AttributionRow("tumour.met", "Metabolism", "tumour", step(-0.07, -0.26, 0.06), "tumour"),
    AttributionRow("liver", "Liver function (ALBI 2)", "liver", step(-0.15, -0.34, -0.02)),
    AttributionRow("exposure", "Exposures (antibiotic, PPI)", "exposure", step(-0.11, -0.29, 0.03)),
    AttributionRow("aetiology", "Aetiology (HBV, suppressed)", "exposure", step(0.14, -0.05, 0.36)),
)

BASE = iv(0.15, 0.05, 0.31)

COUNTERFACTUALS = (
    CounterfactualRow("before", "Before the antibiotic", "day −24, reconstructed", iv(0.16, 0.05, 0.33)),
    CounterfactualRow("off", "All gut gates off", "no gut effect in the model", iv(0.17, 0.06, 0.34)),
    CounterfactualRow("donor", "A donor’s gut", "upper limit of FMT", iv(0.18, 0.07, 0.36)),
    CounterfactualRow("reference", "Reference gut", "median of the reference cohort", iv(0.19, 0.07, 0.37)),
)


def outcomes(gain: float = 0.0, harm: Interval | None = None) -> Outcomes:
    return Outcomes(
        objective_response=iv(0.15 + gain, 0.05 + gain / 2, 0.31 + gain),
        durable_response=iv(0.11 + gain * 0.8, 0.03, 0.25 + gain),
        disease_control_6m=iv(0.52 + gain, 0.34, 0.69 + gain),
        pfs_months=iv(6.1 + 10 * gain, 3.2, 11.4 + 10 * gain),
        severe_immune_event=harm or iv(0.09, 0.05, 0.16),
    )


def strategy(
    name: str,
    label: str,
    rank: int,
    gain: Interval,
    *,
    p_best: float,
    harm: Interval | None = None,
    grade: str = "C",
    text: str = "early human",
    sources: tuple[str, ...] = (),
    safety: tuple[SafetyFlag, ...] = (),
    **more: object,
) -> Strategy:
    fields: dict[str, object] = {
        "components": (label,),
        "status": "ranked",
        "schedule": ("from day 0",),
        "mechanism": "",
    } | more
    return Strategy(
        id=name,
        label=label,
        rank=rank,
        evidence=Evidence(grade, text, sources),
        safety=safety,
        outcomes=outcomes(gain.median, harm),
        change_response=gain,
        change_durable=iv(gain.median * 0.8, gain.lo90, gain.hi90),
        change_severe=iv((harm.median if harm else 0.09) - 0.09, -0.04, 0.2),
        p_best=p_best,
        **fields,  # type: ignore[arg-type]
    )


BASE_STRATEGY = Strategy(
    "base",
    "Atezolizumab + bevacizumab",
    ("atezolizumab", "bevacizumab"),
    "base",
    0,
    ("atezolizumab 1200 mg and bevacizumab 15 mg/kg every 21 days from day 0",),
    "PD-L1 and VEGF",
    Evidence("A", "RCT in HCC", ("imbrave150",)),
    (SafetyFlag("S01", "info", "varices checked", "imbrave150"),),
    outcomes(),
    p_best=0.05,
    kind="base",
)

STRATEGIES = (
    BASE_STRATEGY,
    strategy(
        "nivoipi",
        "Nivolumab + ipilimumab, no add-on",
        1,
        iv(0.048, -0.056, 0.162),
        p_best=0.29,
        harm=iv(0.26, 0.17, 0.37),
        grade="A",
        text="RCT in HCC",
        sources=("checkmate9dw",),
        kind="regimen",
        mechanism="Widens priming through CTLA-4; does not depend on the gut",
        safety=(SafetyFlag("S04", "warn", "immune hepatitis 15%", "checkmate9dw"),),
    ),
    strategy(
        "fmt",
        "+ FMT capsules, screened donor, day 0 and 21",
        2,
        iv(0.026, -0.023, 0.084),
        p_best=0.21,
        harm=iv(0.13, 0.07, 0.22),
        text="early human, n = 13",
        sources=("fmt13",),
        status="trial_only",
        mechanism="Restores butyrate and indole producers, lowers hexa-acylated LPS",
        trials=("NCT05690048",),
        safety=(SafetyFlag("S11", "warn", "capsules, not endoscopy, with bevacizumab", "fmt13"),),
    ),
    strategy(
        "akk",
        "+ Akkermansia live product",
        3,
        iv(0.014, -0.019, 0.055),
        p_best=0.12,
        harm=iv(0.10, 0.05, 0.18),
        text="association; human effect not monotone",
        sources=("akk",),
        status="trial_only",
        mechanism="Mucus and barrier; not found in this sample",
        trials=("NCT05865730",),
    ),
    strategy(
        "cbm",
        "+ C. butyricum CBM588",
        4,
        iv(0.011, -0.024, 0.049),
        p_best=0.09,
        harm=iv(0.10, 0.05, 0.18),
        grade="B",
        text="RCT, kidney cancer, n = 30",
        sources=("cbm588",),
        status="trial_only",
        mechanism="Butyrate and bifidobacteria",
    ),
    strategy(
        "fibre",
        "+ food fibre 30 g/d with dietitian",
        5,
        iv(0.009, -0.012, 0.034),
        p_best=0.08,
        text="cohort, melanoma, n = 128",
        sources=("fibre",),
        mechanism="Feeds butyrate producers that are still present",
        safety=(SafetyFlag("S17", "info", "protein 1.2–1.5 g/kg", "fibre"),),
    ),
    strategy(
        "udca",
        "+ UDCA 13 mg/kg/d",
        6,
        iv(0.008, -0.016, 0.036),
        p_best=0.07,
        grade="D",
        text="mouse HCC only",
        sources=("udca",),
        mechanism="Counters LCA stress on CD8",
        kind="metabolite",
        safety=(SafetyFlag("S18", "info", "off label", "udca"),),
    ),
    strategy(
        "ppi",
        "+ stop PPI if no clear indication",
        7,
        iv(0.004, -0.008, 0.019),
        p_best=0.05,
        text="cohorts disagree",
        mechanism="Less oral influx; barrier",
    ),
    strategy(
        "synbiotic",
        "+ synbiotic (inulin + bifidobacteria)",
        8,
        iv(0.003, -0.026, 0.029),
        p_best=0.04,
        grade="D",
        text="mouse",
        mechanism="Acetate cross-feeding",
        safety=(SafetyFlag("S20", "warn", "no purified inulin if cholestasis", ""),),
    ),
    Strategy(
        "oca",
        "+ obeticholic acid",
        ("obeticholic acid",),
        "blocked",
        None,
        (),
        "FXR agonist",
        Evidence("C", "other disease", ()),
        (
            SafetyFlag(
                "S23",
                "block",
                "Compensated cirrhosis with portal hypertension (platelets 104 × 10⁹/L, spleen 15 cm)",
                "label_oca",
            ),
        ),
        kind="metabolite",
    ),
    Strategy(
        "nissle",
        "+ engineered E. coli Nissle, STING payload",
        ("Nissle",),
        "blocked",
        None,
        (),
        "STING agonist",
        Evidence("D", "mouse", ()),
        (SafetyFlag("S24", "block", "Chassis not stated free of colibactin; no kill switch on file", "unlisted"),),
        kind="engineered",
    ),
)


def curve(name: str, label: str, drop: float, growth: float) -> Curve:
    days = tuple(float(d) for d in range(0, 361, 5))

    def size(d: float, k: float, g: float) -> float:
        return max(-1.0, k * (1 - 2.718281828 ** (-d / 66)) + g * d / 30.4)

    return Curve(
        name,
        label,
        days,
        tuple(size(d, drop, growth) for d in days),
        tuple(size(d, drop - 0.2, growth * 0.5) for d in days),
        tuple(size(d, drop + 0.18, growth * 1.5) for d in days),
        tuple(size(d, drop - 0.48, growth * 0.25) for d in days),
        tuple(size(d, drop + 0.30, growth * 2) for d in days),
    )


CURVES = (
    curve("base", "Atezolizumab + bevacizumab", -0.26, 0.042),
    curve("fmt", "With FMT capsules", -0.33, 0.037),
)

NODES = (
    AxisNode("g.but", "guild", "Butyrate producers", "0.3 ×", 0.31),
    AxisNode("g.bai", "guild", "7α-dehydroxylators", "0.3 ×", 0.32),
    AxisNode("g.trp", "guild", "Indole producers", "0.7 ×", 0.7),
    AxisNode("g.ent", "guild", "Enterobacteriaceae", "24 ×", 24.0),
    AxisNode("g.akk", "guild", "Akkermansia", "not found", 0.01),
    AxisNode("l.but", "lumen", "Butyrate", "31 mmol/d, 0.5 ×", 0.5),
    AxisNode("l.ba", "lumen", "Secondary bile acids", "0.6 ×", 0.62),
    AxisNode("l.ind", "lumen", "Indoles", "0.7 ×", 0.7),
    AxisNode("l.lps", "lumen", "Hexa-acylated LPS", "2.9 ×", 2.9),
    AxisNode("l.muc", "lumen", "Mucus, barrier", "0.8 ×", 0.79),
    AxisNode("p.but", "portal", "Butyrate", "9 µmol/L", 0.5),
    AxisNode("p.ba", "portal", "DCA + LCA", "2.1 µmol/L", 0.62),
    AxisNode("p.ind", "portal", "Indoles", "0.8 ×", 0.78),
    AxisNode("p.lps", "portal", "Endotoxin", "2.2 ×", 2.3),
    AxisNode("p.mln", "portal", "Mesenteric node", "0.9 ×", 0.9),
    AxisNode("o.cd8", "port", "CD8 expansion", "0.93 ×", 0.93),
    AxisNode("o.nkt", "port", "NKT via CXCL16", "1.06 ×", 1.06),
    AxisNode("o.kill", "port", "CD8 killing (I3A)", "0.98 ×", 0.98),
    AxisNode("o.mdsc", "port", "Suppressor cells (MDSC, M2)", "1.31 ×", 1.31),
    AxisNode("o.dc", "port", "Priming by dendritic cells", "0.95 ×", 0.95),
    AxisNode("t.entry", "tumour", "Entry of CD8", "0.71 ×", 0.71),
    AxisNode("t.kill", "tumour", "Killing", "0.78 ×", 0.78),
    AxisNode("t.exh", "tumour", "Exhaustion", "1.24 ×", 1.24),
    AxisNode("t.grow", "tumour", "Net growth", "1.08 ×", 1.08),
)

EDGES = (
    AxisEdge("g.but", "l.but", 1, 0.16),
    AxisEdge("l.but", "p.but", 1, 0.16),
    AxisEdge("p.but", "o.cd8", 1, 0.16, gate="G01"),
    AxisEdge("g.bai", "l.ba", 1, 0.14),
    AxisEdge("l.ba", "p.ba", 1, 0.14),
    AxisEdge("p.ba", "o.nkt", -1, 0.14, gate="G03"),
    AxisEdge("g.trp", "l.ind", 1, 0.10),
    AxisEdge("l.ind", "p.ind", 1, 0.10),
    AxisEdge("p.ind", "o.kill", 1, 0.10, True, "G07"),
    AxisEdge("g.ent", "l.lps", 1, 0.36),
    AxisEdge("l.lps", "p.lps", 1, 0.36),
    AxisEdge("p.lps", "o.mdsc", 1, 0.34, gate="G09"),
    AxisEdge("g.akk", "l.muc", 1, 0.12),
    AxisEdge("l.muc", "p.mln", 1, 0.08),
    AxisEdge("p.mln", "o.dc", 1, 0.08, True, "G12"),
    AxisEdge("l.muc", "p.lps", -1, 0.06),
    AxisEdge("o.cd8", "t.entry", 1, 0.16),
    AxisEdge("o.nkt", "t.kill", 1, 0.14),
    AxisEdge("o.kill", "t.kill", 1, 0.10, True),
    AxisEdge("o.mdsc", "t.entry", -1, 0.33),
    AxisEdge("o.mdsc", "t.exh", 1, 0.14),
    AxisEdge("o.dc", "t.entry", 1, 0.08, True),
    AxisEdge("t.entry", "t.kill", 1, 0.2),
    AxisEdge("t.kill", "t.grow", -1, 0.2),
)

TIMELINE = (
    TimelineItem("exposure", "Ceftriaxone, intravenous", -23, -16, detail="for cholangitis"),
    TimelineItem("exposure", "PPI", -120, None, ongoing=True, detail="indication not recorded"),
    TimelineItem("exposure", "Entecavir", -900, None, ongoing=True),
    TimelineItem("sample", "Stool", -9, detail="MetaPhlAn 4"),
    TimelineItem("sample", "Stool again", 26, 40, planned=True),
    *(TimelineItem("therapy", "Atezolizumab + bevacizumab", d, planned=True) for d in (0, 21, 42, 63, 84, 105, 126)),
    TimelineItem("scan", "Endoscopy", -41, detail="no varices"),
    TimelineItem("scan", "CT", -12),
    TimelineItem("scan", "First scan", 63, planned=True),
)

MISSING = (
    MissingRow("ba", "Faecal bile acids (LC-MS)", "one stool tube; about 1 week", 0.34),
    MissingRow("stool2", "Second stool, day 26–40", "gut still recovering from ceftriaxone", 0.29),
    MissingRow("ctnnb1", "Tumour sequencing (CTNNB1)", "caps what any gut arm can reach", 0.22),
    MissingRow("load", "Total bacterial load (qPCR)", "a relative profile has no load", 0.11),
    MissingRow("pdl1", "PD-L1", "not tested", 0.06),
    MissingRow("hla", "HLA and neoantigens", "", None),
)

CHECKS = (
    CheckRow("Twin fits labs and lesions", "yes", "posterior predictive p = .41"),
    CheckRow("Inside the calibrated range", "yes"),
    CheckRow("Posterior differs from prior along the decision", "hardly", "0.09 bits"),
    CheckRow("No antibiotic in the 28 days before stool", "no", "niche uncertain"),
)

RANKED = Plan(
    patient_id="EX-01",
    title="EX-01, man, 61 years, hepatocellular carcinoma",
    planned="First line immunotherapy planned for 1 December 2026; stool sampled 7 days after an antibiotic.",
    facts=FACTS,
    verdict=Verdict(
        "base_default",
        "The planned regimen stays the default. With today’s data no gut-directed add-on can be told apart "
        "from adding nothing.",
        ("All 90% intervals of change include zero.", "The stool sample moved the clinic-only answer by 1 point."),
        "Entry of T cells, then suppression by myeloid cells. Mostly the tumour; the gut adds to suppression "
        "through LPS.",
        "About 4 points of response (90% interval −1 to +11): predicted 15% with this gut, 19% with a reference gut.",
        (
            Fact(
                "Default",
                "Atezolizumab + bevacizumab. Option 1 may gain more, at about three times the severe immune events.",
            ),
            Fact("Low burden", "Food fibre with a dietitian; ask whether the PPI is still needed."),
            Fact("In a trial", "FMT capsules (NCT05690048), not outside one."),
            Fact(
                "Measure",
                "Faecal bile acids and a second stool at day 26–40: together most likely to change this answer.",
            ),
            Fact("Infection", "Treat it. An antibiotic is never withheld; the plan adapts."),
        ),
    ),
    profile=PROFILE,
    capacities=CAPACITIES,
    base_response=BASE,
    reference_gut_response=iv(0.19, 0.07, 0.37),
    clinic_only_response=iv(0.16, 0.06, 0.31),
    gut_effect=iv(-0.04, -0.11, 0.01),
    attribution=ATTRIBUTION,
    counterfactuals=COUNTERFACTUALS,
    strategies=STRATEGIES,
    curves=CURVES,
    nodes=NODES,
    edges=EDGES,
    timeline=TIMELINE,
    missing=MISSING,
    checks=CHECKS,
    sources=SOURCES,
    warnings=("ex01_profile.tsv: 17% of reads unknown to the profiler",),
    limits=(
        "Stool alone predicts response across cohorts at chance (AUC 0.46–0.52). This report cannot do better.",
        "No randomised HCC trial of a microbiota arm has reported. The discount on mouse evidence is a judgement.",
        "Not modelled: fungi, phage, diet beyond named patterns, drug interactions outside the safety rules.",
    ),
    n_patients=N,
    horizon_days=365.25,
    seed=20261123,
    made="2026-11-23",
    versions={"hepaxis": "0.1.0", "model": "7d1e44", "knowledge": "52ac01"},
)

_STANDS_OUT = replace(STRATEGIES[5], rank=1, change_response=iv(0.094, 0.021, 0.171), p_best=0.71)
OPTION_STANDS_OUT = replace(
    RANKED,
    strategies=(BASE_STRATEGY, _STANDS_OUT, replace(STRATEGIES[6], rank=2), *STRATEGIES[-2:]),
    verdict=replace(
        RANKED.verdict,
        state="ranked",
        sentence="Food fibre stands apart from adding nothing: +9.4 points (+2.1, +17.1).",
    ),
)
CANNOT_TELL = replace(
    RANKED,
    verdict=replace(
        RANKED.verdict,
        state="cannot_tell",
        sentence="Cannot rank: the data given do not move the answer from the prior.",
        reasons=("Posterior and prior differ by 0.02 bits along the decision.", "Coverage of the profile is 38%."),
    ),
)
LITTLE_DATA = replace(
    CANNOT_TELL,
    facts=FACTS[:3] + FACTS[-4:],
    capacities=(),
    attribution=(),
    counterfactuals=(),
    curves=(),
    nodes=(),
    edges=(),
    timeline=(),
    missing=MISSING[-1:],
    checks=(),
    warnings=(),
    limits=(),
    sources=(),
    versions={},
    strategies=(replace(BASE_STRATEGY, outcomes=None, p_best=None),),
    verdict=Verdict("cannot_tell", "Cannot tell from what was given.", (), "Not known.", "Not known."),
)
NO_PROFILE = replace(RANKED, profile=None, capacities=tuple(replace(c, status="unknown") for c in CAPACITIES))
NO_BASE = replace(
    RANKED, strategies=tuple(replace(s, change_response=None, p_best=None) for s in STRATEGIES if s.status != "base")
)
ALL_BLOCKED = replace(RANKED, strategies=(BASE_STRATEGY, *STRATEGIES[-2:]))
NOTHING_TO_GIVE = replace(RANKED, strategies=STRATEGIES[-2:])
SINGLE = replace(RANKED, strategies=(BASE_STRATEGY, STRATEGIES[5]))
UNRANKED_TRIAL = replace(RANKED, strategies=(BASE_STRATEGY, STRATEGIES[5], replace(STRATEGIES[2], rank=None)))
FORTY = replace(
    RANKED,
    strategies=(
        BASE_STRATEGY,
        *(
            replace(
                STRATEGIES[1 + i % 8], id=f"s{i}", label=f"Strategy {i + 1}, {STRATEGIES[1 + i % 8].label}", rank=i + 1
            )
            for i in range(40)
        ),
    ),
)
LONG_NAMES = replace(
    RANKED,
    title="EX-02, " + LONG,
    facts=tuple(replace(f, value=f.value + ", " + LONG) for f in FACTS[:4]) + FACTS[4:],
    strategies=(
        BASE_STRATEGY,
        *(replace(s, label="+ " + LONG.replace(" ", ""), mechanism=LONG * 2) for s in STRATEGIES[1:]),
    ),
    nodes=tuple(replace(n, label=LONG, value=LONG) for n in NODES),
    curves=tuple(replace(c, label=LONG) for c in CURVES),
    attribution=tuple(replace(a, label=LONG) for a in ATTRIBUTION),
    profile=replace(PROFILE, guilds=tuple(replace(g, label=LONG) for g in GUILDS)),
    timeline=tuple(replace(t, label=LONG) for t in TIMELINE),
)
NON_ASCII = replace(RANKED, title="Ørsted–李 Ñandú, 肝细胞癌, مريض", patient_id="Ø-李-01")
HOLES = replace(
    RANKED,
    base_response=Interval(*[float("nan")] * 5),
    strategies=tuple(
        replace(s, change_response=Interval(*[float("nan")] * 5), p_best=None) if s.status == "ranked" else s
        for s in STRATEGIES
    ),
    capacities=(replace(CAPACITIES[0], ref_median=0.0), replace(CAPACITIES[1], value=Interval(*[float("nan")] * 5))),
    profile=replace(
        PROFILE,
        unknown_fraction=None,
        identified_fraction=None,
        shannon=float("nan"),
        guilds=(replace(GUILDS[0], share=float("nan")), replace(GUILDS[1], ref_median=0.0, ref_lo=0.0)),
    ),
    attribution=(replace(ATTRIBUTION[0], effect=Interval(*[float("nan")] * 5)),),
    timeline=(replace(TIMELINE[0], start=float("nan")),),
    edges=(*EDGES, AxisEdge("nowhere", "g.but", 1, 0.1)),
)


def hostile(value: object) -> object:
    """``value`` with every text replaced by one that tries to break out of the page."""
    from dataclasses import fields, is_dataclass

    keep = {
        "status",
        "state",
        "severity",
        "kind",
        "category",
        "column",
        "grade",
        "schema",
        "checked",
        "parent",
        "id",
        "source",
        "target",
        "sources",
        "made",
        "rank",
    }
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(
            **{
                f.name: getattr(value, f.name)
                if f.name in keep and not (f.name == "sources" and isinstance(value, Plan))
                else hostile(getattr(value, f.name))
                for f in fields(value)
            }
        )
    if isinstance(value, str):
        return HOSTILE + value
    if isinstance(value, tuple):
        return tuple(hostile(v) for v in value)
    if isinstance(value, dict):
        return {HOSTILE + k: HOSTILE + v for k, v in value.items()}
    return value


HOSTILE_PLAN: Plan = hostile(RANKED)  # type: ignore[assignment]

WHOLE: dict[str, Plan] = {
    "base_default": RANKED,
    "ranked": OPTION_STANDS_OUT,
    "cannot_tell": CANNOT_TELL,
    "little_data": LITTLE_DATA,
    "no_profile": NO_PROFILE,
    "no_base": NO_BASE,
    "all_blocked": ALL_BLOCKED,
    "nothing_to_give": NOTHING_TO_GIVE,
    "single": SINGLE,
    "unranked_trial": UNRANKED_TRIAL,
    "forty": FORTY,
    "long_names": LONG_NAMES,
    "non_ascii": NON_ASCII,
    "hostile": HOSTILE_PLAN,
}
EVERY: dict[str, Plan] = WHOLE | {"holes": HOLES}
