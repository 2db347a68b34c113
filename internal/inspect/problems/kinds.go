package problems

import (
	"slices"
)

// A ProblemKind documents one id. docs/problems.md holds the same table for people; a test keeps the two equal.
type ProblemKind struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Meaning  string   `json:"meaning"`
	Hint     string   `json:"hint"`
}

// Kinds returns all the ids that Problems knows, in the order in which it lists them.
func Kinds() []ProblemKind { return slices.Clone(problemKinds[:]) }

// A problemKind is the number of a ProblemKind.
type problemKind int

const (
	tooLarge problemKind = iota
	damagedMessage
	unboundInputs
	refusedVersion
	unreadableVersion
	invalidNodeName
	duplicateNode
	missingOp
	inputOrder
	missingInput
	missingColocation
	graphCycle
	unregisteredOp
	undefinedFunction
	removedOp
	invalidOutput
	inputCount
	inputType
	frozenRefOp
	missingAttr
	invalidAttr
	invalidTensor
	inconsistentShapes
	shapeMismatch
	duplicateFunction
	functionNamedLikeOp
	functionGradient
	functionBody
	invalidDevice
	unreadableEntry
	missingCollectionNode
	missingVariableNode
	missingQueueNode
	missingContextNode
	incompleteSaver
	unsavableVariables
	missingObjectFunction
	missingObjectAsset
	forbiddenOp
	uncalledFunctionBody
	uncalledUnregisteredOp
	undefinedFunctionAttr
	missingSaverNode
	missingSignatureTensor
	missingMethodName
	splitTag
	missingAssetTensor
	unlistedAssets
	missingKernel
	pythonFunction
	outsideFile
	checkpointDamaged
	checkpointMissing
	checkpointDifferent
	sharedVariable
	emptyCollectionKind
	unknownAttr
	newerProducer
	emptyGraph
	noSaver
	otherCollectionKind
	oldCheckpointFormat
	checkpointUnused
	placedNodes
	deprecatedOp
	unlistedOp

	numProblemKinds
)

// unregisteredHint is the advice on ops of unknown libraries. Problems of known ones name the package.
const unregisteredHint = "load the library that registers the op (tf.load_op_library) before the import, or keep only what runs without the op: " +
	"`metagraph export --outputs NAME IN OUT`; ops of tf.contrib have no library in TensorFlow 2"

// problemKinds is the one table of what Problems can say. An id, once released, keeps its meaning.
var problemKinds = [numProblemKinds]ProblemKind{
	tooLarge: {"too-large", SeverityError,
		"The message has 2 GiB or more, which no protobuf implementation reads.",
		"keep large constants out of the graph: feed them, or make them variables; `show size` says where the bytes are"},
	damagedMessage: {"damaged-message", SeverityError,
		"A message inside the file breaks off, or a string field is not UTF-8; protobuf refuses the whole file.",
		"the file is damaged or was written by something that is not protobuf: take another copy"},
	unboundInputs: {"unbound-inputs", SeverityError,
		"The graph is a part of another one, and its `unbound_inputs` must be given with input_map.",
		"import it with an input_map for each of them: `metagraph import --input-map NAME=TENSOR --into BASE`"},
	refusedVersion: {"refused-version", SeverityError,
		"`graph_def.versions` says that this TensorFlow cannot read the graph: `min_consumer` is newer, or it is among `bad_consumers`.",
		"use the TensorFlow that wrote the file, or a newer one"},
	unreadableVersion: {"unreadable-version", SeverityError,
		"`meta_info_def.tensorflow_version` is no version as PEP 440 spells one; TensorFlow stops with InvalidVersion.",
		"set tensorflow_version to a plain version such as 1.0.0, or leave it empty"},
	invalidNodeName: {"invalid-node-name", SeverityError,
		"A node's name has characters that TensorFlow does not allow, or is empty.",
		"rename the node: letters, digits and _ . - / > are allowed, and a letter, digit or . comes first"},
	duplicateNode: {"duplicate-node", SeverityError,
		"Two nodes have the same name.",
		"rename or remove one of them"},
	missingOp: {"missing-op", SeverityError,
		"A node does not say which op it is.",
		"the file is damaged, or the program that wrote it is: remove the node or give it its op"},
	inputOrder: {"input-order", SeverityError,
		"A control input stands before a data input.",
		"move the control inputs (^name) behind all others"},
	missingInput: {"missing-input", SeverityError,
		"A node reads a node that is not in the graph.",
		"the graph was cut or renamed by hand: export it anew, or map the input when importing"},
	missingColocation: {"missing-colocation", SeverityError,
		"`_class` wants a node on the device of a node that is not in the graph, or is no list of strings.",
		"remove the group: `metagraph clear-devices --colocation`"},
	graphCycle: {"cycle", SeverityError,
		"Nodes read each other in a circle that is no while loop (only NextIteration to Merge may lead back).",
		"break the circle: one of its inputs is wrong"},
	unregisteredOp: {"unregistered-op", SeverityError,
		"TensorFlow 2.21 does not register an op that the graph uses.",
		unregisteredHint},
	undefinedFunction: {"undefined-function", SeverityError,
		"A node calls a function that is not in the library of the file: its definition was lost, and no package provides it.",
		"export the file again, with its function library, from the program that built the graph"},
	removedOp: {"removed-op", SeverityError,
		"An op that TensorFlow has removed for graphs of this producer version.",
		"build the graph with the op's successor, which the message names"},
	invalidOutput: {"invalid-output", SeverityError,
		"A node reads an output that the other node does not have.",
		"correct the output number of the input"},
	inputCount: {"input-count", SeverityError,
		"A node has more or fewer data inputs than its op takes.",
		"the node was edited by hand, or its op changed: compare it with the op's definition"},
	inputType: {"input-type", SeverityError,
		"A node reads a tensor of another type than its op takes.",
		"read another tensor, or change the type attrs (T, dtype) of one of the two nodes"},
	frozenRefOp: {"frozen-ref-op", SeverityError,
		"An op that changes a variable reads a constant: the graph was frozen while it still held ops of training.",
		"freeze it again without them: `metagraph export --freeze --outputs NAME IN OUT` mends such ops (RefSwitch, AssignSub, AssignAdd)"},
	missingAttr: {"missing-attr", SeverityError,
		"A node lacks an attr that its op needs and that has no default.",
		"add the attr"},
	invalidAttr: {"invalid-attr", SeverityError,
		"An attr has a value that its op does not allow: of another type, not in the list of values, below the minimum.",
		"correct the value of the attr"},
	invalidTensor: {"invalid-tensor", SeverityError,
		"The content of a constant does not fit its type and shape.",
		"the file is damaged: take another copy, or write the constant anew"},
	inconsistentShapes: {"inconsistent-shapes", SeverityError,
		"The shapes recorded in `_output_shapes` contradict those that TensorFlow infers now.",
		"drop the recorded shapes, TensorFlow infers them anew: `metagraph export --drop-attr _output_shapes IN OUT`"},
	shapeMismatch: {"shape-mismatch", SeverityError,
		"The inputs of a node have shapes that its op cannot take.",
		"follow the inputs to the first wrong shape: `metagraph export --set-shape NAME=DIMS` corrects a placeholder, `--drop-attr _output_shapes` drops outdated recorded shapes"},
	duplicateFunction: {"duplicate-function", SeverityError,
		"Two different functions have the same name.",
		"rename or remove one of them"},
	functionNamedLikeOp: {"function-named-like-op", SeverityError,
		"A function has the name of an op that TensorFlow registers.",
		"rename the function"},
	functionGradient: {"function-gradient", SeverityError,
		"The gradients of the function library name functions that are not there, or run in a circle.",
		"remove the entry from library.gradient, or add the function"},
	functionBody: {"function-body", SeverityError,
		"The body of a function that the import instantiates is not in order.",
		"build the function again with the program that wrote the file, and export it anew"},
	invalidDevice: {"invalid-device", SeverityError,
		"A device is spelled in a way that TensorFlow does not read.",
		"clear or replace it: `metagraph clear-devices --match DEVICE`, or --map OLD=NEW"},
	unreadableEntry: {"unreadable-entry", SeverityError,
		"An entry of a collection is not the message that the collection holds.",
		"drop the collection: `metagraph filter-collections --drop KEY`"},
	missingCollectionNode: {"missing-collection-node", SeverityError,
		"A collection names a node or tensor that is not in the graph; TensorFlow stops with KeyError.",
		"drop the collection (`metagraph filter-collections --drop KEY`) or put the node back"},
	missingVariableNode: {"missing-variable-node", SeverityError,
		"A variable names a node or tensor that is not in the graph, or is no variable.",
		"the graph is a part of another, where the variable's initializer lies: drop the collection with `metagraph filter-collections --drop KEY`, or export a larger scope that holds it"},
	missingQueueNode: {"missing-queue-node", SeverityError,
		"A queue runner names a node that is not in the graph.",
		"drop the queue runners, which inference does not need: `metagraph filter-collections --drop queue_runners`"},
	missingContextNode: {"missing-context-node", SeverityError,
		"A cond_context or while_context names a node that is not in the graph.",
		"drop the contexts, which only building gradients needs: `metagraph filter-collections --drop cond_context,while_context`"},
	incompleteSaver: {"incomplete-saver", SeverityError,
		"A SaverDef does not name its save_tensor_name or restore_op_name.",
		"remove it or complete it; without saver_def TensorFlow makes a new Saver"},
	unsavableVariables: {"unsavable-variables", SeverityError,
		"There is no saver_def, and the collection `variables` holds something of which TensorFlow cannot make a Saver.",
		"drop the collection `variables`, or put a saver_def back"},
	missingObjectFunction: {"missing-object-function", SeverityError,
		"The object graph of a SavedModel names a function that is not in the library: tf.saved_model.load fails.",
		"the function was lost on the way: save the model again"},
	missingObjectAsset: {"missing-object-asset", SeverityError,
		"The object graph of a SavedModel names an asset that `asset_file_def` does not list: tf.saved_model.load fails with IndexError.",
		"save the model again; an export that drops `asset_file_def` loses the list"},
	forbiddenOp: {"forbidden-op", SeverityError,
		"The graph or a function body has an op that `--forbid-op` forbids.",
		"remove the op, or keep only what runs without it: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`"},
	uncalledFunctionBody: {"uncalled-function-body", SeverityWarning,
		"The body of a function is not in order; as the graph does not call it directly, the import succeeds and running it fails.",
		"build the function again with the program that wrote the file, and export it anew"},
	uncalledUnregisteredOp: {"uncalled-unregistered-op", SeverityWarning,
		"A function that the graph does not call uses an op that TensorFlow 2.21 does not register: the import succeeds, and calling the function fails.",
		unregisteredHint},
	undefinedFunctionAttr: {"undefined-function-attr", SeverityWarning,
		"An attr names a function that is not in the library: import_meta_graph succeeds, and running the node or tf.saved_model.load fails.",
		"the function was lost on the way: export the file again with its function library"},
	missingSaverNode: {"missing-saver-node", SeverityWarning,
		"A saver names nodes that are not in the graph: the import succeeds, and save or restore fails.",
		"make a new Saver after the import (tf.compat.v1.train.Saver()), or export the file anew"},
	missingSignatureTensor: {"missing-signature-tensor", SeverityWarning,
		"A signature names a tensor that is not in the graph: calling the signature fails.",
		"correct or remove the signature"},
	missingMethodName: {"missing-method-name", SeverityWarning,
		"A signature has no `method_name`: TensorFlow Serving and other model servers refuse it.",
		"write the signature again: `metagraph export --saved-model --inputs NAME=TENSOR --outputs NAME=TENSOR IN OUT` sets tensorflow/serving/predict"},
	splitTag: {"split-tag", SeverityWarning,
		"The tags of the MetaGraphDef are single letters: a string was given for a list of tags, and loading the model by its real tag fails.",
		"write the tags again: `metagraph export --saved-model --tags serve IN OUT`; in Python, pass tags=['serve']"},
	missingAssetTensor: {"missing-asset-tensor", SeverityWarning,
		"An asset names a tensor that is not in the graph: loading the SavedModel fails.",
		"correct or remove the entry of asset_file_def"},
	unlistedAssets: {"unlisted-assets", SeverityWarning,
		"A SavedModel reads assets, and `asset_file_def` does not list their files: the graph looks for them where they were when it was built.",
		"save the model again; an export that drops `asset_file_def` loses the list"},
	missingKernel: {"no-cpu-kernel", SeverityWarning,
		"The graph imports, but an op cannot run on a CPU: it needs a GPU, a TPU or a special build of TensorFlow.",
		"run it on such a machine, or keep only what runs without the op: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`"},
	pythonFunction: {"python-function", SeverityWarning,
		"The graph imports, but cannot run without the Python process that built it: an op calls a Python function, and the file holds only a name for it.",
		"run it in a program that registers the function, or replace its output by an input: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`"},
	outsideFile: {"outside-file", SeverityWarning,
		"The graph imports, but cannot run without a file that is not part of the model: an op reads it from an absolute path.",
		"put the file at this path on the machine that runs the graph, or cut the graph behind the op: `metagraph export --inputs NAME=TENSOR --outputs NAME IN OUT`"},
	checkpointDamaged: {"checkpoint-damaged", SeverityWarning,
		"The checkpoint cannot be read, lacks data, or contradicts itself: the import succeeds, and restore fails.",
		"copy or download the checkpoint again, all its files; `metagraph show PREFIX checkpoint --verify` checks the data too"},
	checkpointMissing: {"checkpoint-missing", SeverityWarning,
		"The saver restores a tensor that the checkpoint does not have: restore fails with NotFoundError (\"Key X not found in checkpoint\").",
		"use the checkpoint that was saved with this graph, or restore with a Saver over the variables that both have; `metagraph show FILE checkpoint` lists the keys"},
	checkpointDifferent: {"checkpoint-different", SeverityWarning,
		"A tensor of the checkpoint has another shape, dtype or format than the graph restores: restore fails with InvalidArgumentError.",
		"use the checkpoint that was saved with this graph, or build the graph with the sizes that the checkpoint has"},
	sharedVariable: {"shared-variable", SeverityWarning,
		"Two variables have the same `container` and `shared_name`: when the graph runs they are one variable.",
		"change shared_name of one of them where they are to hold values of their own; importing a graph twice leaves it as it is, in TensorFlow too"},
	emptyCollectionKind: {"empty-collection-kind", SeverityWarning,
		"A collection has no list of any kind: TensorFlow logs an error and leaves it out.",
		"drop it: `metagraph filter-collections --drop KEY`"},
	unknownAttr: {"unknown-attr", SeverityWarning,
		"A node has an attr that its op does not have in TensorFlow 2.21, which leaves it unread.",
		"check whether the model needs it: another release, or another build, wrote the file"},
	newerProducer: {"newer-producer", SeverityWarning,
		"The graph was written by a newer TensorFlow than 2.21.",
		"use the TensorFlow that wrote the file if ops or attrs are missing"},
	emptyGraph: {"empty-graph", SeverityWarning,
		"There is no node in the graph.",
		"this may be the wrong file, or an export of a scope that does not exist"},
	noSaver: {"no-saver", SeverityInfo,
		"There is no saver_def: import_meta_graph returns None, or a new Saver where there are variables.",
		"make a Saver of your own where variables are to be restored"},
	otherCollectionKind: {"other-collection-kind", SeverityInfo,
		"A collection that TensorFlow registers does not hold serialized protos: it is imported as plain values.",
		"older releases wrote such collections; do not expect variables or queue runners in it"},
	oldCheckpointFormat: {"old-checkpoint-format", SeverityInfo,
		"The saver writes checkpoints in the format of before TensorFlow 0.12 (V1).",
		"for new checkpoints make a new Saver; it writes V2"},
	checkpointUnused: {"checkpoint-unused", SeverityInfo,
		"The checkpoint has tensors that the saver does not restore.",
		"nothing to do if the graph is a part of the one that was trained"},
	placedNodes: {"placed-nodes", SeverityInfo,
		"Nodes are pinned to a device that another machine may not have; running them there fails.",
		"`metagraph clear-devices`, or import with clear_devices=True, or run with allow_soft_placement"},
	deprecatedOp: {"deprecated-op", SeverityInfo,
		"An op that newer producers may not use any more; in graphs of this version it still works.",
		"use its successor, which the message names, when the graph is built anew"},
	unlistedOp: {"unlisted-op", SeverityInfo,
		"The file's own stripped_op_list lacks an op that the graph uses; attrs that were added to it later cannot be told by it.",
		"nothing to do for ops of TensorFlow"},
}
