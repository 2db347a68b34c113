"""Creates the files in this directory with TensorFlow 2.21 (other releases create different files).

    python make.py [DIRECTORY]

Everything is seeded and serialized deterministically, so every run writes the same bytes. README.md lists the purpose of
each file.
"""
import contextlib
import os
import shutil
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import tensorflow as tf  # noqa: E402
from google.protobuf import any_pb2, text_format  # noqa: E402
from tensorflow.core.protobuf import control_flow_pb2, saved_model_pb2, saver_pb2  # noqa: E402
from tensorflow.python.ops import gen_io_ops  # noqa: E402
from tensorflow.python.training import saver as saver_lib  # noqa: E402

v1 = tf.compat.v1
v1.logging.set_verbosity(v1.logging.ERROR)
NON_ASCII_HPARAM = "\u03b7=1e-3"


# --- the MNIST model -------------------------------------------------------------------------------------------------


def dense(x, units, name):
    with v1.variable_scope(name):
        w = v1.get_variable("weights", [x.shape[1], units], initializer=v1.truncated_normal_initializer(stddev=0.1, seed=7))
        b = v1.get_variable("biases", [units], initializer=v1.zeros_initializer())
        return tf.add(tf.matmul(x, w), b, name="Wx_plus_b")


def inference(images):
    hidden = tf.nn.relu(dense(images, 16, "hidden"), name="activations")
    logits = dense(hidden, 10, "softmax_linear")
    v1.add_to_collection("logits", logits)
    return logits


def mnist_inference():
    """An inference graph: a placeholder, two layers, softmax."""
    images = v1.placeholder(tf.float32, [None, 784], name="images")
    tf.nn.softmax(inference(images), name="probabilities")
    v1.add_to_collection("inputs", images)
    return v1.train.Saver()


def mnist_training():
    """A training job between a parameter server and a GPU, with optimizer, averages, summaries and hyperparameters."""
    images = v1.placeholder(tf.float32, [None, 784], name="images")
    labels = v1.placeholder(tf.int64, [None], name="labels")
    keep = v1.placeholder_with_default(1.0, [], name="keep_prob")
    with v1.device("/job:ps/task:0"):
        step = v1.train.get_or_create_global_step()
    with v1.device("/job:worker/task:0/device:GPU:0"):
        logits = tf.nn.dropout(inference(images), rate=1.0 - keep, seed=3)
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        loss = tf.reduce_mean(xentropy, name="loss")
    v1.add_to_collection(v1.GraphKeys.LOSSES, loss)
    with v1.device("/cpu:0"):
        accuracy = tf.reduce_mean(tf.cast(tf.equal(labels, tf.argmax(logits, 1)), tf.float32), name="accuracy")
        v1.summary.scalar("loss", loss)
        v1.summary.scalar("accuracy", accuracy)
        v1.summary.merge_all()
    apply = v1.train.MomentumOptimizer(0.01, 0.9).minimize(loss, global_step=step)
    average = v1.train.ExponentialMovingAverage(0.999, step)
    with tf.control_dependencies([apply]):
        train_op = average.apply(v1.trainable_variables("softmax_linear"))
    v1.add_to_collection("train_op", train_op)
    for hparam in ("learning_rate=0.01", "batch_size=100", NON_ASCII_HPARAM):
        v1.add_to_collection("hparams", hparam)
    v1.add_to_collection("max_steps", 2000)
    v1.global_variables_initializer()
    return v1.train.Saver(max_to_keep=3)


def spell_devices_as_of_old(graph_def):
    """Files keep the device spellings of their TensorFlow release. Current releases write only one, so this adds the others."""
    for node in graph_def.node:
        if node.name.startswith("hidden/") and node.device:
            node.device = "/gpu:0"
        elif node.name.startswith("softmax_linear/weights"):
            node.device = "/job:ps/replica:0/task:1/cpu:0"


# --- collections, control flow, variables, functions -----------------------------------------------------------------


def field(number, payload):
    """A length-delimited protobuf field; short payloads only."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def serving_signatures(tensor):
    """A tensorflow.serving.Signatures with one generic signature, a message that TensorFlow no longer carries."""
    binding = field(1, b"y") + field(2, field(1, tensor.name.encode()))
    return field(2, field(1, b"outputs") + field(2, field(3, field(1, binding))))


def collections():
    """Every kind of CollectionDef, odd keys and values."""
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    y = tf.add(x, 1.0, name="y")
    v1.add_to_collection("tensors", y)
    v1.add_to_collection("ops", y.op)
    v1.add_to_collection("bytes", b"\xff\xfe\x00raw")
    v1.add_to_collection("bytes", b"")
    for hparam in ("learning_rate=0.01", "decay=1e-4", "scope=net/layer_1", NON_ASCII_HPARAM):
        v1.add_to_collection("hparams", hparam)
    for number in (0, -1, 2**63 - 1):
        v1.add_to_collection("ints", number)
    for number in (0.1, -0.0, 3.4e38, 1e-45, float("inf"), float("nan")):
        v1.add_to_collection("floats", number)
    v1.add_to_collection("key with space/\u00e9", "value\nwith\tescapes\"'\\")
    v1.add_to_collection("serving_signatures", any_pb2.Any(
        type_url="type.googleapis.com/tensorflow.serving.Signatures", value=serving_signatures(y)))
    config = any_pb2.Any()
    config.Pack(v1.ConfigProto(allow_soft_placement=True))
    v1.add_to_collection("any", config)
    v1.get_variable("local", [2], collections=[v1.GraphKeys.LOCAL_VARIABLES], trainable=False)
    v1.get_variable("model", [2], collections=[v1.GraphKeys.GLOBAL_VARIABLES, v1.GraphKeys.MODEL_VARIABLES])
    with v1.colocate_with(x.op):
        tf.identity(y, name="near_x")
    return v1.train.Saver()


def loop():
    """A while loop with a cond in it, both of TensorFlow 1, and the gradient through them; a second scope next to it."""
    with v1.variable_scope("rnn"):
        w = v1.get_variable("w", [3, 3])

        def body(i, x):
            x = tf.matmul(x, w)
            x = v1.cond(tf.equal(i % 2, 0), lambda: x + 1.0, lambda: x - 1.0, name="parity")
            return i + 1, x

        start = [tf.constant(0, name="i0"), tf.ones([2, 3], name="x0")]
        _, out = v1.while_loop(lambda i, x: i < 5, body, start, name="loop")
        loss = tf.reduce_sum(out, name="loss")
    v1.add_to_collection("losses", loss)
    v1.add_to_collection("grads", v1.gradients(loss, [w])[0])
    with v1.name_scope("rnn_1"):
        pred = v1.placeholder(tf.bool, [], name="pred")
        v1.cond(pred, lambda: v1.cond(loss > 0, lambda: loss + 1.0, lambda: loss * 2.0, name="inner"), lambda: loss - 1.0,
                name="outer")
    return v1.train.Saver()


def partitioned():
    """Partitioned variables over parameter servers, and three savers: one plain, one in a scope, one sharded."""
    with v1.device(v1.train.replica_device_setter(ps_tasks=2)):
        with v1.variable_scope("emb", partitioner=v1.fixed_size_partitioner(3)):
            table = v1.get_variable("table", [10, 4])
        bias = v1.get_variable("bias", [4])
        rows = tf.nn.embedding_lookup(table, v1.placeholder(tf.int64, [None], name="ids"))
        tf.add(rows, bias, name="out")
    v1.add_to_collection(v1.GraphKeys.SAVERS, v1.train.Saver([bias], name="bias_only"))
    v1.add_to_collection(v1.GraphKeys.SAVERS, v1.train.Saver([bias], name="old/save"))
    saver = v1.train.Saver(sharded=True, max_to_keep=0)
    v1.add_to_collection(v1.GraphKeys.SAVERS, saver)
    return saver


def queues():
    """An input pipeline: two queues and the runners that fill them."""
    files = v1.train.string_input_producer(["a.txt", "b.txt"], seed=5, name="files")
    _, line = v1.TextLineReader().read(files)
    v1.train.batch([line], batch_size=4, num_threads=2, capacity=32, name="batch")


def functions():
    """Resource variables and functions that call each other, with devices in the bodies; a functional loop; a gradient."""
    v1.enable_control_flow_v2()
    w = v1.get_variable("w", [2, 2], use_resource=True)

    @tf.function
    def square(x):
        with tf.device("/device:GPU:0"):
            return tf.matmul(x, x, name="product")

    @tf.function
    def net(x):
        with tf.device("/job:worker/task:1"):
            shifted = tf.add(x, 1.0, name="shifted")
        return square(shifted)

    with v1.device("/device:GPU:1"):
        y = net(w.read_value())
    _, out = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, square(y)), [tf.constant(0), y], name="loop")
    v1.add_to_collection("outputs", out)
    v1.add_to_collection("grads", v1.gradients(y, [w])[0])
    v1.disable_control_flow_v2()
    return v1.train.Saver()


def trained_loop():
    """A functional loop that was trained: it collects values for its gradient in lists."""
    v1.enable_control_flow_v2()
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    w = v1.get_variable("w", [2, 2], use_resource=True)
    _, out = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.tanh(tf.matmul(a, w))), [tf.constant(0), x], name="loop")
    tf.reduce_sum(out, name="total")
    v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(out * out))
    v1.disable_control_flow_v2()
    return v1.train.Saver()


class SliceSaverBuilder(saver_lib.BaseSaverBuilder):
    """Restores with RestoreSlice and saves with SaveSlices, as TensorFlow did before 1.0."""

    def __init__(self):
        super().__init__(write_version=saver_pb2.SaverDef.V1)

    def bulk_restore(self, filename, saveables, preferred_shard, restore_sequentially):
        return [gen_io_ops.restore_slice(filename, spec.name, spec.slice_spec, spec.dtype)
                for saveable in saveables for spec in saveable.specs]


def slices():
    """A partitioned variable and a plain one, with a saver of TensorFlow before 1.0."""
    with v1.variable_scope("emb", partitioner=v1.fixed_size_partitioner(2)):
        table = v1.get_variable("table", [5, 2], initializer=v1.ones_initializer())
    bias = v1.get_variable("bias", [2], initializer=v1.zeros_initializer())
    step = v1.train.get_or_create_global_step()
    rows = tf.nn.embedding_lookup(table, v1.placeholder(tf.int64, [None], name="ids"))
    loss = tf.reduce_sum(tf.add(rows, bias, name="out"))
    v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, global_step=step)
    return v1.train.Saver(builder=SliceSaverBuilder(), write_version=saver_pb2.SaverDef.V1)


# --- writing ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def fresh_graph():
    v1.disable_eager_execution()
    v1.disable_resource_variables()  # the reference variables of TensorFlow 1; functions() asks for the others
    v1.disable_control_flow_v2()
    with tf.Graph().as_default() as graph:
        graph.seed = 1
        yield graph


def export(builder, edit=None):
    with fresh_graph():
        saver = builder()
        meta = v1.train.export_meta_graph(saver_def=saver.saver_def if saver else None)
    contexts = {"cond_context": control_flow_pb2.CondContextDef, "while_context": control_flow_pb2.WhileContextDef}
    for key, kind in contexts.items():
        if key in meta.collection_def:  # they hold maps, which TensorFlow serializes in any order
            values = meta.collection_def[key].bytes_list.value
            values[:] = [kind.FromString(value).SerializeToString(deterministic=True) for value in values]
    if edit:
        edit(meta.graph_def)
    return meta


def write(path, message):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if path.endswith(".pbtxt"):
        data = text_format.MessageToString(message).encode()
    else:
        data = message.SerializeToString(deterministic=True)
    with open(path, "wb") as f:
        f.write(data)


def write_training_directory(directory):
    """A graph with its checkpoint and the state file that names it."""
    write(os.path.join(directory, "model.ckpt-3.meta"), export(mnist_training, spell_devices_as_of_old))
    with tempfile.TemporaryDirectory() as tmp, fresh_graph(), v1.Session() as session:
        saver = v1.train.import_meta_graph(export(mnist_training), clear_devices=True)
        session.run(v1.global_variables_initializer())
        saver.save(session, os.path.join(tmp, "model.ckpt"), global_step=3, write_meta_graph=False, write_state=False)
        for name in ("model.ckpt-3.index", "model.ckpt-3.data-00000-of-00001"):
            shutil.copyfile(os.path.join(tmp, name), os.path.join(directory, name))
    v1.train.update_checkpoint_state(directory, "model.ckpt-3", all_model_checkpoint_timestamps=[1.5e9],
                                     last_preserved_timestamp=1.5e9)


def classifier(device):
    """A graph that reads words by a vocabulary file; returns its signature."""
    with v1.device(device):
        words = v1.placeholder(tf.string, [None], name="words")
        table = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(
            "vocab.txt", tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 1)
        embedding = v1.get_variable("embedding", [4, 2], initializer=v1.zeros_initializer())
        scores = tf.nn.softmax(tf.nn.embedding_lookup(embedding, table.lookup(words)), name="scores")
    info = v1.saved_model.build_tensor_info
    return v1.saved_model.build_signature_def({"words": info(words)}, {"scores": info(scores)},
                                              v1.saved_model.signature_constants.PREDICT_METHOD_NAME)


def write_trained_directory(directory):
    """A small classifier for batches of 32, trained with Adam, with its checkpoint."""
    with fresh_graph(), v1.Session() as session:
        features = v1.placeholder(tf.float32, [32, 4], name="features")
        labels = v1.placeholder(tf.int64, [32], name="labels")
        with v1.variable_scope("layer"):
            weights = v1.get_variable("weights", [4, 3], initializer=v1.truncated_normal_initializer(stddev=0.1, seed=7))
            biases = v1.get_variable("biases", [3], initializer=v1.zeros_initializer())
        logits = tf.nn.bias_add(tf.matmul(features, weights), biases, name="logits")
        tf.nn.softmax(logits, name="probabilities")
        loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
        train = v1.train.AdamOptimizer(0.1).minimize(loss, global_step=v1.train.get_or_create_global_step())
        saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        session.run(train, {features: [[0.5, 0.25, 1, 2]] * 32, labels: [1] * 32})
        os.makedirs(directory, exist_ok=True)
        saver.save(session, os.path.join(directory, "model.ckpt-1"), write_state=False)
    with open(os.path.join(directory, "checkpoint"), "w", encoding="utf-8") as f:
        f.write('model_checkpoint_path: "model.ckpt-1"\n')


def write_saved_model(directory):
    """Two graphs, one for GPUs, with one signature each and a vocabulary among the assets. Variables are left out."""
    with contextlib.ExitStack() as stack:
        tmp = stack.enter_context(tempfile.TemporaryDirectory())
        stack.callback(os.chdir, os.getcwd())
        os.chdir(tmp)  # the path of the asset gets into the graph
        with open("vocab.txt", "w", encoding="utf-8", newline="\n") as f:
            f.write("the\nquick\nfox\n")
        builder = v1.saved_model.Builder("model")
        for tags, device in ((["serve"], None), (["serve", "gpu"], "/device:GPU:0")):
            with fresh_graph(), v1.Session() as session:
                signatures = {"serving_default": classifier(device)}
                session.run([v1.global_variables_initializer()] if device is None else [])
                assets = v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS)
                common = dict(signature_def_map=signatures, assets_collection=assets, main_op=v1.tables_initializer())
                if device is None:
                    builder.add_meta_graph_and_variables(session, tags, **common)
                else:
                    builder.add_meta_graph(tags, **common)
        builder.save()
        with open("model/saved_model.pb", "rb") as f:
            model = saved_model_pb2.SavedModel.FromString(f.read())
        for meta in model.meta_graphs:  # this builder knows the collection only, TensorFlow 2 writes the field
            for packed in meta.collection_def["saved_model_assets"].any_list.value:
                packed.Unpack(meta.asset_file_def.add())
        write(os.path.join(directory, "saved_model.pb"), model)
        os.makedirs(os.path.join(directory, "assets"), exist_ok=True)
        shutil.copyfile("model/assets/vocab.txt", os.path.join(directory, "assets", "vocab.txt"))


def main(directory):
    for name in ("collections", "loop", "partitioned", "queues", "functions", "trained_loop", "slices"):
        write(os.path.join(directory, name + ".meta"), export(globals()[name]))
    meta = export(mnist_inference)
    write(os.path.join(directory, "inference.pbtxt"), meta)
    write(os.path.join(directory, "graph.pbtxt"), meta.graph_def)
    write_training_directory(os.path.join(directory, "train"))
    write_trained_directory(os.path.join(directory, "iris"))
    write_saved_model(os.path.join(directory, "saved_model"))


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))))
