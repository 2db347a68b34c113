package opdef

import (
	"strings"
)

// A Class describes the role of an op in the data flow of a graph. An op can belong to several classes.
type Class uint32

// The classes of ops.
const (
	ClassVariable    Class = 1 << iota // holds a value that persists between runs
	ClassSource                        // data enters the graph here
	ClassUpdate                        // updates a variable
	ClassTerminal                      // runs for its side effect: update, save, summarize, enqueue, assert
	ClassGradient                      // occurs only in gradients
	ClassShape                         // depends on the size of its input, not on its values
	ClassReduction                     // reduces many numbers to one
	ClassEnter                         // enters a while loop
	ClassExit                          // exits a while loop
	ClassSwitch                        // enters a branch
	ClassMerge                         // joins branches
	ClassSame                          // passes on its first input, possibly in another form
	ClassDecision                      // ends most models: softmax, argmax, a decoder
	ClassOneOutput                     // has one relevant output, the first; the others serve gradients and bookkeeping
	ClassCompare                       // compares, as metrics do
	ClassLoss                          // computes a loss
	ClassRandom                        // generates random numbers
	ClassSave                          // writes or reads checkpoints
	ClassSummary                       // creates or writes summaries
	ClassEnqueue                       // adds to a queue
	ClassWeighted                      // multiplies by or adds weights, which are constants in a frozen graph
	ClassConst                         // a constant
	ClassDecoder                       // converts scores and lengths to sequences
	ClassList                          // creates a list or a stack that a loop fills
	ClassKeeper                        // ends bookkeeping: writes to a variable, a queue or a checkpoint, or asserts
	ClassMath                          // an elementary function, which is more common in losses than in results
	ClassCut                           // takes part of its input
	ClassPlaceholder                   // is fed by name
	ClassWhile                         // a while loop in a single node whose body is a function
	ClassReader                        // reads records from files
	ClassLookup                        // looks up rows of a table
)

// Classify returns the classes of an op by its name. It relies on naming patterns that TensorFlow has kept since 2015,
// so it also classifies ops of later releases.
func Classify(op string) Class {
	class := classByName(op) | classByPattern(op)
	if class&(ClassUpdate|ClassSave|ClassEnqueue) != 0 || op == "Assert" {
		class |= ClassKeeper
	}
	return class
}

func classByName(op string) Class {
	switch {
	case IsVariable(op):
		return ClassVariable
	case IsPlaceholder(op):
		return ClassSource | ClassPlaceholder
	}
	switch op {
	case "TemporaryVariable", "_VarHandlesOp":
		return ClassVariable
	case "_Arg", "Batch", "DatasetToSingleElement",
		"InfeedDequeue", "InfeedDequeueTuple", "Unstage", "StagePeek", "MapUnstage", "OrderedMapUnstage", "MapUnstageNoKey",
		"OrderedMapUnstageNoKey":
		return ClassSource
	case "ReaderRead", "ReaderReadV2", "ReaderReadUpTo", "ReaderReadUpToV2":
		return ClassSource | ClassReader
	case "StridedSlice", "Slice", "Split", "SplitV", "Unpack":
		return ClassCut
	case "While", "StatelessWhile", "_While":
		return ClassWhile
	case "Const":
		return ClassConst
	case "EmptyTensorList", "TensorListReserve", "Stack", "StackV2", "EmptyTensorMap":
		return ClassList
	case "Log", "Log1p", "Neg", "Abs", "Square", "Exp", "Expm1", "Pow", "Sqrt", "Rsqrt", "Minimum", "Maximum", "SquaredDifference",
		"ClipByValue", "Sign", "Reciprocal", "Inv":
		return ClassMath
	case "NoOp", "Assert", "PrintV2", "ControlTrigger", "Abort", "IsVariableInitialized", "VarIsInitializedOp", "CountUpTo",
		"ResourceCountUpTo", "WriteFile", "_Retval", "_Send", "_HostSend",
		"SetStatsAggregatorDataset", "OutfeedEnqueue", "OutfeedEnqueueTuple", "ConfigureDistributedTPU", "DestroyResourceOp",
		"DestroyTemporaryVariable", "Timestamp":
		return ClassTerminal
	case "Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "TensorArraySize", "TensorArraySizeV2",
		"TensorArraySizeV3", "DynamicPartitionShape", "BroadcastArgs", "InvertPermutation":
		return ClassShape
	case "BroadcastGradientArgs", "ConcatOffset":
		return ClassGradient | ClassShape
	case "L2Loss":
		return ClassReduction | ClassLoss
	case "Sum", "Mean", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm":
		return ClassReduction
	case "Enter", "RefEnter":
		return ClassEnter | ClassSame
	case "Exit", "RefExit":
		return ClassExit
	case "Switch", "RefSwitch":
		return ClassSwitch
	case "Merge", "RefMerge":
		return ClassMerge | ClassOneOutput
	case "Identity", "Snapshot", "StopGradient", "PreventGradient", "CheckNumerics", "Print", "ReadVariableOp", "Cast",
		"PlaceholderWithDefaultV2", "RefIdentity", "EnsureShape", "Squeeze", "ExpandDims", "Reshape", "Transpose":
		return ClassSame
	case "Softmax", "Sigmoid", "ArgMax", "ArgMin", "NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4",
		"NonMaxSuppressionV5", "CombinedNonMaxSuppression", "TopK", "TopKV2", "LogSoftmax", "Multinomial":
		return ClassDecision
	case "CTCGreedyDecoder", "CTCBeamSearchDecoder", "GatherTree":
		return ClassDecision | ClassDecoder
	case "Equal", "NotEqual", "InTopK", "InTopKV2", "Less", "LessEqual", "Greater", "GreaterEqual", "ApproximateEqual",
		"EditDistance":
		return ClassCompare
	case "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "LRN", "LSTMBlockCell", "BlockLSTM", "BlockLSTMV2",
		"GRUBlockCell", "CudnnRNN", "CudnnRNNV2", "CudnnRNNV3", "Unique", "UniqueV2", "MaxPoolWithArgmax":
		return ClassOneOutput | weighted(op)
	case "MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Conv2D", "Conv3D", "DepthwiseConv2dNative",
		"DepthwiseConv2d", "Conv2DBackpropInput", "Conv3DBackpropInputV2", "BiasAdd", "BiasAddV1", "Einsum", "SparseTensorDenseMatMul", "SparseMatMul", "_FusedConv2D", "_FusedMatMul", "Prelu":
		return ClassWeighted
	case "Gather", "GatherV2", "GatherNd", "ResourceGather", "ResourceGatherNd":
		return ClassWeighted | ClassLookup
	}
	return 0
}

// weighted returns ClassWeighted if op, which has one relevant output, reads weights.
func weighted(op string) Class {
	if strings.HasPrefix(op, "Unique") || op == "LRN" || op == "MaxPoolWithArgmax" {
		return 0
	}
	return ClassWeighted
}

func classByPattern(op string) Class {
	has, begins, ends := strings.Contains, strings.HasPrefix, strings.HasSuffix
	switch {
	case begins(op, "Random") && !begins(op, "RandomShuffleQueue") && !begins(op, "RandomDataset") && op != "RandomShuffle",
		begins(op, "StatelessRandom"), op == "TruncatedNormal", op == "ParameterizedTruncatedNormal",
		begins(op, "StatelessTruncatedNormal"), begins(op, "StatefulUniform"), begins(op, "StatefulStandardNormal"):
		return ClassRandom
	case begins(op, "QueueDequeue"):
		return ClassSource
	case begins(op, "QueueEnqueue"), op == "Stage", op == "MapStage", op == "OrderedMapStage":
		return ClassTerminal | ClassEnqueue
	case begins(op, "IteratorGetNext"), begins(op, "MultiDeviceIteratorGetNext"):
		return ClassSource
	case has(op, "Summary"):
		return ClassTerminal | ClassSummary
	case begins(op, "Save"), begins(op, "Restore"), op == "ShardedFilename", op == "ShardedFilespec",
		begins(op, "MergeV2Checkpoints"):
		return ClassTerminal | ClassSave
	case op == "Assign", begins(op, "AssignAdd"), begins(op, "AssignSub"), begins(op, "AssignVariable"), AppliesGradient(op),
		begins(op, "ResourceScatter"), begins(op, "ResourceStridedSliceAssign"), op == "StridedSliceAssign", refScatter(op),
		has(op, "AccumulatorApply"), has(op, "AccumulatorTake"), has(op, "AccumulatorSet"):
		return ClassTerminal | ClassUpdate
	case begins(op, "Queue"), ends(op, "Queue"), ends(op, "QueueV2"), begins(op, "Barrier"), begins(op, "Reader"),
		begins(op, "InitializeTable"), begins(op, "LookupTableI"), begins(op, "LookupTableE"), begins(op, "LookupTableR"),
		begins(op, "MakeIterator"), ends(op, "Dataset"), ends(op, "DatasetV2"), ends(op, "DatasetV3"), ends(op, "DatasetV4"),
		ends(op, "DatasetV5"), begins(op, "IteratorFromStringHandle"), begins(op, "IteratorToStringHandle"),
		op == "Iterator", op == "IteratorV2", op == "OneShotIterator", ends(op, "TableSize"), ends(op, "Accumulator"),
		has(op, "AccumulatorNum"):
		return ClassTerminal
	case ends(op, "Grad"), ends(op, "GradV2"), ends(op, "GradV3"), ends(op, "GradGrad"), ends(op, "GradGradV2"),
		ends(op, "BackpropFilter"), ends(op, "BackpropFilterV2"), ends(op, "GradWithArgmax"), ends(op, "GradExt"),
		ends(op, "DepthwiseConv2dNativeBackpropInput"), ends(op, "BackpropV2") && has(op, "RNN"):
		return ClassGradient
	case has(op, "CrossEntropy"), begins(op, "CTCLoss"):
		return ClassLoss | ClassOneOutput
	}
	return 0
}

// refScatter reports whether op is a scatter op that updates a variable. ScatterNd and TensorScatterUpdate create new
// tensors instead.
func refScatter(op string) bool {
	return strings.HasPrefix(op, "Scatter") && op != "ScatterNd" && op != "ScatterNdNonAliasingAdd"
}

// IsRandom reports whether an op returns other values each time it runs with the same inputs.
func IsRandom(op string) bool {
	return Classify(op)&ClassRandom != 0 && !strings.HasPrefix(op, "Stateless") || op == "Multinomial" || op == "RandomShuffle" ||
		strings.HasSuffix(op, "CandidateSampler")
}

// ClosesLoop reports whether the edge from an op source to an op reader closes a while loop. TensorFlow adds these edges
// last, after it has sorted the nodes and inferred shapes.
func ClosesLoop(reader, source string) bool {
	return (reader == "Merge" || reader == "RefMerge") && (source == "NextIteration" || source == "RefNextIteration")
}

// IsPlaceholder reports whether an op is a placeholder, which a session feeds.
func IsPlaceholder[S string | []byte](op S) bool {
	switch string(op) {
	case "Placeholder", "PlaceholderV2", "PlaceholderWithDefault":
		return true
	}
	return false
}

// IsPipeline reports whether an op returns elements of an input pipeline, which a session must fill or initialize first.
func IsPipeline(op string) bool {
	switch op {
	case "IteratorGetNext", "IteratorGetNextSync", "IteratorGetNextAsOptional", "MultiDeviceIteratorGetNextFromShard",
		"QueueDequeue", "QueueDequeueV2", "QueueDequeueMany", "QueueDequeueManyV2", "QueueDequeueUpTo", "QueueDequeueUpToV2",
		"ReaderRead", "ReaderReadV2", "ReaderReadUpTo", "ReaderReadUpToV2", "Unstage", "StagePeek", "MapUnstage", "OrderedMapUnstage",
		"InfeedDequeue", "InfeedDequeueTuple", "RecordInput", "BarrierTakeMany", "FakeQueue":
		return true
	}
	return false
}
