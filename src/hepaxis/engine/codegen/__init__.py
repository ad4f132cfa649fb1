"""A system as machine code: LLVM IR for kernels and stepper, compiled by llvmlite, kept on disk.

One SIMD lane carries one patient.  Arithmetic is strict IEEE with fused multiply-adds written out, so that the
optimiser may not reorder: quick and optimised code, and every lane width, give the same bits.
"""
