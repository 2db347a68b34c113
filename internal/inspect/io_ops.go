package inspect

import "strings"

// An opClass says what an op is to the flow of data through a graph. An op can be of several classes.
type opClass uint32

const (
	opVariable    opClass = 1 << iota // holds a value that lasts from run to run
	opSource                          // data comes in here
	opUpdate                          // changes a variable
	opTerminal                        // is run for its effect: update, save, summarize, enqueue, assert; no data comes out that anybody wants
	opGradient                        // exists in gradients alone
	opShape                           // what comes out says how large the input is, not what it holds
	opReduction                       // makes one number out of many
	opEnter                           // leads into a while loop
	opExit                            // leads out of a while loop
	opSwitch                          // leads into a branch
	opMerge                           // joins branches
	opSame                            // hands its first input on, perhaps in another form
	opDecision                        // ends most models: softmax, argmax, a decoder
	opOneOutput                       // has one output of interest, the first; the others serve gradients and bookkeeping
	opCompare                         // compares: what metrics are made of
	opLoss                            // computes a loss
	opRandom                          // makes random numbers
	opSave                            // writes or reads checkpoints
	opSummary                         // makes or writes summaries
	opEnqueue                         // puts into a queue
	opWeighted                        // multiplies with or adds weights: in a frozen graph its constant inputs are what variables were
	opConst                           // a constant
	opDecoder                         // turns scores and lengths into sequences
	opList                            // makes a list or a stack that a loop fills
	opKeeper                          // ends what keeps books: puts it into a variable, a queue, a checkpoint, an assertion
	opMath                            // an elementary function that losses are made of more often than results
	opCut                             // takes a part of its input
	opPlaceholder                     // is fed by name
	opWhile                           // a while loop as one node, its body a function
	opReader                          // reads records from files
	opLookup                          // takes rows out of a table
)

// classify returns the classes of an op by its name. Names follow patterns that TensorFlow has kept since 2015, so that ops of
// later releases and of other kernels fall into place.
func classify(op string) opClass {
	class := classByName(op) | classByPattern(op)
	if class&(opUpdate|opSave|opEnqueue) != 0 || op == "Assert" {
		class |= opKeeper
	}
	return class
}

func classByName(op string) opClass {
	switch op {
	case "Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable", "_VarHandlesOp":
		return opVariable
	case "Placeholder", "PlaceholderV2", "PlaceholderWithDefault":
		return opSource | opPlaceholder
	case "_Arg", "Batch", "DatasetToSingleElement",
		"InfeedDequeue", "InfeedDequeueTuple", "Unstage", "StagePeek", "MapUnstage", "OrderedMapUnstage", "MapUnstageNoKey",
		"OrderedMapUnstageNoKey":
		return opSource
	case "ReaderRead", "ReaderReadV2", "ReaderReadUpTo", "ReaderReadUpToV2":
		return opSource | opReader
	case "StridedSlice", "Slice", "Split", "SplitV", "Unpack":
		return opCut
	case "While", "StatelessWhile", "_While":
		return opWhile
	case "Const":
		return opConst
	case "EmptyTensorList", "TensorListReserve", "Stack", "StackV2", "EmptyTensorMap":
		return opList
	case "Log", "Log1p", "Neg", "Abs", "Square", "Exp", "Expm1", "Pow", "Sqrt", "Rsqrt", "Minimum", "Maximum", "SquaredDifference",
		"ClipByValue", "Sign", "Reciprocal", "Inv":
		return opMath
	case "NoOp", "Assert", "PrintV2", "ControlTrigger", "Abort", "IsVariableInitialized", "VarIsInitializedOp", "CountUpTo",
		"ResourceCountUpTo", "WriteFile", "_Retval", "_Send", "_HostSend",
		"SetStatsAggregatorDataset", "OutfeedEnqueue", "OutfeedEnqueueTuple", "ConfigureDistributedTPU", "DestroyResourceOp",
		"DestroyTemporaryVariable", "Timestamp":
		return opTerminal
	case "Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "TensorArraySize", "TensorArraySizeV2",
		"TensorArraySizeV3", "DynamicPartitionShape", "BroadcastArgs", "InvertPermutation":
		return opShape
	case "BroadcastGradientArgs", "ConcatOffset":
		return opGradient | opShape
	case "L2Loss":
		return opReduction | opLoss
	case "Sum", "Mean", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm":
		return opReduction
	case "Enter", "RefEnter":
		return opEnter | opSame
	case "Exit", "RefExit":
		return opExit
	case "Switch", "RefSwitch":
		return opSwitch
	case "Merge", "RefMerge":
		return opMerge | opOneOutput
	case "Identity", "Snapshot", "StopGradient", "PreventGradient", "CheckNumerics", "Print", "ReadVariableOp", "Cast",
		"PlaceholderWithDefaultV2", "RefIdentity", "EnsureShape", "Squeeze", "ExpandDims", "Reshape", "Transpose":
		return opSame
	case "Softmax", "Sigmoid", "ArgMax", "ArgMin", "NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4",
		"NonMaxSuppressionV5", "CombinedNonMaxSuppression", "TopK", "TopKV2", "LogSoftmax", "Multinomial":
		return opDecision
	case "CTCGreedyDecoder", "CTCBeamSearchDecoder", "GatherTree":
		return opDecision | opDecoder
	case "Equal", "NotEqual", "InTopK", "InTopKV2", "Less", "LessEqual", "Greater", "GreaterEqual", "ApproximateEqual",
		"EditDistance":
		return opCompare
	case "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "LRN", "LSTMBlockCell", "BlockLSTM", "BlockLSTMV2",
		"GRUBlockCell", "CudnnRNN", "CudnnRNNV2", "CudnnRNNV3", "Unique", "UniqueV2", "MaxPoolWithArgmax":
		return opOneOutput | weighted(op)
	case "MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Conv2D", "Conv3D", "DepthwiseConv2dNative",
		"DepthwiseConv2d", "Conv2DBackpropInput", "Conv3DBackpropInputV2", "BiasAdd", "BiasAddV1", "Einsum", "SparseTensorDenseMatMul", "SparseMatMul", "_FusedConv2D", "_FusedMatMul", "Prelu":
		return opWeighted
	case "Gather", "GatherV2", "GatherNd", "ResourceGather", "ResourceGatherNd":
		return opWeighted | opLookup
	}
	return 0
}

// weighted returns opWeighted for those ops of one interesting output that read weights.
func weighted(op string) opClass {
	if strings.HasPrefix(op, "Unique") || op == "LRN" || op == "MaxPoolWithArgmax" {
		return 0
	}
	return opWeighted
}

func classByPattern(op string) opClass {
	has, begins, ends := strings.Contains, strings.HasPrefix, strings.HasSuffix
	switch {
	case begins(op, "Random") && !begins(op, "RandomShuffleQueue") && !begins(op, "RandomDataset") && op != "RandomShuffle",
		begins(op, "StatelessRandom"), op == "TruncatedNormal", op == "ParameterizedTruncatedNormal",
		begins(op, "StatelessTruncatedNormal"), begins(op, "StatefulUniform"), begins(op, "StatefulStandardNormal"):
		return opRandom
	case begins(op, "QueueDequeue"):
		return opSource
	case begins(op, "QueueEnqueue"), op == "Stage", op == "MapStage", op == "OrderedMapStage":
		return opTerminal | opEnqueue
	case begins(op, "IteratorGetNext"), begins(op, "MultiDeviceIteratorGetNext"):
		return opSource
	case has(op, "Summary"):
		return opTerminal | opSummary
	case begins(op, "Save"), begins(op, "Restore"), op == "ShardedFilename", op == "ShardedFilespec",
		begins(op, "MergeV2Checkpoints"):
		return opTerminal | opSave
	case op == "Assign", begins(op, "AssignAdd"), begins(op, "AssignSub"), begins(op, "AssignVariable"),
		begins(op, "Apply"), begins(op, "SparseApply"), begins(op, "ResourceApply"), begins(op, "ResourceSparseApply"),
		begins(op, "ResourceScatter"), begins(op, "ResourceStridedSliceAssign"), op == "StridedSliceAssign", refScatter(op),
		has(op, "AccumulatorApply"), has(op, "AccumulatorTake"), has(op, "AccumulatorSet"):
		return opTerminal | opUpdate
	case begins(op, "Queue"), ends(op, "Queue"), ends(op, "QueueV2"), begins(op, "Barrier"), begins(op, "Reader"),
		begins(op, "InitializeTable"), begins(op, "LookupTableI"), begins(op, "LookupTableE"), begins(op, "LookupTableR"),
		begins(op, "MakeIterator"), ends(op, "Dataset"), ends(op, "DatasetV2"), ends(op, "DatasetV3"), ends(op, "DatasetV4"),
		ends(op, "DatasetV5"), begins(op, "IteratorFromStringHandle"), begins(op, "IteratorToStringHandle"),
		op == "Iterator", op == "IteratorV2", op == "OneShotIterator", ends(op, "TableSize"), ends(op, "Accumulator"),
		has(op, "AccumulatorNum"):
		return opTerminal
	case ends(op, "Grad"), ends(op, "GradV2"), ends(op, "GradV3"), ends(op, "GradGrad"), ends(op, "GradGradV2"),
		ends(op, "BackpropFilter"), ends(op, "BackpropFilterV2"), ends(op, "GradWithArgmax"), ends(op, "GradExt"),
		ends(op, "DepthwiseConv2dNativeBackpropInput"), ends(op, "BackpropV2") && has(op, "RNN"):
		return opGradient
	case has(op, "CrossEntropy"), begins(op, "CTCLoss"):
		return opLoss | opOneOutput
	}
	return 0
}

// refScatter reports whether op is one of the scatter ops that change a variable. ScatterNd and TensorScatterUpdate make new
// tensors.
func refScatter(op string) bool {
	return strings.HasPrefix(op, "Scatter") && op != "ScatterNd" && op != "ScatterNdNonAliasingAdd"
}
