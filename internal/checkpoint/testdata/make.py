"""Creates the checkpoints in this directory with TensorFlow 2.21, and for each one the values that TensorFlow reads from it.

    python make.py [DIRECTORY]

NAME.json lists the tensors of the checkpoint NAME: dtype, shape, and the little-endian values as hexadecimal digits. Strings are
listed one by one. Every run writes the same bytes.
"""
import glob
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

DTYPES = {
    "bfloat16": (tf.bfloat16, [1, 2, 3]), "bool": (tf.bool, [True, False]), "complex128": (tf.complex128, [1e200 - 2j]),
    "complex64": (tf.complex64, [1 + 2j, -1j]), "double": (tf.float64, [1e300, -1e-300]), "empty": (tf.float32, np.zeros([0, 5])),
    "half": (tf.float16, [1, -2, 0.5]), "int16": (tf.int16, [-300, 300]), "int32": (tf.int32, [[-1], [2**31 - 1]]),
    "int64": (tf.int64, [2**40, -1]), "int8": (tf.int8, [1, -2]), "matrix": (tf.float32, np.arange(12).reshape(3, 4)),
    "scalar": (tf.float32, 3.5), "string": (tf.string, [[b"abc", b""], [b"\xff\x00zz", b"a" * 300]]),
    "uint16": (tf.uint16, [65000]), "uint8": (tf.uint8, [250, 3]), "\u00fcn\u00efcode/\u03b2": (tf.float32, [1, 2]),
}
# Slices of a (6, 8) table: one row over all columns, and the rest in four parts of different widths.
GRID = ["6 8 0,1:-", "6 8 1,3:0,3", "6 8 1,3:3,5", "6 8 4,2:0,6", "6 8 4,2:6,2"]


def tensor(dtype, value):
    return tf.constant(np.array(value, dtype=dtype.as_numpy_dtype), dtype)


def parts(whole):
    """Returns the slices of a table at GRID."""
    return [whole[:1], whole[1:4, :3], whole[1:4, 3:], whole[4:, :6], whole[4:, 6:]]


def save(prefix, tensors, v1=False):
    """Saves a list of (name, slice, tensor)."""
    names, slices, values = zip(*tensors)
    if v1:
        tf.raw_ops.SaveSlices(filename=prefix, tensor_names=names, shapes_and_slices=slices, data=values)
    else:
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=values)


def dtypes(without=()):
    return [(n, "", tensor(d, v)) for n, (d, v) in sorted(DTYPES.items()) if n not in without]


TABLES = {"table": np.arange(48, dtype=np.float32).reshape(6, 8), "numbers": -np.arange(48, dtype=np.int64).reshape(6, 8)}
SAVED = {**{n: tensor(d, v).numpy() for n, (d, v) in DTYPES.items()}, **TABLES, "whole": np.array([[1, 2], [3, 4]], np.float32)}


def sliced():
    return [(name, s, tf.constant(p)) for name, whole in TABLES.items()
            for s, p in zip(GRID, parts(whole))] + [("whole", "2 2 0,2:-", tf.constant(SAVED["whole"]))]


def expect(name, pattern=None, saved=()):
    """Writes the values that TensorFlow reads from a checkpoint. For those that it cannot read, writes the saved values."""
    reader = tf.train.load_checkpoint(pattern or name)
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    listed = []
    for key in sorted(shapes, key=lambda k: k.encode()):
        try:
            value = reader.get_tensor(key)
        except tf.errors.UnimplementedError:  # in the first format some dtypes, and tensors in slices
            value = saved[key]
        entry = {"name": key, "dtype": types[key].as_datatype_enum, "shape": shapes[key]}
        if types[key] == tf.string:
            entry["strings"] = [s.hex() for s in np.ravel(np.asarray(value, dtype=object))]
        else:
            entry["values"] = np.asarray(value).tobytes().hex()
        listed.append(entry)
    with open(name + ".json", "w", encoding="utf-8") as f:
        json.dump(listed, f, indent=1)
        f.write("\n")


def main(directory):
    os.chdir(directory)
    for old in glob.glob("*"):
        if old != os.path.basename(__file__) and os.path.isfile(old):
            os.remove(old)
    save("bundle", dtypes())
    expect("bundle")
    save("sliced", sliced())
    expect("sliced")
    some = sliced()
    save("part-0", some[::2] + dtypes()[:3])
    save("part-1", some[1::2] + dtypes()[3:])
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=["part-0", "part-1"], destination_prefix="sharded", delete_old_dirs=False)
    expect("sharded")
    first = dtypes(without=("bfloat16", "uint16"))
    save("first", first, v1=True)
    expect("first", saved=SAVED)
    save("first-sliced", sliced(), v1=True)
    expect("first-sliced", saved=SAVED)
    save("first-sharded-00000-of-00002", some[::2] + first[:4], v1=True)
    save("first-sharded-00001-of-00002", some[1::2] + first[4:], v1=True)
    expect("first-sharded", "first-sharded-?????-of-?????", SAVED)
    tf.random.set_seed(1)
    root = tf.train.Checkpoint(step=tf.Variable(3, dtype=tf.int64), layers=[tf.Variable([[1., 2.]]), tf.Variable([3.])],
                               names=tf.Variable([b"x", b"yy"], dtype=tf.string))
    root.write("objects")
    expect("objects")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
