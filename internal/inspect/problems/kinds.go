package problems

import (
	"slices"
)

// A ProblemKind documents one problem id. docs/problems.md contains the same table; a test keeps both equal.
type ProblemKind struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Meaning  string   `json:"meaning"`
	Hint     string   `json:"hint"`
}

// Kinds returns all problem ids, in the order in which Find sorts problems of one severity.
func Kinds() []ProblemKind { return slices.Clone(problemKinds) }

// A problemKind is the index of a ProblemKind in problemKinds.
type problemKind int

// problemKinds is the table of all problems, to which newKind adds.
var problemKinds []ProblemKind

// newKind adds a kind of problem. A released id keeps its meaning.
func newKind(id string, severity Severity, meaning, hint string) problemKind {
	problemKinds = append(problemKinds, ProblemKind{id, severity, meaning, hint})
	return problemKind(len(problemKinds) - 1)
}

// libraryHint is the hint for ops of known libraries. It takes the Python package and the import statement.
const libraryHint = "install it (pip install %s) and run %#q before the import, or keep only what runs without the op: " +
	"`metagraph export --outputs NAME IN OUT`"

// unregisteredHint is the hint for ops of unknown libraries.
const unregisteredHint = "load the library that registers the op (tf.load_op_library) before the import, or keep only what runs without the op: " +
	"`metagraph export --outputs NAME IN OUT`; ops of tf.contrib have no library in TensorFlow 2"

// The kinds of problems, in the order in which Find sorts problems of one severity.
var (
	tooLarge = newKind("too-large", SeverityError,
		"The message is 2 GiB or larger; no protobuf implementation can read it.",
		"keep large constants out of the graph: feed them or make them variables; `metagraph show FILE size` lists the largest")
	damagedMessage = newKind("damaged-message", SeverityError,
		"A message inside the file is truncated, or a string field is not UTF-8; protobuf rejects the whole file.",
		"the file is damaged, or the program that wrote it does not use protobuf: get another copy")
	unboundInputs = newKind("unbound-inputs", SeverityError,
		"The graph is part of another one; its `unbound_inputs` must be mapped.",
		"map each of them: `metagraph import --input-map NAME=TENSOR --into BASE IN OUT`, or input_map in Python")
	refusedVersion = newKind("refused-version", SeverityError,
		"`graph_def.versions` excludes TensorFlow 2.21: `min_consumer` is newer, or `bad_consumers` lists it.",
		"use the TensorFlow that wrote the file, or a newer one")
	unreadableVersion = newKind("unreadable-version", SeverityError,
		"`meta_info_def.tensorflow_version` is not a version in the form of PEP 440; TensorFlow raises InvalidVersion.",
		"set tensorflow_version to a plain version such as 1.0.0, or leave it empty")
	invalidNodeName = newKind("invalid-node-name", SeverityError,
		"A node's name has characters that TensorFlow does not allow, or is empty.",
		"rename the node: use letters, digits and _ . - / >, and start with a letter, digit or .")
	duplicateNode = newKind("duplicate-node", SeverityError,
		"Two nodes have the same name.",
		"rename or remove one of them")
	missingOp = newKind("missing-op", SeverityError,
		"A node has no op.",
		"remove the node or set its op; the program that wrote the file has a bug, or the file is damaged")
	inputOrder = newKind("input-order", SeverityError,
		"A control input precedes a data input.",
		"move the control inputs (^name) after all others")
	missingInput = newKind("missing-input", SeverityError,
		"A node reads a node that does not exist.",
		"export the graph again, or map the input when importing; the graph was cut or renamed by hand")
	missingColocation = newKind("missing-colocation", SeverityError,
		"`_class` colocates a node with one that does not exist, or is not a list of strings.",
		"remove the colocation constraint: `metagraph clear-devices --colocation IN OUT`")
	graphCycle = newKind("cycle", SeverityError,
		"Nodes read each other in a cycle that is not a while loop (only a Merge may read a later NextIteration).",
		"break the cycle: one of its inputs is wrong")
	unregisteredOp = newKind("unregistered-op", SeverityError,
		"The graph uses an op that TensorFlow 2.21 does not have.",
		unregisteredHint)
	undefinedFunction = newKind("undefined-function", SeverityError,
		"A node calls a function that is not in the library of the file: its definition was lost, and no package provides it.",
		"export the file again, with its function library, from the program that built the graph")
	removedOp = newKind("removed-op", SeverityError,
		"TensorFlow has removed the op for graphs of this producer version.",
		"build the graph with the op's successor, named in the message")
	invalidOutput = newKind("invalid-output", SeverityError,
		"A node reads an output that does not exist.",
		"correct the output number in the input")
	inputCount = newKind("input-count", SeverityError,
		"A node has more or fewer data inputs than its op takes.",
		"compare the node with its op's definition: the node was edited by hand, or the op has changed")
	inputType = newKind("input-type", SeverityError,
		"A node reads a tensor of a type that its op does not accept.",
		"read another tensor, or change the type attrs (T, dtype) of one of the two nodes")
	frozenRefOp = newKind("frozen-ref-op", SeverityError,
		"An op that updates a variable reads a constant: the graph was frozen without removing the training ops.",
		"freeze it again without them: `metagraph export --freeze --outputs NAME IN OUT` repairs such ops (RefSwitch, AssignSub, AssignAdd)")
	missingAttr = newKind("missing-attr", SeverityError,
		"A node lacks an attr that its op needs and that has no default.",
		"add the attr")
	invalidAttr = newKind("invalid-attr", SeverityError,
		"An attr has a value that its op does not allow: wrong type, not an allowed value, or below the minimum.",
		"correct the value of the attr")
	invalidTensor = newKind("invalid-tensor", SeverityError,
		"The content of a constant does not match its type and shape.",
		"the file is damaged: get another copy, or write the constant again")
	inconsistentShapes = newKind("inconsistent-shapes", SeverityError,
		"The shapes recorded in `_output_shapes` contradict those that TensorFlow infers.",
		"drop the recorded shapes; TensorFlow infers them again: `metagraph export --drop-attr _output_shapes IN OUT`")
	shapeMismatch = newKind("shape-mismatch", SeverityError,
		"The inputs of a node have shapes that its op does not accept.",
		"follow the inputs to the first wrong shape: `metagraph export --set-shape NAME=DIMS IN OUT` corrects a placeholder, `--drop-attr _output_shapes` drops outdated recorded shapes")
	duplicateFunction = newKind("duplicate-function", SeverityError,
		"Two different functions have the same name.",
		"rename or remove one of them")
	functionNamedLikeOp = newKind("function-named-like-op", SeverityError,
		"A function has the name of an op that TensorFlow registers.",
		"rename the function")
	functionGradient = newKind("function-gradient", SeverityError,
		"The gradients in the function library name functions that do not exist, or form a cycle.",
		"remove the entry from library.gradient, or add the function")
	functionBody = newKind("function-body", SeverityError,
		"A function that TensorFlow instantiates during the import has an error in its body.",
		"build the function again with the program that wrote the file, and export it again")
	invalidDevice = newKind("invalid-device", SeverityError,
		"TensorFlow cannot parse the name of a device.",
		"clear the devices of the graph: `metagraph clear-devices IN OUT`")
	unreadableEntry = newKind("unreadable-entry", SeverityError,
		"An entry of a collection is not a message of the collection's type.",
		"drop the collection: `metagraph filter-collections --drop KEY IN OUT`")
	missingCollectionNode = newKind("missing-collection-node", SeverityError,
		"A collection names a node or tensor that does not exist; TensorFlow raises KeyError.",
		"drop the collection (`metagraph filter-collections --drop KEY IN OUT`) or put the node back")
	missingVariableNode = newKind("missing-variable-node", SeverityError,
		"A variable names a node or tensor that does not exist, or that is not a variable.",
		"drop the collection (`metagraph filter-collections --drop KEY IN OUT`), or export a scope that includes the variable's initializer")
	missingQueueNode = newKind("missing-queue-node", SeverityError,
		"A queue runner names a node that does not exist.",
		"drop the queue runners; inference does not need them: `metagraph filter-collections --drop queue_runners IN OUT`")
	missingContextNode = newKind("missing-context-node", SeverityError,
		"A cond_context or while_context names a node that does not exist.",
		"drop the contexts; only building gradients needs them: `metagraph filter-collections --drop cond_context,while_context IN OUT`")
	incompleteSaver = newKind("incomplete-saver", SeverityError,
		"A SaverDef lacks save_tensor_name or restore_op_name.",
		"complete or remove it; without saver_def TensorFlow creates a new Saver")
	unsavableVariables = newKind("unsavable-variables", SeverityError,
		"saver_def is missing, and TensorFlow cannot create a Saver from the collection `variables`.",
		"drop the collection `variables`, or restore the saver_def")
	missingObjectFunction = newKind("missing-object-function", SeverityError,
		"The object graph of a SavedModel names a function that is not in the library: tf.saved_model.load fails.",
		"the function was lost: save the model again")
	missingObjectAsset = newKind("missing-object-asset", SeverityError,
		"The object graph of a SavedModel names an asset that `asset_file_def` does not list: tf.saved_model.load fails with IndexError.",
		"save the model again; an export that drops `asset_file_def` loses the list")
	forbiddenOp = newKind("forbidden-op", SeverityError,
		"The graph or a function body has an op that `--forbid-op` forbids.",
		"remove the op, or keep only what runs without it: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`")
	uncalledFunctionBody = newKind("uncalled-function-body", SeverityWarning,
		"The body of a function has an error that the import does not find, often because the graph does not call the function. Running it fails.",
		"build the function again with the program that wrote the file, and export it again")
	uncalledUnregisteredOp = newKind("uncalled-unregistered-op", SeverityWarning,
		"A function that the graph does not call uses an op that TensorFlow 2.21 does not register: the import succeeds, and calling the function fails.",
		unregisteredHint)
	undefinedFunctionAttr = newKind("undefined-function-attr", SeverityWarning,
		"An attr names a function that is not in the library. The import succeeds; running the node fails.",
		"the function was lost: export the file again with its function library")
	missingSaverNode = newKind("missing-saver-node", SeverityWarning,
		"A saver names nodes that do not exist. The import succeeds; saving or restoring fails.",
		"create a new Saver after the import (tf.compat.v1.train.Saver()), or export the file again")
	missingSignatureTensor = newKind("missing-signature-tensor", SeverityWarning,
		"A signature names a tensor that does not exist: calling the signature fails.",
		"correct or remove the signature")
	missingMethodName = newKind("missing-method-name", SeverityWarning,
		"A signature has no `method_name`: TensorFlow Serving and other model servers reject it.",
		"write the signature again: `metagraph export --saved-model --inputs NAME=TENSOR --outputs NAME=TENSOR IN OUT` sets tensorflow/serving/predict")
	splitTag = newKind("split-tag", SeverityWarning,
		"The tags of the MetaGraphDef are single letters: a string was given for a list of tags, and loading the model by its real tag fails.",
		"write the tags again: `metagraph export --saved-model --tags serve IN OUT`; in Python, pass tags=['serve']")
	missingAssetTensor = newKind("missing-asset-tensor", SeverityWarning,
		"An asset names a tensor that does not exist: loading the SavedModel fails.",
		"correct or remove the entry of asset_file_def")
	unlistedAssets = newKind("unlisted-assets", SeverityWarning,
		"`asset_file_def` does not list the assets that a SavedModel reads: the graph uses their paths on the machine that built it.",
		"save the model again; an export that drops `asset_file_def` loses the list")
	missingKernel = newKind("no-cpu-kernel", SeverityWarning,
		"The graph imports, but an op cannot run on a CPU: it needs a GPU, a TPU or a special build of TensorFlow.",
		"run it on such a machine, or keep only what runs without the op: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`")
	pythonFunction = newKind("python-function", SeverityWarning,
		"The graph imports, but runs only in the Python process that built it: an op calls a Python function of that process.",
		"run it in a program that registers the function, or replace its output by an input: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`")
	outsideFile = newKind("outside-file", SeverityWarning,
		"The graph imports, but an op reads a file that is not part of the model.",
		"put the file at this path on the machine that runs the graph; `metagraph export --saved-model --outputs NAME IN OUT` includes the file of a table, "+
			"and `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT` cuts the graph after another op")
	checkpointDamaged = newKind("checkpoint-damaged", SeverityWarning,
		"The checkpoint cannot be read, lacks data, or contradicts itself: the import succeeds, and restore fails.",
		"copy or download all files of the checkpoint again; `metagraph show PREFIX checkpoint --verify` checks the data too")
	checkpointMissing = newKind("checkpoint-missing", SeverityWarning,
		"The saver restores a tensor that the checkpoint does not have: restore fails with NotFoundError (\"Key X not found in checkpoint\").",
		"use the checkpoint that was saved with this graph, or restore with a Saver over the variables that both have; `metagraph show FILE checkpoint` lists the keys")
	checkpointDifferent = newKind("checkpoint-different", SeverityWarning,
		"A tensor in the checkpoint has a different shape, dtype or format from the variable: restore fails with InvalidArgumentError.",
		"use the checkpoint that was saved with this graph, or build the graph with the sizes that the checkpoint has")
	sharedVariable = newKind("shared-variable", SeverityWarning,
		"Two variables have the same `container` and `shared_name`: they share one value when the graph runs.",
		"give one of them another shared_name if they should be separate: `metagraph import --unique-shared-names` does so while merging graphs")
	emptyCollectionKind = newKind("empty-collection-kind", SeverityWarning,
		"A collection has no list: TensorFlow logs an error and ignores it.",
		"drop it: `metagraph filter-collections --drop KEY IN OUT`")
	unknownAttr = newKind("unknown-attr", SeverityWarning,
		"A node has an attr that its op does not have in TensorFlow 2.21. TensorFlow ignores it.",
		"check whether the model needs it; another release or build of TensorFlow wrote the file")
	newerProducer = newKind("newer-producer", SeverityWarning,
		"A TensorFlow newer than 2.21 wrote the graph.",
		"if ops or attrs are missing, use the TensorFlow that wrote the file")
	emptyGraph = newKind("empty-graph", SeverityWarning,
		"The graph has no nodes.",
		"check that this is the right file; exporting a scope that does not exist also gives an empty graph")
	noSaver = newKind("no-saver", SeverityInfo,
		"The graph has variables but no saver_def: import_meta_graph makes a Saver for the collection `variables`, or returns None if it is empty.",
		"create a Saver to restore variables")
	otherCollectionKind = newKind("other-collection-kind", SeverityInfo,
		"A collection of serialized messages has the wrong kind of list: TensorFlow imports it as plain values.",
		"expect no variables or queue runners in it; older releases wrote such collections")
	oldCheckpointFormat = newKind("old-checkpoint-format", SeverityInfo,
		"The saver writes checkpoints in V1, the format before TensorFlow 0.12.",
		"create a new Saver for new checkpoints; it writes V2")
	checkpointUnused = newKind("checkpoint-unused", SeverityInfo,
		"The checkpoint has tensors that the saver does not restore.",
		"ignore this if the graph is a part of the trained one")
	placedNodes = newKind("placed-nodes", SeverityInfo,
		"Nodes are pinned to a device. Running them on a machine without it fails.",
		"clear the devices (`metagraph clear-devices IN OUT`), or run with allow_soft_placement")
	deprecatedOp = newKind("deprecated-op", SeverityInfo,
		"The op is deprecated. It still works in graphs of this version.",
		"use its successor, named in the message, when you build the graph again")
	unlistedOp = newKind("unlisted-op", SeverityInfo,
		"The file's stripped_op_list lacks an op that the graph uses, so the attrs of the op are unknown.",
		"ignore this for ops of TensorFlow")
)
