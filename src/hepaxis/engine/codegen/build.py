"""From a system to a function that can be called: IR, optimisation, object code, linking."""

from __future__ import annotations

import ctypes
import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite.binding import orcjit

from ..kept import source_digest
from ..system import System
from . import cache, irtext, vecmath
from .kernels import build_kernels
from .stepper import build_stepper
from .table import Layout

# Environment variable that forces the number of lanes (1, 2, 4 or 8).
LANES_ENVIRONMENT = "HEPAXIS_ENGINE_LANES"
QUICK, FULL = "quick", "full"


@dataclass(frozen=True)
class Code:
    """Linked code of one system.  ``holder`` keeps the memory of the code alive."""

    run: Any
    lanes: int
    layout: Layout
    entries: tuple[tuple[int, int], ...]
    level: str
    from_cache: bool
    holder: object


@lru_cache(maxsize=1)
def _ready() -> None:
    # llvmlite from 0.45 on initialises LLVM's core itself and refuses the call.
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    # Blocks of ten thousand instructions: a quarter of the time of code generation, and the code runs no faster.
    llvm.set_option("hepaxis", "-enable-misched=false")


@lru_cache(maxsize=1)
def _host() -> tuple[str, str]:
    _ready()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def natural_lanes() -> int:
    """Doubles in the widest vector of this machine: 8, 4 or 2."""
    forced = os.environ.get(LANES_ENVIRONMENT)
    if forced:
        if forced not in ("1", "2", "4", "8"):
            raise ValueError(f"{LANES_ENVIRONMENT} is {forced!r}; known are 1, 2, 4, 8")
        return int(forced)
    features = _host()[1].split(",")
    return 8 if "+avx512f" in features else 4 if "+avx2" in features else 2


def _key(system: System, lanes: int, level: str) -> str:
    parts = [system.hash, str(lanes), level, *_host(), str(llvm.llvm_version_info), source_digest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def compile_system(system: System, lanes: int, level: str, *, only_cached: bool = False) -> Code | None:
    """Code for a system, from the cache where it holds any; None where ``only_cached`` finds none."""
    key = _key(system, lanes, level)
    found = cache.read(key)
    if found is None:
        if only_cached:
            return None
        text, header = write_ir(system, lanes)
        code = _object_code(text, level)
        cache.write(key, header, code)
    else:
        header, code = found
    layout = Layout(header["offsets"], header["size"])
    entries = tuple((i, j) for i, j in header["entries"])
    function, holder = _link(code, key)
    return Code(function, lanes, layout, entries, level, found is not None, holder)


def write_ir(system: System, lanes: int) -> tuple[str, dict[str, Any]]:
    """The module's text and what the caller must know of it."""
    kernels = build_kernels(system, lanes)
    stepper, layout = build_stepper(kernels)
    cpu, features = _host()
    declared = irtext.declarations(lanes) + "".join(f"declare double @{x}(double)\n" for x in sorted(kernels.libm))
    attributes = (
        f'attributes #0 = {{ nounwind "target-cpu"="{cpu}" "target-features"="{features}" '
        '"prefer-vector-width"="512" "min-legal-vector-width"="512" }\n'
    )
    text = declared + vecmath.functions(lanes) + "".join(kernels.parts) + stepper + attributes
    return text, {"offsets": layout.offsets, "size": layout.size, "entries": kernels.entry_slots}


def _machine(level: str) -> llvm.TargetMachine:
    cpu, features = _host()
    target = llvm.Target.from_default_triple()
    opt = 0 if level == QUICK else 2
    return target.create_target_machine(cpu=cpu, features=features, opt=opt, reloc="pic", codemodel="small")


def _object_code(text: str, level: str) -> bytes:
    _ready()
    machine = _machine(level)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    if level == FULL:
        # The text is free of common subexpressions already: the light passes do all there is to do.
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        options.loop_vectorization = False
        options.slp_vectorization = False
        options.loop_unrolling = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def _link(code: bytes, key: str) -> tuple[Any, object]:
    _ready()
    jit = llvm.create_lljit_compiler(_machine(QUICK))
    library = orcjit.JITLibraryBuilder().add_object_img(code).add_current_process().export_symbol("run")
    tracker = library.link(jit, f"engine_{key[:16]}")
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(tracker["run"]), (jit, tracker)
