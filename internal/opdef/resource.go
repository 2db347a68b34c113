package opdef

import "strings"

// resourceKinds maps each op that creates a resource with a shared_name to the kind of the resource. Ops of one kind
// with the same shared_name, container and device share a resource (ResourceMgr in
// tensorflow/core/framework/resource_mgr.h).
var resourceKinds = map[string]string{
	"VarHandleOp": "variable",
	"Variable":    "reference variable", "VariableV2": "reference variable",

	"HashTable": "table", "HashTableV2": "table", "MutableHashTable": "table", "MutableHashTableV2": "table",
	"MutableHashTableOfTensors": "table", "MutableHashTableOfTensorsV2": "table", "MutableDenseHashTable": "table",
	"MutableDenseHashTableV2": "table",

	"FIFOQueue": "queue", "FIFOQueueV2": "queue", "PaddingFIFOQueue": "queue", "PaddingFIFOQueueV2": "queue", "PriorityQueue": "queue",
	"PriorityQueueV2": "queue", "RandomShuffleQueue": "queue", "RandomShuffleQueueV2": "queue", "Barrier": "barrier",

	"FixedLengthRecordReader": "reader", "FixedLengthRecordReaderV2": "reader", "IdentityReader": "reader", "IdentityReaderV2": "reader",
	"LMDBReader": "reader", "TFRecordReader": "reader", "TFRecordReaderV2": "reader", "TextLineReader": "reader",
	"TextLineReaderV2": "reader", "WholeFileReader": "reader", "WholeFileReaderV2": "reader",

	"Iterator": "iterator", "IteratorV2": "iterator", "OneShotIterator": "iterator", "MultiDeviceIterator": "multi-device iterator",

	"ConditionalAccumulator": "accumulator", "SparseConditionalAccumulator": "accumulator",
	"ResourceConditionalAccumulator": "resource accumulator",

	"Stage": "staging area", "Unstage": "staging area", "StagePeek": "staging area", "StageSize": "staging area", "StageClear": "staging area",
	"MapStage": "staging map", "MapUnstage": "staging map", "MapUnstageNoKey": "staging map", "MapPeek": "staging map",
	"MapSize": "staging map", "MapIncompleteSize": "staging map", "MapClear": "staging map",
	"OrderedMapStage": "ordered staging map", "OrderedMapUnstage": "ordered staging map", "OrderedMapUnstageNoKey": "ordered staging map",
	"OrderedMapPeek": "ordered staging map", "OrderedMapSize": "ordered staging map", "OrderedMapIncompleteSize": "ordered staging map",
	"OrderedMapClear": "ordered staging map",

	"AddSparseToTensorsMap": "sparse tensor map", "AddManySparseToTensorsMap": "sparse tensor map",
	"TakeManySparseFromTensorsMap": "sparse tensor map",

	"Batch": "batcher", "BatchFunction": "batcher", "Unbatch": "unbatcher", "UnbatchGrad": "unbatcher", "MutexV2": "mutex",
	"SummaryWriter": "summary writer", "NcclAllReduce": "collective", "RpcClient": "RPC client",
	"BoostedTreesEnsembleResourceHandleOp": "tree ensemble", "BoostedTreesQuantileStreamResourceHandleOp": "quantile stream",
	"StatsAggregatorHandle": "stats aggregator", "StatsAggregatorHandleV2": "stats aggregator",
	"ExperimentalStatsAggregatorHandle": "stats aggregator", "ThreadPoolHandle": "thread pool", "ExperimentalThreadPoolHandle": "thread pool",
}

// ResourceKind returns the kind of resource that an op stores under its shared_name, such as "variable" or "table". It
// returns "" if the op stores none.
func ResourceKind(op []byte) string { return resourceKinds[string(op)] }

// IsTable reports whether an op holds a lookup table that other ops can find by its name.
func IsTable(op string) bool {
	return strings.Contains(op, "HashTable") && !strings.HasPrefix(op, "Anonymous")
}

// IsMutableTable reports whether an op holds a lookup table whose contents a saver saves.
func IsMutableTable(op string) bool {
	return strings.HasPrefix(op, "Mutable") && strings.Contains(op, "HashTable")
}

// InitializesTable reports whether an op fills a table before the graph runs.
func InitializesTable(op string) bool { return strings.HasPrefix(op, "InitializeTable") }

// ImportsTable reports whether an op replaces the contents of a table by its inputs.
func ImportsTable(op string) bool { return op == "LookupTableImport" || op == "LookupTableImportV2" }
