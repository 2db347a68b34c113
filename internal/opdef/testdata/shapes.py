"""Asks TensorFlow for the output shapes of random nodes, and whether it rejects them.

    python shapes.py [--count N] [--seed S] [--op OP] OUT

OUT is gzipped JSON, one node per line: op, attrs (serialized AttrValues in base64, defaults included), the shapes of the inputs
(null is unknown rank, -1 an unknown dimension), the values of the constant inputs, and TensorFlow's output shapes or its error.
The defaults write shapes.jsonl.gz, with which the tests of the package compare InferShapes.
"""
import argparse
import base64
import gzip
import json
import os
import random

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2, graph_pb2
from tensorflow.python.framework import op_def_registry, tensor_util, versions

R = random.Random()
FLOAT, INT, LONG, BOOL = (tf.float32.as_datatype_enum, tf.int32.as_datatype_enum, tf.int64.as_datatype_enum,
                          tf.bool.as_datatype_enum)


class In:
    """One input: a placeholder of a shape, or a constant."""

    def __init__(self, shape=None, dtype=FLOAT, value=None):
        self.shape, self.dtype, self.value = shape, dtype, value
        if value is not None:
            self.shape = list(np.array(value).shape)


def chance(p):
    return R.random() < p


def size():
    return R.choice([0, 1, 1, 2, 2, 3, 3, 4, 4, 6, 8])


def shape(rank=None):
    if rank is None:
        rank = R.choice([0, 1, 1, 2, 2, 3, 3, 4, 4, 5])
    return [size() for _ in range(rank)]


def blur(s):
    """Returns the shape, possibly with unknown or wrong dimensions."""
    if s is None:
        return None
    s = list(s)
    if chance(0.06):
        return None
    for i in range(len(s)):
        if chance(0.15):
            s[i] = -1
        elif chance(0.04):
            s[i] = size()
    if chance(0.04):
        s = s + [size()] if chance(0.5) else s[:-1]
    return s


def tensor(s, dtype=FLOAT):
    return In(blur(s), dtype)


def ints(v, dtype=None):
    """Integers, mostly constant."""
    v = np.array(v, dtype=np.int64)
    if chance(0.05) and v.ndim == 1:
        v = np.append(v, R.randrange(-3, 5))
    if v.size and chance(0.05):
        v = v.copy()
        v.flat[R.randrange(v.size)] = R.randrange(-6, 9)
    if dtype is None:
        dtype = R.choice([INT, INT, LONG])
    if chance(0.12):
        return In(blur(list(v.shape)), dtype)
    return In(dtype=dtype, value=v.tolist() if v.size else v)


def axis_of(rank):
    return R.randrange(-rank - 1, rank + 1) if chance(0.1) or rank == 0 else R.randrange(-rank, rank)


GENERATORS = {}


def op(*names):
    def wrap(f):
        for n in names:
            GENERATORS[n] = f
        return f
    return wrap


def like(s):
    """Returns a shape that usually broadcasts with s."""
    out = [1 if chance(0.25) else d for d in s]
    return out[R.randrange(len(out) + 1):] if chance(0.3) else out


@op("Relu", "Sigmoid", "Neg", "Softmax", "LogSoftmax", "ZerosLike", "StopGradient", "Identity", "LeakyRelu", "L2Loss", "Rank",
    "Shape", "Size", "Exit", "NextIteration", "Softplus", "Elu", "Snapshot", "RandomShuffle", "Where", "Abs",
    "Rsqrt", "LRN", "OnesLike", "FakeQuantWithMinMaxArgs")
def unary(name):
    return [tensor(shape())], {}


@op("CheckNumerics")
def check_numerics(name):
    return [tensor(shape())], {"message": "m"}


@op("Cast")
def cast(name):
    return [tensor(shape())], {"DstT": tf.int32}


@op("Enter")
def enter(name):
    return [tensor(shape())], {"frame_name": "f", "is_constant": chance(0.5)}


@op("LoopCond", "LogicalNot")
def loop_cond(name):
    return [tensor(shape(0) if chance(0.8) else shape(), BOOL)], {}


@op("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "SquaredDifference", "Less", "GreaterEqual", "Pow", "FloorMod", "ReluGrad",
    "SoftplusGrad", "SigmoidGrad", "TanhGrad", "ApproximateEqual", "DivNoNan", "Xlogy", "RsqrtGrad", "EluGrad", "LeakyReluGrad")
def binary(name):
    s = shape()
    return [tensor(like(s)), tensor(like(s) if chance(0.6) else s)], {}


@op("Equal", "NotEqual")
def equal(name):
    return binary(name)[0], {"incompatible_shape_error": chance(0.7)}


@op("LogicalAnd")
def logical(name):
    s = shape()
    return [tensor(like(s), BOOL), tensor(s, BOOL)], {}


@op("MatMul")
def matmul(name):
    m, k, n = size(), size(), size()
    ta, tb = chance(0.3), chance(0.3)
    return [tensor([k, m] if ta else [m, k]), tensor([n, k] if tb else [k, n])], {"transpose_a": ta, "transpose_b": tb}


@op("BatchMatMul", "BatchMatMulV2")
def batch_matmul(name):
    m, k, n = size(), size(), size()
    ta, tb = chance(0.3), chance(0.3)
    batch = shape(R.choice([0, 1, 2]))
    other = like(batch) if name == "BatchMatMulV2" else batch
    return [tensor(batch + ([k, m] if ta else [m, k])), tensor(other + ([n, k] if tb else [k, n]))], {"adj_x": ta, "adj_y": tb}


@op("Mean", "Sum", "Max")
def reduce(name):
    s = shape()
    rank = len(s)
    axes = axis_of(rank) if chance(0.3) else [axis_of(rank) for _ in range(R.randrange(rank + 1))]
    return [tensor(s), ints(axes)], {"keep_dims": chance(0.4)}


@op("All", "Any")
def reduce_bool(name):
    inputs, attrs = reduce(name)
    inputs[0].dtype = BOOL
    return inputs, attrs


@op("ArgMax", "ArgMin")
def arg(name):
    s = shape()
    return [tensor(s), ints(axis_of(len(s)))], {}


@op("TopKV2")
def topk(name):
    return [tensor(shape()), ints(R.randrange(0, 6), INT)], {}


@op("TopK")
def topk1(name):
    return [tensor(shape())], {"k": R.randrange(0, 6)}


@op("Select")
def select(name):
    s = shape()
    return [tensor(R.choice([s, [], s[:1]]), BOOL), tensor(s), tensor(s)], {}


@op("SelectV2")
def select2(name):
    s = shape()
    return [tensor(like(s), BOOL), tensor(like(s)), tensor(s)], {}


@op("Range")
def rng(name):
    a, b, d = R.randrange(-4, 9), R.randrange(-4, 30), R.choice([1, 1, 2, 3, -1, 0])
    t = R.choice([INT, LONG])
    return [ints(a, t), ints(b, t), ints(d, t)], {}


@op("LinSpace")
def linspace(name):
    return [In([]), tensor([]), ints(R.randrange(0, 5))], {}


@op("AddN")
def addn(name):
    s = shape()
    return [tensor(s) for _ in range(R.randrange(1, 4))], {}


@op("SegmentSum", "SegmentMax")
def segment(name):
    s = shape()
    return [tensor(s), tensor(s[:1], INT)], {}


def conv_attrs(name, rank):
    spatial = rank - 2
    formats = {4: ["NHWC", "NHWC", "NCHW"], 5: ["NDHWC", "NDHWC", "NCDHW"]}[rank]
    fmt = R.choice(formats)
    at = list(range(1, 1 + spatial)) if fmt.endswith("C") else list(range(2, 2 + spatial))
    strides, dilations = [1] * rank, [1] * rank
    for i in at:
        strides[i] = R.choice([1, 1, 2, 3])
        if chance(0.3):
            dilations[i] = R.choice([1, 2, 3])
    if chance(0.03):
        strides = strides[:-1]
    if chance(0.03):
        dilations = dilations + [1]
    padding = R.choice(["SAME", "VALID"])
    attrs = {"strides": strides, "data_format": fmt, "padding": padding}
    if "Grad" not in name and "Pool" not in name:
        attrs["dilations"] = dilations
    if rank == 4 and name in ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MaxPool") and chance(0.3):
        attrs["padding"] = "EXPLICIT"
        p = [0] * 8
        for i in at:
            p[2 * i], p[2 * i + 1] = R.randrange(3), R.randrange(3)
        if chance(0.05):
            p[R.randrange(8)] = R.randrange(-1, 2)
        attrs["explicit_paddings"] = p if chance(0.95) else p[:-1]
    return attrs, fmt, at


def image(batch, spatial, channels, fmt):
    return [batch] + spatial + [channels] if fmt.endswith("C") else [batch, channels] + spatial


@op("Conv2D", "Conv3D")
def conv(name):
    rank = 4 if name == "Conv2D" else 5
    attrs, fmt, _ = conv_attrs(name, rank)
    ch, groups = R.choice([1, 2, 3, 4]), R.choice([1, 1, 1, 2])
    space = [R.choice([1, 3, 5, 8, 16]) for _ in range(rank - 2)]
    kernel = [R.choice([1, 2, 3, 3, 5]) for _ in range(rank - 2)]
    out = R.choice([2, 4, 6, 3])
    return [tensor(image(size(), space, ch * groups, fmt)), tensor(kernel + [ch, out])], attrs


@op("DepthwiseConv2dNative")
def depthwise(name):
    attrs, fmt, _ = conv_attrs(name, 4)
    ch = size()
    return [tensor(image(size(), [R.choice([1, 5, 8]), R.choice([3, 8])], ch, fmt)), tensor([R.choice([1, 3]), 3, ch, size()])], attrs


@op("Conv2DBackpropInput")
def conv_back(name):
    attrs, fmt, _ = conv_attrs(name, 4)
    n, h, w, cin, cout = size(), size(), size(), size(), size()
    sizes = image(n, [h, w], cin, fmt) if chance(0.8) else [h, w]
    sizes = [-1 if chance(0.05) else d for d in sizes]
    return [ints(sizes, INT), tensor([3, 3, cin, cout]), tensor(image(n, [h, w], cout, fmt))], attrs


@op("Conv2DBackpropFilter")
def conv_back_filter(name):
    attrs, fmt, _ = conv_attrs(name, 4)
    attrs["padding"], attrs["explicit_paddings"] = "SAME", []
    return [tensor([2, 8, 8, 3]), ints(shape(4), INT), tensor([2, 8, 8, 4])], attrs


@op("DepthwiseConv2dNativeBackpropInput")
def depth_back(name):
    return [ints(shape(4), INT), tensor([3, 3, 2, 2]), tensor([2, 8, 8, 4])], {"strides": [1, 1, 1, 1], "padding": "SAME"}


@op("AvgPoolGrad")
def avg_grad(name):
    return [ints(shape(4), INT), tensor(shape(4))], {"strides": [1, 2, 2, 1], "ksize": [1, 2, 2, 1], "padding": "SAME"}


@op("MaxPoolGrad")
def max_grad(name):
    return [tensor(shape(4)), tensor(shape(4)), tensor(shape(4))], {"strides": [1, 2, 2, 1], "ksize": [1, 2, 2, 1], "padding": "SAME"}


@op("Conv3DBackpropInputV2")
def conv3_back(name):
    return [ints(shape(5), INT), tensor([3, 3, 3, 2, 2]), tensor([2, 8, 8, 8, 2])], {"strides": [1] * 5, "padding": "SAME"}


@op("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolWithArgmax")
def pool(name):
    rank = 5 if "3D" in name else 4
    attrs, fmt, at = conv_attrs(name, rank)
    if name == "MaxPoolWithArgmax":
        attrs.pop("data_format")
        fmt = "NHWC"
    ksize = [1] * rank
    for i in at:
        ksize[i] = R.choice([1, 2, 3])
    if chance(0.04):
        ksize[R.randrange(rank)] = 2
    attrs["ksize"] = ksize
    return [tensor(image(size(), [R.choice([1, 2, 5, 8]) for _ in range(rank - 2)], size(), fmt))], attrs


@op("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def norm(name):
    fmt = R.choice(["NHWC", "NCHW"] + (["NDHWC", "NCDHW"] if name.endswith("V3") else []))
    ch = size()
    s = image(size(), shape(len(fmt) - 2), ch, fmt)
    training = chance(0.4)
    rest = [0] if training and chance(0.6) else [ch]
    return [tensor(s), tensor([ch]), tensor([ch]), tensor(rest), tensor(rest)], {"data_format": fmt, "is_training": training}


@op("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
def norm_grad(name):
    fmt = R.choice(["NHWC", "NCHW"] + (["NDHWC", "NCDHW"] if name.endswith("V3") else []))
    ch = size()
    s = image(size(), shape(len(fmt) - 2), ch, fmt)
    inputs = [tensor(s), tensor(s), tensor([ch]), tensor([ch]), tensor([ch])]
    if name.endswith("V3"):
        inputs.append(tensor([ch]))
    return inputs, {"data_format": fmt, "is_training": chance(0.5)}


@op("BiasAdd")
def bias(name):
    s = shape(R.choice([1, 2, 3, 4, 5]))
    fmt = R.choice(["NHWC", "NHWC", "NCHW"])
    at = -1 if fmt == "NHWC" or len(s) < 2 else 1
    return [tensor(s), tensor([s[at]])], {"data_format": fmt}


@op("BiasAddV1")
def bias1(name):
    s = shape(R.choice([1, 2, 3, 4]))
    return [tensor(s), tensor(s[-1:])], {}


@op("BiasAddGrad")
def bias_grad(name):
    return [tensor(shape())], {"data_format": R.choice(["NHWC", "NCHW"])}


@op("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")
def resize(name):
    return [tensor(shape(4)), ints([size(), size()], INT)], {}


@op("CropAndResize")
def crop(name):
    n = size()
    return [tensor(shape(4)), tensor([n, 4]), tensor([n], INT), ints([size() + 1, size() + 1], INT)], {}


@op("DepthToSpace", "SpaceToDepth")
def depth_space(name):
    b = R.choice([2, 2, 3])
    s = [size(), b * size(), b * size(), b * b * size()]
    fmt = R.choice(["NHWC", "NCHW"])
    if fmt == "NCHW":
        s = [s[0], s[3], s[1], s[2]]
    return [tensor(s)], {"block_size": b, "data_format": fmt}


@op("SoftmaxCrossEntropyWithLogits")
def xent(name):
    s = shape(2)
    return [tensor(s), tensor(like(s) if chance(0.3) else s)], {}


@op("SparseSoftmaxCrossEntropyWithLogits")
def sparse_xent(name):
    s = shape(2)
    return [tensor(s), tensor(s[:1], INT)], {"Tlabels": tf.int32}


@op("InTopK")
def in_topk(name):
    s = shape(2)
    return [tensor(s), tensor(s[:1], INT)], {"k": 1}


@op("InTopKV2")
def in_topk2(name):
    s = shape(2)
    return [tensor(s), tensor(s[:1], INT), ints(1, INT)], {}


@op("Reshape")
def reshape(name):
    s = [max(1, d) if chance(0.8) else d for d in shape()]
    total = int(np.prod(s)) if s else 1
    target, rest = [], total
    for _ in range(R.randrange(4)):
        d = R.choice([x for x in range(1, 9) if rest and rest % x == 0] or [1])
        target.append(d)
        rest //= d
    target.append(rest)
    R.shuffle(target)
    if chance(0.5) and target:
        target[R.randrange(len(target))] = -1
    return [tensor(s), ints(target)], {}


@op("Concat", "ConcatV2")
def concat(name):
    s = shape()
    axis = axis_of(len(s))
    parts = []
    for _ in range(R.randrange(2, 5)):
        p = list(s)
        if -len(s) <= axis < len(s):
            p[axis] = size()
        parts.append(tensor(p))
    a = ints(axis, INT if name == "Concat" else None)
    return ([a] + parts if name == "Concat" else parts + [a]), {}


@op("Pack")
def pack(name):
    s = shape()
    return [tensor(s) for _ in range(R.randrange(1, 4))], {"axis": axis_of(len(s) + 1)}


@op("Unpack")
def unpack(name):
    s = shape(R.choice([0, 1, 2, 3]))
    axis = axis_of(len(s))
    return [tensor(s)], {"axis": axis, "num": s[axis] if -len(s) <= axis < len(s) else 2}


@op("Squeeze")
def squeeze(name):
    s = [1 if chance(0.4) else d for d in shape()]
    ones = [i for i, d in enumerate(s) if d == 1]
    dims = [] if chance(0.4) else R.sample(ones, R.randrange(len(ones) + 1))
    dims = [d - len(s) if chance(0.3) else d for d in dims]
    if chance(0.1):
        dims.append(axis_of(len(s)))
    return [tensor(s)], {"squeeze_dims": dims}


@op("ExpandDims")
def expand(name):
    s = shape()
    return [tensor(s), ints(axis_of(len(s) + 1)) if chance(0.8) else ints([axis_of(len(s) + 1)])], {}


@op("Transpose")
def transpose(name):
    s = shape()
    perm = list(range(len(s)))
    R.shuffle(perm)
    return [tensor(s), ints(perm)], {}


@op("InvertPermutation")
def invert(name):
    return [tensor(shape(R.choice([1, 1, 1, 2])), INT)], {}


@op("Gather")
def gather(name):
    return [tensor(shape()), tensor(shape(), INT)], {}


@op("GatherV2")
def gather2(name):
    s = shape(R.choice([0, 1, 2, 3, 4]))
    axis = axis_of(len(s))
    batch = R.choice([0, 0, 0, 1, 2, -1])
    i = shape(R.choice([0, 1, 2]))
    if batch > 0:
        i = s[:batch] + i
    return [tensor(s), tensor(i, INT), ints(axis)], {"batch_dims": batch}


@op("GatherNd")
def gathernd(name):
    s = shape()
    return [tensor(s), tensor(shape(R.choice([0, 1, 2])) + [R.randrange(len(s) + 1)], INT)], {}


def update_of(s):
    """Returns the shapes of indices for parts of a tensor of shape s, and of their updates."""
    depth = R.randrange(len(s) + 1)
    outer = shape(R.choice([0, 1, 1, 2]))
    return tensor(outer + [depth], INT), tensor(outer + s[depth:])


@op("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin", "ScatterNdNonAliasingAdd")
def tensor_scatter(name):
    s = shape()
    return [tensor(s), *update_of(s)], {}


@op("ScatterNd")
def scatter_nd(name):
    s = shape()
    return [*update_of(s), ints(s, INT)], {}


@op("OneHot")
def onehot(name):
    s = shape()
    return [tensor(s, INT), ints(size(), INT), In([]), In([])], {"axis": R.randrange(-2, len(s) + 2)}


@op("Tile")
def tile(name):
    s = shape()
    return [tensor(s), ints([R.choice([0, 1, 2, 3, -1]) if chance(0.1) else R.choice([1, 2, 3]) for _ in s])], {}


@op("Fill")
def fill(name):
    return [ints(shape()), tensor([])], {}


@op("RandomUniform", "TruncatedNormal")
def rand(name):
    return [ints(shape())], {"dtype": tf.float32}


@op("Split")
def split(name):
    s = shape()
    axis = axis_of(len(s))
    n = R.choice([1, 2, 2, 3])
    if -len(s) <= axis < len(s):
        s[axis] = n * size()
    return [ints(axis, INT), tensor(s)], {"num_split": n}


@op("SplitV")
def splitv(name):
    s = shape()
    axis = axis_of(len(s))
    sizes = [size() for _ in range(R.randrange(1, 4))]
    if -len(s) <= axis < len(s):
        s[axis] = sum(sizes)
    if chance(0.3):
        sizes[R.randrange(len(sizes))] = -1
    return [tensor(s), ints(sizes), ints(axis, INT)], {"num_split": len(sizes)}


@op("Pad", "PadV2", "MirrorPad")
def pad(name):
    s = shape()
    p = np.array([[R.randrange(3), R.randrange(3)] for _ in s]).reshape(len(s), 2)
    inputs = [tensor(s), ints(p)]
    if name == "PadV2":
        inputs.append(In([]))
    return inputs, {"mode": "REFLECT"} if name == "MirrorPad" else {}


@op("Slice")
def slice_(name):
    s = shape()
    begin = [R.randrange(d + 1) for d in s]
    sizes = [-1 if chance(0.4) else R.randrange(d - b + 1) for d, b in zip(s, begin)]
    t = R.choice([INT, LONG])
    return [tensor(s), ints(begin, t), ints(sizes, t)], {}


@op("StridedSlice")
def strided(name):
    s = shape()
    n = R.randrange(len(s) + 2) if chance(0.2) else R.randrange(len(s) + 1)
    t = R.choice([INT, LONG])
    begin = [R.randrange(-4, 5) for _ in range(n)]
    end = [R.randrange(-4, 9) for _ in range(n)]
    strides = [R.choice([1, 1, 1, 2, -1, 3, 0 if chance(0.1) else 1]) for _ in range(n)]

    def mask(p):
        return sum(1 << i for i in range(n) if chance(p))

    ellipsis = (1 << R.randrange(n)) if n and chance(0.3) else 0
    return [tensor(s), ints(begin, t), ints(end, t), ints(strides, t)], {
        "begin_mask": mask(0.3), "end_mask": mask(0.3), "ellipsis_mask": ellipsis, "new_axis_mask": mask(0.15),
        "shrink_axis_mask": mask(0.2)}


@op("EnsureShape", "PlaceholderWithDefault")
def ensure(name):
    s = shape()
    return [tensor(s)], {"shape": tf.TensorShape([None if d < 0 else d for d in (blur(s) or [])])}


@op("DynamicStitch")
def stitch(name):
    row = shape(R.choice([0, 1, 2]))
    n = R.choice([1, 2])
    indices = [shape(R.choice([0, 1])) for _ in range(n)]
    values = [ints(np.array([R.randrange(6) for _ in range(int(np.prod(i)))]).reshape(i), INT) for i in indices]
    return values + [tensor((v.shape or []) + row) for v in values], {}


@op("Merge")
def merge(name):
    s = shape()
    return [tensor(s) for _ in range(R.randrange(1, 4))], {}


@op("Switch")
def switch(name):
    return [tensor(shape()), tensor(shape(0) if chance(0.8) else shape(1), BOOL)], {}


@op("IdentityN", "ShapeN")
def identity_n(name):
    return [tensor(shape()) for _ in range(R.randrange(1, 4))], {}


def attr_value(v):
    a = attr_value_pb2.AttrValue()
    if isinstance(v, bool):
        a.b = v
    elif isinstance(v, int):
        a.i = v
    elif isinstance(v, str):
        a.s = v.encode()
    elif isinstance(v, tf.DType):
        a.type = v.as_datatype_enum
    elif isinstance(v, tf.TensorShape):
        a.shape.CopyFrom(v.as_proto())
    else:
        a.list.SetInParent()
        for element in v:
            if isinstance(element, tf.DType):
                a.list.type.append(element.as_datatype_enum)
            else:
                a.list.i.append(element)
    return a


STRING = tf.string.as_datatype_enum


@op("Save", "SaveSlices", "SaveV2")
def save(name):
    count = R.randrange(1, 4)
    vectors = [tensor([count], STRING) for _ in range(1 if name == "Save" else 2)]
    return [tensor([], STRING)] + vectors + [tensor(shape()) for _ in range(count)], {}


@op("Restore", "RestoreSlice")
def restore_one(name):
    return [tensor([], STRING) for _ in range(2 if name == "Restore" else 3)], {"dt": tf.float32}


@op("RestoreV2")
def restore(name):
    count = R.randrange(1, 4)
    return [tensor([], STRING), tensor([count], STRING), tensor([count], STRING)], {"dtypes": [tf.float32] * count}


@op("MergeV2Checkpoints")
def merge_checkpoints(name):
    return [tensor([R.randrange(4)], STRING), tensor([], STRING)], {}


@op("ShardedFilename", "ShardedFilespec")
def sharded(name):
    return [tensor([], STRING)] + [tensor([], INT) for _ in range(2 if name == "ShardedFilename" else 1)], {}


def set_types(node, definition, inputs):
    """Sets the attrs that follow from the inputs."""
    at = 0
    for arg in definition.input_arg:
        if arg.number_attr:
            alike = sum(a.number_attr == arg.number_attr for a in definition.input_arg)
            count = (len(inputs) - len(definition.input_arg) + alike) // alike
            node.attr[arg.number_attr].i = count
            if arg.type_attr:
                node.attr[arg.type_attr].type = inputs[at].dtype
        elif arg.type_list_attr:
            count = len(inputs) - at
            node.attr[arg.type_list_attr].list.type.extend(i.dtype for i in inputs[at:])
        else:
            count = 1
            if arg.type_attr:
                node.attr[arg.type_attr].type = inputs[at].dtype
        at += count


def ask(name):
    """One random node and TensorFlow's verdict."""
    inputs, attrs = GENERATORS[name](name)
    definition = op_def_registry.get(name)
    graph = graph_pb2.GraphDef()
    producer = R.choice([versions.GRAPH_DEF_VERSION] * 4 + [8 if name == "BatchMatMul" or definition.deprecation.version else 27, 20])
    graph.versions.producer = min(producer, definition.deprecation.version - 1) if definition.deprecation.version else producer
    for i, arg in enumerate(inputs):
        node = graph.node.add(name=f"in{i}", op="Placeholder" if arg.value is None else "Const")
        node.attr["dtype"].type = arg.dtype
        if arg.value is not None:
            dtype = tf.as_dtype(arg.dtype).as_numpy_dtype
            node.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(np.array(arg.value, dtype=dtype)))
            continue
        if arg.shape == [] and graph.versions.producer <= 21:
            arg.shape = None  # an empty shape means an unknown one in such graphs
        proto = node.attr["shape"].shape
        if arg.shape is None:
            proto.unknown_rank = True
        else:
            proto.CopyFrom(tf.TensorShape([None if d < 0 else d for d in arg.shape]).as_proto())
    node = graph.node.add(name="node", op=name, input=[f"in{i}" for i in range(len(inputs))])
    set_types(node, definition, inputs)
    for key, value in attrs.items():
        node.attr[key].CopyFrom(attr_value(value))
    for attr in definition.attr:
        if attr.name not in node.attr and attr.HasField("default_value"):
            node.attr[attr.name].CopyFrom(attr.default_value)
    numbers = [a.number_attr or a.type_list_attr for a in definition.output_arg]
    outputs = sum((len(node.attr[n].list.type) or node.attr[n].i) if n else 1 for n in numbers)
    case = {"op": name, "producer": graph.versions.producer, "outputs": outputs, "inputs": [i.shape for i in inputs],
            "values": {str(i): np.array(a.value).reshape(-1).tolist() for i, a in enumerate(inputs) if a.value is not None},
            "attrs": {k: base64.b64encode(v.SerializeToString()).decode() for k, v in sorted(node.attr.items())}}
    with tf.Graph().as_default() as g:
        try:
            tf.import_graph_def(graph, name="")
        except (ValueError, tf.errors.OpError) as e:
            case["error"] = str(e)
            return case
        outputs = g.get_operation_by_name("node").outputs
        try:
            case["shapes"] = [None if o.shape.rank is None else [-1 if d is None else d for d in o.shape.as_list()] for o in outputs]
        except ValueError:  # TensorFlow's own functions let some negative sizes pass; Python does not
            return ask(name)
    return case


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10, help="nodes of each op")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--op")
    parser.add_argument("out")
    args = parser.parse_args()
    R.seed(args.seed)
    with open(args.out, "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as out:
        for name in sorted(GENERATORS):
            if args.op and name != args.op:
                continue
            for _ in range(args.count):
                out.write((json.dumps(ask(name)) + "\n").encode())


if __name__ == "__main__":
    main()
