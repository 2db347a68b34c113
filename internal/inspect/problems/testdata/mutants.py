"""Writes mutants.tar.gz: graphs with one defect each, and TensorFlow's verdict on them.

    python internal/inspect/problems/testdata/mutants.py

Each member except the last is a MetaGraphDef that one of the mutations below made from a file in testdata/. The last,
verdicts.tsv, has a line for each: member, "ok" or "refused", and the message of TensorFlow 2.21. The test expects problems of
severity error for the refused graphs and for no others. The name of a member seeds its random choices.
"""
import gzip
import io
import os
import pathlib
import random
import tarfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import tensorflow as tf  # noqa: E402
from tensorflow.core.framework import graph_pb2, types_pb2, variable_pb2  # noqa: E402
from tensorflow.core.protobuf import control_flow_pb2, meta_graph_pb2, queue_runner_pb2, saver_pb2, saved_model_pb2  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TESTDATA = HERE.parents[3] / "testdata"
BASES = ["queues.meta", "collections.meta", "functions.meta", "saved_model/saved_model.pb", "loop.meta"]
PER_MUTATION = 2  # bases for each mutation: the first that it can be applied to

MUTATIONS = {}


class DoesNotApply(Exception):
    """The base has nothing that the mutation could change."""


def mutation(f):
    MUTATIONS[f.__name__] = f
    return f


def pick(r, things):
    things = list(things)
    if not things:
        raise DoesNotApply
    return r.choice(things)


def functions(m):
    if not m.graph_def.library.function:
        raise DoesNotApply
    return m.graph_def.library.function


def readers(m):
    return [(n, i) for n in m.graph_def.node for i, x in enumerate(n.input) if not x.startswith("^")]


def typed(m):
    return [(n, k) for n in m.graph_def.node for k in ("T", "dtype") if k in n.attr]


def entry(m, r, keys, proto, change):
    """Changes one serialized proto in one of the collections."""
    values = m.collection_def[pick(r, [k for k in sorted(m.collection_def) if k in keys and m.collection_def[k].bytes_list.value])].bytes_list.value
    i = r.randrange(len(values))
    message = proto.FromString(values[i])
    change(message, r)
    values[i] = message.SerializeToString(deterministic=True)


# --- nodes and their inputs --------------------------------------------------------------------------------------------


@mutation
def drop_node(m, r):
    read = {x.lstrip("^").split(":")[0] for n in m.graph_def.node for x in n.input}
    m.graph_def.node.remove(pick(r, [n for n in m.graph_def.node if n.name in read]))


@mutation
def rename_node(m, r):
    pick(r, m.graph_def.node).name += "_renamed"


@mutation
def duplicate_node(m, r):
    m.graph_def.node.add().CopyFrom(pick(r, m.graph_def.node))


@mutation
def shuffled_nodes(m, r):
    nodes = list(m.graph_def.node)
    r.shuffle(nodes)
    copies = graph_pb2.GraphDef(node=nodes)
    del m.graph_def.node[:]
    m.graph_def.node.extend(copies.node)


@mutation
def no_nodes(m, r):
    del m.graph_def.node[:]


for name, text in {"space": "a b", "underscore": "_x", "slash_end": "x/", "slashes": "x//y", "colon": "x:0", "empty": "", "dash": "-x", "dot": ".x",
                   "arrow": "x>y", "arrow_first": ">x", "arrow_last": "x>", "arrow_dash": "x>-y", "caret": "^x", "umlaut": "x\u00e4",
                   "backslash": "a\\b", "digit": "9", "plus": "a+b", "slash_first": "/x", "at": "a@b"}.items():
    MUTATIONS["name_" + name] = lambda m, r, text=text: m.graph_def.node.add(name=text, op="NoOp")

for name, op in {"empty": "", "custom": "FarthestPointSample", "function": "__inference_f_12", "removed": "TextLineReader"}.items():
    MUTATIONS["op_" + name] = lambda m, r, op=op: m.graph_def.node.add(name="added", op=op)


@mutation
def op_deprecated(m, r):
    m.graph_def.versions.producer = 25
    m.graph_def.node.add(name="added", op="TextLineReader")


for name, suffix in {"letters": ":abc", "negative": ":-1", "twice": ":0:1", "space": ": 0", "none": ":", "zero": ":0", "zeros": ":00",
                     "many": ":77"}.items():
    def port(m, r, suffix=suffix):
        n, i = pick(r, [(n, i) for n, i in readers(m) if ":" not in n.input[i]])
        n.input[i] += suffix
    MUTATIONS["port_" + name] = port

for name, text in {"empty": "", "missing": "^nowhere", "control_port": "^{}:0", "double_caret": "^^{}"}.items():
    MUTATIONS["input_" + name] = lambda m, r, text=text: m.graph_def.node[-1].input.append(text.format(m.graph_def.node[0].name))


@mutation
def control_first(m, r):
    pick(r, readers(m))[0].input.insert(0, "^" + m.graph_def.node[0].name)


@mutation
def control_twice(m, r):
    m.graph_def.node[-1].input.extend(["^" + m.graph_def.node[0].name] * 2)


@mutation
def reads_itself(m, r):
    n, i = pick(r, readers(m))
    n.input[i] = n.name


@mutation
def controls_itself(m, r):
    n = pick(r, m.graph_def.node)
    n.input.append("^" + n.name)


@mutation
def circle_of_two(m, r):
    n, i = pick(r, readers(m))
    source = n.input[i].split(":")[0]
    next(x for x in m.graph_def.node if x.name == source).input.append("^" + n.name)


@mutation
def extra_input(m, r):
    n, i = pick(r, readers(m))
    n.input.insert(0, n.input[i])


@mutation
def lost_input(m, r):
    n, i = pick(r, readers(m))
    del n.input[i]


@mutation
def next_iteration_lost(m, r):
    pick(r, [n for n in m.graph_def.node if n.op == "NextIteration"]).op = "Identity"


@mutation
def merge_without_loop(m, r):
    n = pick(r, [n for n in m.graph_def.node if n.op == "Merge"])
    del n.input[1]
    n.attr["N"].i = 1


# --- attrs -------------------------------------------------------------------------------------------------------------


for name, dtype in {"other": None, "invalid": 99, "zero": 0, "reference": 101}.items():
    def type_attr(m, r, dtype=dtype):
        n, k = pick(r, typed(m))
        n.attr[k].type = dtype if dtype is not None else (types_pb2.DT_INT32 if n.attr[k].type != types_pb2.DT_INT32 else types_pb2.DT_FLOAT)
    MUTATIONS["type_" + name] = type_attr


@mutation
def attr_lost(m, r):
    n, k = pick(r, [(n, k) for n in m.graph_def.node for k in ("T", "dtype", "value", "N") if k in n.attr])
    del n.attr[k]


@mutation
def attr_without_value(m, r):
    n, k = pick(r, typed(m))
    n.attr[k].Clear()


@mutation
def attr_of_other_kind(m, r):
    n, k = pick(r, typed(m))
    n.attr[k].f = 1.5


@mutation
def attr_is_list(m, r):
    n, k = pick(r, typed(m))
    n.attr[k].list.i.append(3)


@mutation
def attr_unknown(m, r):
    pick(r, m.graph_def.node).attr["added"].i = 1


@mutation
def attr_internal(m, r):
    pick(r, m.graph_def.node).attr["_added"].i = 1


@mutation
def attr_below_minimum(m, r):
    pick(r, [n for n in m.graph_def.node if n.op in ("Pack", "AddN", "ConcatV2", "Merge")]).attr["N"].i = 0


@mutation
def attr_number(m, r):
    pick(r, [n for n in m.graph_def.node if "N" in n.attr]).attr["N"].i += 1


for name, value in {"missing": b"loc:@nowhere", "plain": b"nowhere", "port": b"loc:@a:0", "empty": b"loc:@"}.items():
    MUTATIONS["class_" + name] = lambda m, r, value=value: pick(r, m.graph_def.node).attr["_class"].list.s.append(value)


@mutation
def class_string(m, r):
    n = pick(r, m.graph_def.node)
    n.attr["_class"].Clear()
    n.attr["_class"].s = b"loc:@nowhere"


@mutation
def shapes_too_few(m, r):
    n = pick(r, [n for n in m.graph_def.node if n.op in ("Const", "Identity", "Placeholder")])
    n.attr["_output_shapes"].list.SetInParent()
    del n.attr["_output_shapes"].list.shape[:]


@mutation
def shapes_too_many(m, r):
    n = pick(r, [n for n in m.graph_def.node if n.op in ("Const", "Placeholder", "NoOp")])
    n.attr["_output_shapes"].list.shape.add().unknown_rank = True
    n.attr["_output_shapes"].list.shape.add().unknown_rank = True


def record(node, *dims):
    node.attr["_output_shapes"].Clear()
    shape = node.attr["_output_shapes"].list.shape.add()
    for d in dims:
        shape.dim.add(size=d)


@mutation
def shapes_of_constant(m, r):
    record(pick(r, [n for n in m.graph_def.node if n.op == "Const"]), 12345)


@mutation
def shapes_of_handle(m, r):
    record(pick(r, [n for n in m.graph_def.node if n.op == "VarHandleOp"]), 12345)


@mutation
def shapes_of_identity(m, r):
    n = pick(r, [n for n in m.graph_def.node if n.op in ("Const", "Placeholder") and "_output_shapes" in n.attr])
    added = m.graph_def.node.add(name="added", op="Identity", input=[n.name])
    added.attr["T"].type = n.attr["dtype"].type
    record(added, 5, 4, 3, 2, 12345)


# --- constants ---------------------------------------------------------------------------------------------------------


def constants(m, content=False):
    return [n.attr["value"].tensor for n in m.graph_def.node if n.op == "Const" and (n.attr["value"].tensor.tensor_content or not content)]


@mutation
def constant_cut(m, r):
    t = pick(r, constants(m, content=True))
    t.tensor_content = t.tensor_content[:-1]


@mutation
def constant_long(m, r):
    pick(r, constants(m, content=True)).tensor_content += b"12345678"


@mutation
def constant_of_other_type(m, r):
    t = pick(r, constants(m))
    t.dtype = types_pb2.DT_INT64 if t.dtype != types_pb2.DT_INT64 else types_pb2.DT_FLOAT


@mutation
def constant_of_no_type(m, r):
    pick(r, constants(m)).dtype = 0


@mutation
def constant_of_unknown_size(m, r):
    pick(r, constants(m)).tensor_shape.dim.add(size=-1)


@mutation
def constant_huge(m, r):
    dims = pick(r, constants(m)).tensor_shape.dim
    dims.add(size=1 << 40)
    dims.add(size=1 << 40)


# --- collections -------------------------------------------------------------------------------------------------------


for name, text in {"missing_operation": "nowhere", "missing_tensor": "nowhere:0", "two_colons": "{op}:0:1", "letters": "{op}:x", "many": "{op}:99",
                   "empty": "", "negative": "{op}:-1", "control": "^{op}", "space": "{op}: 0", "underscore": "{op}:0_0", "operation": "{op}",
                   "tensor": "{op}:0"}.items():
    def in_collection(m, r, text=text):
        op = pick(r, [n.name for n in m.graph_def.node if n.op in ("Const", "Placeholder", "VarHandleOp")])
        m.collection_def["added"].node_list.value.append(text.format(op=op))
    MUTATIONS["collection_" + name] = in_collection


@mutation
def collection_of_no_kind(m, r):
    m.collection_def["added"].SetInParent()


@mutation
def collection_unbound(m, r):
    m.collection_def["unbound_inputs"].bytes_list.value.append(b"x:0")


@mutation
def collection_unbound_empty(m, r):
    m.collection_def["unbound_inputs"].bytes_list.SetInParent()


for key in ("variables", "queue_runners", "savers", "cond_context", "while_context"):
    MUTATIONS["garbage_in_" + key] = lambda m, r, key=key: m.collection_def[key].bytes_list.value.append(b"\xff\xff\xff")
MUTATIONS["no_text_in_cond_context"] = lambda m, r: m.collection_def["cond_context"].bytes_list.value.append(b"\x0a\x01\xff")
for key in ("variables", "local_variables"):
    MUTATIONS["nodes_in_" + key] = lambda m, r, key=key: m.collection_def[key].node_list.value.append(m.graph_def.node[0].name)
    MUTATIONS["numbers_in_" + key] = lambda m, r, key=key: m.collection_def[key].int64_list.value.append(3)

VARIABLES = ("variables", "trainable_variables")
for field in ("variable_name", "initializer_name", "snapshot_name", "initial_value_name"):
    for name, text in {"missing": "nowhere:0", "empty": "", "port": "{}:9"}.items():
        def variable(m, r, field=field, text=text):
            entry(m, r, VARIABLES, variable_pb2.VariableDef, lambda v, r: setattr(v, field, text.format(getattr(v, field).split(":")[0])))
        MUTATIONS[f"variable_{field}_{name}"] = variable
MUTATIONS["variable_slice"] = lambda m, r: entry(m, r, VARIABLES, variable_pb2.VariableDef, lambda v, r: setattr(v.save_slice_info_def, "full_name", "x"))
MUTATIONS["variable_synchronization"] = lambda m, r: entry(m, r, VARIABLES, variable_pb2.VariableDef, lambda v, r: setattr(v, "synchronization", 17))
MUTATIONS["variable_kind"] = lambda m, r: entry(m, r, VARIABLES, variable_pb2.VariableDef, lambda v, r: setattr(v, "is_resource", not v.is_resource))

for field in ("queue_name", "close_op_name", "cancel_op_name"):
    for name, text in {"missing": "nowhere", "empty": ""}.items():
        def queue(m, r, field=field, text=text):
            entry(m, r, ("queue_runners",), queue_runner_pb2.QueueRunnerDef, lambda v, r: setattr(v, field, text))
        MUTATIONS[f"queue_{field}_{name}"] = queue
MUTATIONS["queue_enqueue_op_name_missing"] = lambda m, r: entry(m, r, ("queue_runners",), queue_runner_pb2.QueueRunnerDef,
                                                                lambda v, r: v.enqueue_op_name.append("nowhere"))
MUTATIONS["queue_error_code"] = lambda m, r: entry(m, r, ("queue_runners",), queue_runner_pb2.QueueRunnerDef,
                                                   lambda v, r: v.queue_closed_exception_types.append(99))

CONTEXTS = {
    "cond_context": (control_flow_pb2.CondContextDef, ("context_name", "pivot_name", "pred_name")),
    "while_context": (control_flow_pb2.WhileContextDef, ("context_name", "pivot_name", "pivot_for_pred_name", "pivot_for_body_name",
                                                         "maximum_iterations_name")),
}
for key, (proto, fields) in CONTEXTS.items():
    changes = {
        "values": lambda v, r: v.values_def.values.append("nowhere:0"),
        "values_port": lambda v, r: v.values_def.values.append(v.values_def.values[0].split(":")[0] + ":9"),
        "external_value": lambda v, r: v.values_def.external_values.__setitem__("zz", "nowhere:0"),
        "external_key": lambda v, r: v.values_def.external_values.__setitem__("nowhere:0", v.values_def.values[0]),
        "nested": lambda v, r: setattr(v.nested_contexts.add().cond_ctxt, "pred_name", "nowhere:0"),
        "nested_of_no_kind": lambda v, r: v.nested_contexts.add(),
    }
    for field in fields:
        changes[field + "_missing"] = lambda v, r, field=field: setattr(v, field, "nowhere:0")
        changes[field + "_empty"] = lambda v, r, field=field: setattr(v, field, "")
    if key == "while_context":
        changes["exit"] = lambda v, r: v.loop_exit_names.append("nowhere:0")
        changes["enter"] = lambda v, r: v.loop_enter_names.append("nowhere:0")
    for name, change in changes.items():
        MUTATIONS[f"{key}_{name}"] = lambda m, r, key=key, proto=proto, change=change: entry(m, r, (key,), proto, change)


# --- savers, signatures, assets ----------------------------------------------------------------------------------------


@mutation
def saver_lost(m, r):
    if not m.HasField("saver_def"):
        raise DoesNotApply
    m.ClearField("saver_def")


@mutation
def saver_empty(m, r):
    m.saver_def.SetInParent()


for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
    for name, text in {"empty": "", "missing": "nowhere:0"}.items():
        def saver(m, r, field=field, text=text):
            if not m.HasField("saver_def"):
                raise DoesNotApply
            setattr(m.saver_def, field, text)

        def savers(m, r, field=field, text=text):
            if not m.HasField("saver_def"):
                raise DoesNotApply
            copy = saver_pb2.SaverDef.FromString(m.saver_def.SerializeToString())
            setattr(copy, field, text)
            m.collection_def["savers"].bytes_list.value.append(copy.SerializeToString(deterministic=True))
        MUTATIONS[f"saver_{field}_{name}"] = saver
        MUTATIONS[f"savers_{field}_{name}"] = savers

MUTATIONS["signature_missing"] = lambda m, r: setattr(m.signature_def["added"].inputs["x"], "name", "nowhere:0")
MUTATIONS["asset_missing"] = lambda m, r: setattr(m.asset_file_def.add(filename="x").tensor_info, "name", "nowhere:0")


# --- functions ---------------------------------------------------------------------------------------------------------


@mutation
def function_lost(m, r):
    functions(m).remove(pick(r, functions(m)))


@mutation
def function_twice(m, r):
    functions(m).add().CopyFrom(pick(r, functions(m)))


@mutation
def function_named_like_op(m, r):
    m.graph_def.library.function.add().signature.name = "MatMul"


@mutation
def function_without_name(m, r):
    m.graph_def.library.function.add()


@mutation
def function_unused(m, r):
    m.graph_def.library.function.add().signature.name = "unused"


def called(m):
    """Returns the functions that the graph calls directly. They are instantiated during the import."""
    names = {n.attr["f"].func.name for n in m.graph_def.node if n.op in ("PartitionedCall", "StatefulPartitionedCall")}
    return [f for f in functions(m) if f.signature.name in names]


def uncalled(m):
    """Returns the functions that cannot be reached from the result of `called`: those in nodes with other ops."""
    return [f for f in functions(m) if "while" in f.signature.name or "cond" in f.signature.name]


for kind, choose in {"called": called, "uncalled": uncalled}.items():
    def body_input(m, r, choose=choose):
        n = pick(r, [n for f in choose(m) for n in f.node_def if any(not x.startswith("^") for x in n.input)])
        n.input[0] = "nowhere:output:0"

    def body_port(m, r, choose=choose):
        n = pick(r, [n for f in choose(m) for n in f.node_def if any(not x.startswith("^") for x in n.input)])
        n.input[0] = n.input[0].split(":")[0] + ":zz:0"

    def body_op(m, r, choose=choose):
        pick(r, [n for f in choose(m) for n in f.node_def]).op = "NoSuchOp"

    def body_return(m, r, choose=choose):
        f = pick(r, [f for f in choose(m) if f.ret])
        f.ret[pick(r, sorted(f.ret))] = "nowhere:y:0"

    def body_return_lost(m, r, choose=choose):
        f = pick(r, [f for f in choose(m) if f.ret])
        del f.ret[pick(r, sorted(f.ret))]
    for change in (body_input, body_port, body_op, body_return, body_return_lost):
        MUTATIONS[f"{kind}_{change.__name__}"] = change


@mutation
def function_attr_undefined(m, r):
    n = m.graph_def.node.add(name="added", op="StatefulPartitionedCall")
    n.attr["Tin"].list.SetInParent()
    n.attr["Tout"].list.SetInParent()
    n.attr["f"].func.name = "nowhere"


@mutation
def gradient_missing(m, r):
    functions(m)
    m.graph_def.library.gradient.add(function_name="nowhere", gradient_func="nowhere_grad")


@mutation
def gradient_circle(m, r):
    for f in functions(m):
        m.graph_def.library.gradient.add(function_name=f.signature.name, gradient_func=f.signature.name)


@mutation
def gradient_twice(m, r):
    names = [f.signature.name for f in functions(m)]
    if len(names) < 3:
        raise DoesNotApply
    m.graph_def.library.gradient.add(function_name=names[0], gradient_func=names[1])
    m.graph_def.library.gradient.add(function_name=names[0], gradient_func=names[2])


# --- versions and devices ----------------------------------------------------------------------------------------------


for number, text in enumerate(["0.12.head", "unknown", "1.0.0-rc2", "1.15.0-dev20190725", "v1.2", "2.4.0+nv20.12", " 1.2 ", "1.2.x", "", "1.12.0-rc2-3-ga6d8",
                               "TF2", "1!2.0", "1.0+a b", "1.0-1", "1.0alpha", "1..2", "1.0-", "1.3\n", "1.0.post1.dev2", "1.0rc1-dev", "1_0"]):
    MUTATIONS[f"version_{number}"] = lambda m, r, text=text: setattr(m.meta_info_def, "tensorflow_version", text)
for name, (field, value) in {"producer_new": ("producer", 99999), "consumer_new": ("min_consumer", 99999), "consumer_next": ("min_consumer", 2475),
                             "consumer_now": ("min_consumer", 2474), "producer_none": ("producer", 0), "producer_negative": ("producer", -1)}.items():
    MUTATIONS["graph_" + name] = lambda m, r, field=field, value=value: setattr(m.graph_def.versions, field, value)
MUTATIONS["graph_consumer_bad"] = lambda m, r: m.graph_def.versions.bad_consumers.append(2474)
MUTATIONS["graph_other_consumer_bad"] = lambda m, r: m.graph_def.versions.bad_consumers.append(100)

for number, text in enumerate(["/gpu:0", "/foo:0", "/job:ps/task:0", "gpu:0", "/gpu:0/cpu:0", "/device:GPU:x", "/device:TPU_SYSTEM:0", "/device:XLA_GPU:0",
                               "/job:*/replica:*/task:*/device:CPU:*", "/device:GPU:-1", "/device:GPU", "junk", "/device:FOO:3", "/task:x", "/job:",
                               "/foo:1:2", "/cpu", "//cpu:0", "/cpu:0 ", "/device:CPU:1_0", "/cpu:*", "/job:a:b"]):
    def device(m, r, text=text):
        # Nodes that are colocated with another get its device, whatever theirs says.
        pick(r, [n for n in m.graph_def.node if "_class" not in n.attr]).device = text
    MUTATIONS[f"device_{number}"] = device


@mutation
def device_colocated(m, r):
    n = pick(r, [n for n in m.graph_def.node if n.name != m.graph_def.node[0].name])
    n.attr["_class"].list.s[:] = [b"loc:@" + m.graph_def.node[0].name.encode()]
    n.device = "junk"


def body_mutation(change):
    """Registers a mutation of a body for a function that the import instantiates, and for one that it does not."""
    def mutate(m, r, among):
        f = pick(r, [f for f in among(m) if f.signature.input_arg and f.node_def])
        change(f, r)
    MUTATIONS["called_" + change.__name__] = lambda m, r: mutate(m, r, called)
    MUTATIONS["uncalled_" + change.__name__] = lambda m, r: mutate(m, r, uncalled)


def data_inputs(f):
    """The nodes that read an output of a node, and the numbers of these inputs."""
    return [(n, i) for n in f.node_def for i, x in enumerate(n.input) if ":" in x]


@body_mutation
def body_argument_type(f, r):
    pick(r, f.signature.input_arg).type = types_pb2.DT_HALF


@body_mutation
def body_result_type(f, r):
    pick(r, f.signature.output_arg).type = types_pb2.DT_HALF


@body_mutation
def body_argument_twice(f, r):
    f.signature.input_arg.add().CopyFrom(f.signature.input_arg[0])


@body_mutation
def body_node_type(f, r):
    pick(r, [n for n in f.node_def if "T" in n.attr and n.input]).attr["T"].type = types_pb2.DT_HALF


@body_mutation
def body_input_lost(f, r):
    n, i = pick(r, data_inputs(f))
    del n.input[i]


@body_mutation
def body_input_added(f, r):
    n, i = pick(r, data_inputs(f))
    n.input.insert(i, n.input[i])


@body_mutation
def body_control_first(f, r):
    pick(r, data_inputs(f))[0].input.insert(0, "^" + f.node_def[0].name)


@body_mutation
def body_control_missing(f, r):
    f.node_def[0].input.append("^nowhere")


@body_mutation
def body_control_argument(f, r):
    f.node_def[0].input.append("^" + f.signature.input_arg[0].name)


@body_mutation
def body_tensor_of_argument(f, r):
    arg = pick(r, [a for a in f.signature.input_arg if any(a.name in n.input for n in f.node_def)])
    n = next(n for n in f.node_def if arg.name in n.input)
    n.input[list(n.input).index(arg.name)] += ":" + r.choice("01")


@body_mutation
def body_cycle(f, r):
    n, i = pick(r, data_inputs(f))
    source = next(x for x in f.node_def if x.name == n.input[i].split(":")[0])
    source.input.append("^" + n.name)


@body_mutation
def body_name(f, r):
    f.node_def.add(name="a b", op="NoOp")


@body_mutation
def body_attr_unknown(f, r):
    pick(r, f.node_def).attr["added"].i = 1


@body_mutation
def body_whole_output(f, r):
    n, i = pick(r, data_inputs(f))
    n.input[i] = n.input[i].rsplit(":", 1)[0]


@mutation
def call_with_fewer_arguments(m, r):
    n = pick(r, [n for n in m.graph_def.node if "Tin" in n.attr and n.attr["Tin"].list.type])
    del n.attr["Tin"].list.type[-1]
    n.input.pop(len([x for x in n.input if not x.startswith("^")]) - 1)


@mutation
def call_without_inference(m, r):
    for n in m.graph_def.node:
        if "Tin" in n.attr:
            n.attr["_disable_call_shape_inference"].b = True
    for f in called(m):
        f.signature.input_arg[0].type = types_pb2.DT_HALF


UPDATES = {  # the inputs of an op on a variable of shape (4, 3): dtype and shape
    "ScatterAdd": [("int32", [2]), ("float32", [2, 3])],
    "ScatterNdUpdate": [("int32", [2, 1]), ("float32", [2, 3])],
    "ApplyGradientDescent": [("float32", []), ("float32", [4, 3])],
    "ApplyProximalGradientDescent": [("float32", []), ("float32", []), ("float32", []), ("float32", [4, 3])],
}


def add_update(m, op, inputs):
    """Adds the op, a variable and placeholders with the given shapes."""
    node = m.graph_def.node.add(name="update", op=op)
    resource = op.startswith("Resource")
    for i, (dtype, dims) in enumerate([("float32", [4, 3]), *inputs]):
        source = m.graph_def.node.add(name=f"update/{i}", op="Placeholder" if i else "VarHandleOp" if resource else "VariableV2")
        source.attr["dtype"].type = tf.as_dtype(dtype).as_datatype_enum
        source.attr["shape"].shape.CopyFrom(tf.TensorShape(dims).as_proto())
        if not i:
            source.attr["shared_name"].s = source.attr["container"].s = b""
        node.input.append(source.name)
    node.attr["use_locking"].b = False
    if "Scatter" in op:
        node.attr["Tindices"].type = types_pb2.DT_INT32
    node.attr["dtype" if resource and op == "ResourceScatterAdd" else "T"].type = types_pb2.DT_FLOAT
    if resource and op == "ResourceScatterAdd":
        del node.attr["use_locking"]


for update, right in UPDATES.items():
    wrong = [*right[:-1], ("float32", [*right[-1][1], 2])]
    for kind, inputs in (("fits", right), ("misfit", wrong)):
        for prefix in ("", "Resource"):
            MUTATIONS[f"update_{kind}_{prefix}{update}"] = lambda m, r, op=prefix + update, inputs=inputs: add_update(m, op, inputs)


# --- the run -----------------------------------------------------------------------------------------------------------


def load(path):
    raw = (TESTDATA / path).read_bytes()
    if path.endswith(".pb"):
        return saved_model_pb2.SavedModel.FromString(raw).meta_graphs[0]
    return meta_graph_pb2.MetaGraphDef.FromString(raw)


def verdict(member, raw):
    """What TensorFlow says: of the import, and where a constant was changed of running the constants."""
    m = meta_graph_pb2.MetaGraphDef.FromString(raw)
    try:
        with tf.Graph().as_default():
            tf.compat.v1.train.import_meta_graph(meta_graph_pb2.MetaGraphDef.FromString(raw))
        if member.startswith("constant_"):
            for n in m.graph_def.node:
                if n.op == "Const":
                    g = graph_pb2.GraphDef(versions=m.graph_def.versions)
                    c = g.node.add(name=n.name, op="Const")
                    for key in ("dtype", "value"):
                        c.attr[key].CopyFrom(n.attr[key])
                    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
                        tf.import_graph_def(g, name="")
                        session.run(graph.get_operations()[0].outputs[0])
    except Exception as e:  # pylint: disable=broad-exception-caught
        return "refused", f"{type(e).__name__}: {' '.join(str(e).split())}"[:200]
    return "ok", ""


def main():
    members, verdicts = [], []
    for base in BASES:
        for name, change in MUTATIONS.items():
            member = f"{name}.{pathlib.Path(base).stem}.meta"
            if sum(x[0].startswith(name + ".") for x in members) >= PER_MUTATION:
                continue
            m = load(base)
            try:
                change(m, random.Random(member))
            except DoesNotApply:
                continue
            raw = m.SerializeToString(deterministic=True)
            members.append((member, raw))
            verdicts.append("\t".join((member, *verdict(member, raw))))
    unused = [name for name in MUTATIONS if not any(x[0].startswith(name + ".") for x in members)]
    members.append(("verdicts.tsv", "".join(v + "\n" for v in verdicts).encode()))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member, raw in members:
            info = tarfile.TarInfo(member)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    (HERE / "mutants.tar.gz").write_bytes(gzip.compress(tar.getvalue(), 9, mtime=0))
    print(f"{len(members) - 1} graphs, {sum(v.split(chr(9))[1] == 'ok' for v in verdicts)} of them imported; applied to no base: {unused}")


if __name__ == "__main__":
    main()
