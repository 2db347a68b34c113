"""Writes pool.binpb: the descriptors of every message type that `import tensorflow` loads.

TensorFlow's text format spells an Any out when its type is among them, and writes type_url and value when it is not.

    python pool.py ../pool.binpb
"""

import sys

import tensorflow  # noqa: F401, it loads the types

from google.protobuf import descriptor_pb2
from tensorflow.core.protobuf import meta_graph_pb2  # noqa: F401
from tensorflow.core.protobuf import saved_model_pb2  # noqa: F401


def main(out):
    files = {}

    def add(file):
        if file.name not in files:
            for dependency in file.dependencies:
                add(dependency)
            files[file.name] = file.serialized_pb

    for module in list(sys.modules.values()):
        descriptor = getattr(module, "DESCRIPTOR", None)
        if type(descriptor).__name__ == "FileDescriptor":
            add(descriptor)
    pool = descriptor_pb2.FileDescriptorSet()
    for name in sorted(files):
        file = pool.file.add()
        file.ParseFromString(files[name])
        file.ClearField("service")
        for option in ("java_package", "java_outer_classname", "go_package"):
            file.options.ClearField(option)
    with open(out, "wb") as f:
        f.write(pool.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(sys.argv[1])
