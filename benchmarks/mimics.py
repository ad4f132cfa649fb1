"""The search for mimics at the size of a gut, and its recall beside blastp-short and mmseqs2.

A gut of 150 species is drawn from the real bacterial proteins of ../shared (3,000 a species, with replacement between
species), 1.4e8 9-mers.  Peers come from the machine (Debian's ncbi-blast+ and mmseqs2); one that is absent is skipped.
"""

from __future__ import annotations

import gzip
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "bacterial_proteome"
SPECIES, PROTEINS, LENGTH, QUERIES, SEED = 150, 3000, 9, 1000, 1
NOT_BACTERIA = ("iCHO", "iMM1415", "iAM_", "iMM904", "iIS312", "iLB1027", "iAT_PLT")
PLANTED, MOST_MISMATCHES, FEW = 150, 4, 5
BLAST = ("-task", "blastp-short", "-evalue", "200000", "-seg", "no", "-comp_based_stats", "0", "-ungapped")
MMSEQS = ("-s", "7.5", "-e", "200000", "-k", "5", "--spaced-kmer-mode", "0", "--comp-bias-corr", "0", "--mask", "0")


def proteins() -> list[str]:
    """Bacterial sequences; [] where the data is absent."""
    path = SHARED / "bigg_proteins.faa.gz"
    if not path.is_file():
        return []
    records = gzip.decompress(path.read_bytes()).decode("ascii").split(">")[1:]
    return [
        body.replace("\n", "")
        for header, _, body in (record.partition("\n") for record in records)
        if not header.startswith(NOT_BACTERIA)
    ]


def throughput() -> dict | None:
    """Build and search in a process of its own, so that its peak of memory is its own."""
    if not proteins():
        return None
    with tempfile.TemporaryDirectory() as folder:
        rng, held = np.random.default_rng(SEED), proteins()
        source = Path(folder) / "fasta"
        source.mkdir()
        for species in range(SPECIES):
            chosen = rng.choice(len(held), PROTEINS)
            text = "".join(f">p{i}\n{held[one]}\n" for i, one in enumerate(chosen))
            (source / f"species_{species:03d}.faa").write_text(text)
        began = time.perf_counter()
        run = [sys.executable, "-m", "benchmarks.mimics", str(source), str(Path(folder) / "index")]
        subprocess.run([*run, "index"], check=True)
        built = time.perf_counter() - began
        found = subprocess.run([*run, "search"], check=True, capture_output=True, text=True)
        return {"index_seconds": round(built, 1), **json.loads(found.stdout)}


def _search(index: Path) -> dict:
    from hepaxis.antigens import search as searching
    from hepaxis.antigens.index import open_index
    from hepaxis.antigens.null_model import chain, reach_for
    from hepaxis.antigens.pool import make_pool
    from hepaxis.antigens.similarity import face

    rng, held = np.random.default_rng(SEED + 1), proteins()
    began = time.perf_counter()
    pool = make_pool(open_index(index), LENGTH)
    null = chain(pool)
    queries = []
    while len(queries) < QUERIES:
        one = held[rng.integers(len(held))]
        at = rng.integers(max(len(one) - LENGTH, 1))
        letters = list(one[at : at + LENGTH])
        rng.shuffle(letters)  # composition of a protein, without its homologues
        if set("".join(letters)) <= set("ACDEFGHIKLMNPQRSTVWY") and len(letters) == LENGTH:
            queries.append("".join(letters))
    faces = [face(one, "HLA-A*02:01") for one in queries]
    reach = [reach_for(null, one, pool.size, 20.0, 30.0)[0] for one in faces]
    ready = time.perf_counter() - began
    searching.search([[c[:1000] for c in pool.columns[0]]], faces[:1], reach[:1])  # compiled before the clock starts
    timed = {}
    for workers in (2, 1):
        clock, cpu = time.perf_counter(), time.process_time()
        hits = len(searching.search(pool.columns, faces, reach, workers=workers))
        timed[workers] = (time.perf_counter() - clock, time.process_time() - cpu)
    pairs = float(pool.size) * QUERIES
    return {
        "kmers": pool.size,
        "queries": QUERIES,
        "hits": hits,
        "prepare_seconds": round(ready, 1),
        "seconds_two_threads": round(timed[2][0], 1),
        "seconds_one_thread": round(timed[1][0], 1),
        "comparisons_per_cpu_second": pairs / timed[1][1],
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def recall() -> dict | None:
    """Share of planted 9-mers found, by mismatches: this search, blastp-short and mmseqs2 as far as they are there."""
    held = proteins()
    if not held:
        return None
    rng = np.random.default_rng(SEED + 2)
    alphabet = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
    background = [list(one) for one in (held[i] for i in rng.permutation(len(held))) if 100 < len(one) < 2000][:15000]
    queries = ["".join(rng.choice(alphabet, LENGTH)) for _ in range(PLANTED)]
    planted: dict[tuple[int, int], int] = {}
    places = iter(rng.permutation(len(background)))
    for number, query in enumerate(queries):
        for mismatches in range(MOST_MISMATCHES + 1):
            letters = list(query)
            for at in rng.choice(LENGTH, mismatches, replace=False):
                letters[at] = rng.choice(alphabet[alphabet != letters[at]])
            protein = int(next(places))
            background[protein][40 : 40 + LENGTH] = letters
            planted[number, mismatches] = protein
    sequences = ["".join(one) for one in background]
    report: dict = {"residues": sum(map(len, sequences))}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "q.fa").write_text("".join(f">{i}\n{one}\n" for i, one in enumerate(queries)))
        (folder / "db.fa").write_text("".join(f">{i}\n{one}\n" for i, one in enumerate(sequences)))
        for label, run in (("hepaxis", _own), ("blastp_short", _blast), ("mmseqs2", _mmseqs)):
            began = time.perf_counter()
            found = run(folder, queries, sequences)
            if found is None:
                report[label] = "not installed"
                continue
            seconds = time.perf_counter() - began
            by = [
                float(np.mean([(i, planted[i, m]) in found for i in range(PLANTED)]))
                for m in range(MOST_MISMATCHES + 1)
            ]
            report[label] = {"recall_by_mismatches": by, "seconds": round(seconds, 1)}
    return report


def _own(folder: Path, queries: list[str], sequences: list[str]) -> set[tuple[int, int]]:
    """Hits within the largest distance that the planted mismatches can have: recall is by construction."""
    from hepaxis.antigens.alphabet import encode
    from hepaxis.antigens.index import in_memory
    from hepaxis.antigens.proteomes import Protein
    from hepaxis.antigens.search import search
    from hepaxis.antigens.similarity import face

    one = in_memory("db", [Protein(str(i), "", text) for i, text in enumerate(sequences)])
    hits: set[tuple[int, int]] = set()
    for first in range(0, len(queries), FEW):  # a wide cut-off finds millions: a few queries at a time
        some = queries[first : first + FEW]
        faces = [face(query, "HLA-A*02:01") for query in some]
        widest = [
            max(float(f.distance(encode(s[40:49])[None])[0]) for s in _near(query, sequences))
            for f, query in zip(faces, some, strict=True)
        ]
        found = search([one.columns(LENGTH)], faces, widest, workers=2)
        which = np.searchsorted(one.starts, found.position, side="right") - 1
        hits |= set(zip((found.query + first).tolist(), which.tolist(), strict=True))
    return hits


def _near(query: str, sequences: list[str]) -> list[str]:
    """Sequences whose planted 9-mer is at most MOST_MISMATCHES from the query."""
    return [s for s in sequences if sum(a != b for a, b in zip(query, s[40:49], strict=True)) <= MOST_MISMATCHES]


def _blast(folder: Path, queries: list[str], sequences: list[str]) -> set[tuple[int, int]] | None:
    if not shutil.which("blastp"):
        return None
    subprocess.run(["makeblastdb", "-in", "db.fa", "-dbtype", "prot"], cwd=folder, check=True, capture_output=True)
    run = ["blastp", "-query", "q.fa", "-db", "db.fa", *BLAST, "-max_target_seqs", "5000", "-num_threads", "2"]
    made = subprocess.run([*run, "-outfmt", "6 qseqid sseqid"], cwd=folder, check=True, capture_output=True, text=True)
    return {(int(a), int(b)) for a, b in (line.split() for line in made.stdout.splitlines())}


def _mmseqs(folder: Path, queries: list[str], sequences: list[str]) -> set[tuple[int, int]] | None:
    if not shutil.which("mmseqs"):
        return None
    run = ["mmseqs", "easy-search", "q.fa", "db.fa", "hits.m8", "tmp", *MMSEQS, "--max-seqs", "5000", "--threads", "2"]
    subprocess.run([*run, "--format-output", "query,target"], cwd=folder, check=True, capture_output=True)
    lines = (folder / "hits.m8").read_text().splitlines()
    return {(int(a), int(b)) for a, b in (line.split() for line in lines)}


if __name__ == "__main__":
    if sys.argv[3] == "index":
        from hepaxis.antigens.index import build_index

        build_index(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        print(json.dumps(_search(Path(sys.argv[2]))))
