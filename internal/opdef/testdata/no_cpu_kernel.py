"""Writes no_cpu_kernel.txt: the ops that TensorFlow registers without a kernel for CPUs, one per line.

    python internal/opdef/testdata/no_cpu_kernel.py
"""
import pathlib

import tensorflow  # noqa: F401, registers the kernels
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import kernels

# Rewritten before the graph runs: AccumulateNV2 by an optimizer that TensorFlow always runs.
REWRITTEN = {"AccumulateNV2"}


def main():
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    able = {k.op for k in kernels.get_all_registered_kernels().kernel if k.device_type in ("CPU", "DEFAULT")}
    names = sorted({op.name for op in ops.op} - able - REWRITTEN)
    out = pathlib.Path(__file__).parent.parent / "no_cpu_kernel.txt"
    out.write_text("".join(name + "\n" for name in names))
    print(f"{out.name}: {len(names)} of {len(ops.op)} ops")


if __name__ == "__main__":
    main()
