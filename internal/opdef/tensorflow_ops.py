"""Writes tensorflow_ops.binpb, the definitions of all ops that TensorFlow registers.

    python internal/opdef/tensorflow_ops.py

The file is an OpList (tensorflow/core/framework/op_def.proto) sorted by name, without the descriptions. The versions that
registered.go states are printed: keep the two together.
"""
import pathlib

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import versions


def main():
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    for op in ops.op:
        for described in [op, *op.input_arg, *op.output_arg, *op.attr]:
            described.ClearField("description")
        op.ClearField("summary")
    names = sorted(op.name for op in ops.op)
    by_name = {op.name: op for op in ops.op}
    assert len(by_name) == len(names)
    stripped = op_def_pb2.OpList(op=[by_name[name] for name in names])
    out = pathlib.Path(__file__).with_suffix(".binpb")
    out.write_bytes(stripped.SerializeToString(deterministic=True))
    print(f"{out.name}: {len(names)} ops of TensorFlow {tf.__version__}; GRAPH_DEF_VERSION {versions.GRAPH_DEF_VERSION}, "
          f"minimum producer {versions.GRAPH_DEF_VERSION_MIN_PRODUCER}")


if __name__ == "__main__":
    main()
