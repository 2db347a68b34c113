"""Creates the small graphs in this directory, one for each kind of model, and truth.tsv: the tensors that users feed and fetch.

    python testdata/io/make.py [DIRECTORY]

Needs TensorFlow 2.21. Everything is seeded: two runs write the same bytes.
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import tensorflow as tf  # noqa: E402

v1 = tf.compat.v1
v1.disable_resource_variables()
KINDS = []


def kind(inputs, outputs):
    """Registers a function that builds one kind of graph, with the expected result."""
    def register(build):
        KINDS.append((build.__name__.replace("_", "-"), inputs, outputs, build))
        return build
    return register


def dense(x, units, name, activation=None):
    with v1.variable_scope(name):
        w = v1.get_variable("w", [x.shape[-1], units], initializer=v1.zeros_initializer())
        b = v1.get_variable("b", [units], initializer=v1.zeros_initializer())
        y = tf.nn.bias_add(tf.matmul(x, w), b)
        return activation(y) if activation else y


def train(loss):
    v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    v1.train.Saver()


@kind("x:0", "prob:0")
def classifier():
    """The plain case: a softmax, trained."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    labels = v1.placeholder(tf.int64, [None], name="labels")
    logits = dense(dense(x, 5, "hidden", tf.nn.relu), 3, "out")
    tf.nn.softmax(logits, name="prob")
    train(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)))


@kind("a:0,b:0", "sum:0")
def arithmetic():
    """No layers, and only two scalars to feed."""
    tf.add(v1.placeholder(tf.float32, [], name="a"), v1.placeholder(tf.float32, [], name="b"), name="sum")


@kind("coord:0", "energy:0,force:0")
def frozen():
    """A frozen graph whose outputs include a gradient: nothing in it is a label or a metric."""
    coord = v1.placeholder(tf.float64, [None, 3], name="coord")
    w = tf.constant([[1.0], [2.0], [3.0]], tf.float64, name="w")
    atom = tf.tanh(tf.matmul(coord, w), name="atom")
    energy = tf.reduce_sum(atom, name="sum")
    tf.identity(energy, name="energy")
    tf.negative(v1.gradients(energy, coord)[0], name="force")


def transitions(scores, tags, matrix):
    """The negative log likelihood of a linear chain, unrolled over three steps."""
    steps = tf.unstack(scores, 3, axis=1)
    alpha = steps[0]
    for step in steps[1:]:
        alpha = tf.reduce_logsumexp(tf.expand_dims(alpha, 2) + tf.expand_dims(matrix, 0), axis=1) + step
    total = tf.reduce_logsumexp(alpha, axis=1)
    path = tf.reduce_sum(scores * tf.one_hot(tags, 5), axis=[1, 2])
    return tf.reduce_mean(total - path)


@kind("words:0", "project/scores:0")
def tagger():
    """The scores of tags, which only the likelihood of a sequence reads."""
    words = v1.placeholder(tf.int32, [None, 3], name="words")
    tags = v1.placeholder(tf.int32, [None, 3], name="tags")
    table = v1.get_variable("table", [20, 8], initializer=v1.zeros_initializer())
    flat = dense(tf.reshape(tf.nn.embedding_lookup(table, words), [-1, 8]), 5, "project")
    with tf.name_scope("project/"):
        scores = tf.reshape(flat, [-1, 3, 5], name="scores")
    train(transitions(scores, tags, v1.get_variable("transitions", [5, 5], initializer=v1.zeros_initializer())))


@kind("z:0", "generator/image:0")
def gan():
    """A generator whose images form one batch with real ones."""
    z = v1.placeholder(tf.float32, [None, 4], name="z")
    real = v1.placeholder(tf.float32, [None, 6], name="real")
    with tf.name_scope("generator"):
        made = tf.tanh(dense(z, 6, "g"), name="image")
    judged = dense(tf.concat([real, made], 0), 1, "d")
    of_real, of_made = tf.split(judged, 2)
    loss = tf.reduce_mean(tf.nn.softplus(of_made)) + tf.reduce_mean(tf.nn.softplus(-of_real))
    train(loss)


@kind("images:0", "embedding:0")
def metric_learning():
    """An embedding; the distances that the loss computes are no output."""
    images = v1.placeholder(tf.float32, [None, 6], name="images")
    people = v1.placeholder(tf.int32, [None], name="people")
    embedding = tf.identity(dense(dense(images, 5, "hidden", tf.nn.relu), 4, "emb"), name="embedding")
    distance = tf.reduce_sum(tf.square(embedding[:, None] - embedding[None, :]), 2)
    same = tf.cast(tf.equal(people[:, None], people[None, :]), tf.float32)
    train(tf.reduce_mean(tf.nn.softplus(tf.reduce_max(distance * same, 1) - tf.reduce_min(distance + 9 * same, 1))))


@kind("x:0", "y:0")
def built_twice():
    """One model, built twice in one session."""
    for _ in range(2):
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        w = tf.Variable(tf.zeros([4, 3]))
        y = tf.nn.softmax(tf.matmul(x, w), name="y")
        truth = v1.placeholder(tf.float32, [None, 3])
        v1.train.GradientDescentOptimizer(0.1).minimize(-tf.reduce_sum(truth * v1.log(y)))
        tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y, 1), tf.argmax(truth, 1)), tf.float32))


@kind("image:0", "translated:0")
def names_as_json():
    """Collections with the names of tensors as JSON."""
    image = v1.placeholder(tf.float32, [None, 4], name="image")
    key = v1.placeholder(tf.string, [None], name="key")
    tf.identity(key, name="key_out")
    out = dense(image, 4, "generator", tf.tanh)
    tf.identity((out + 1) / 2, name="translated")
    v1.add_to_collection("inputs", '{"key": "key:0", "input": "image:0"}')
    v1.add_to_collection("outputs", '{"key": "key_out:0", "output": "translated:0"}')


@kind("x:0", "heads/box_0/boxes:0,heads/box_1/boxes:0")
def detection_heads():
    """Heads on two layers, and a layer that no head uses."""
    x = v1.placeholder(tf.float32, [None, 8], name="x")
    truth = v1.placeholder(tf.float32, [None, 4], name="truth")
    boxes = []
    with v1.variable_scope("heads", auxiliary_name_scope=False), tf.name_scope("heads/"):
        for k in range(2):
            x = dense(x, 8, f"block_{k}", tf.nn.relu)
            with v1.variable_scope(f"box_{k}", auxiliary_name_scope=False), tf.name_scope(f"box_{k}"):
                boxes.append(tf.reshape(dense(x, 8, "loc"), [-1, 2, 4], name="boxes"))
        dense(x, 8, "block_2", tf.nn.relu)
    train(tf.reduce_mean(tf.abs(tf.concat([tf.reshape(b, [-1, 4]) for b in boxes], 0) - truth)))


@kind("x_1:0", "y_1:0")
def later_one_saved():
    """One model, built twice; only the second is saved."""
    for _ in range(2):
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        w = tf.Variable(tf.zeros([4, 3]))
        tf.nn.softmax(tf.matmul(x, w), name="y")
    v1.train.Saver([w])


@kind("x:0", "sum:0")
def estimator():
    """The bookkeeping of an Estimator, which is no output."""
    x = v1.placeholder(tf.float32, [None], name="x")
    step = v1.train.create_global_step()
    tf.add(x, 1.0, name="sum")
    v1.assign_add(step, 1)
    v1.report_uninitialized_variables().mark_used()


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    rows = ["file\tinputs\toutputs"]
    for name, inputs, outputs, build in KINDS:
        with v1.Graph().as_default() as graph:
            v1.set_random_seed(1)
            build()
            meta = v1.train.export_meta_graph(graph=graph, clear_extraneous_savers=False)
        del meta.meta_info_def.stripped_op_list.op[:]
        meta.meta_info_def.ClearField("tensorflow_git_version")
        with open(os.path.join(folder, name + ".meta"), "wb") as f:
            f.write(meta.SerializeToString(deterministic=True))
        rows.append(f"{name}.meta\t{inputs}\t{outputs}")
    with open(os.path.join(folder, "truth.tsv"), "w", encoding="utf-8") as f:
        f.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
