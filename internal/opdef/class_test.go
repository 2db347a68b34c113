package opdef

import (
	"testing"
)

// TestClassify checks the classes of ops with similar names.
func TestClassify(t *testing.T) {
	tests := []struct {
		op   string
		want Class
		not  Class
	}{
		{"VariableV2", ClassVariable, ClassTerminal},
		{"VarHandleOp", ClassVariable, 0},
		{"PlaceholderWithDefault", ClassSource | ClassPlaceholder, 0},
		{"QueueDequeueManyV2", ClassSource, ClassTerminal},
		{"QueueEnqueueManyV2", ClassTerminal | ClassEnqueue | ClassKeeper, ClassSource},
		{"QueueSizeV2", ClassTerminal, ClassSource},
		{"RandomShuffleQueueV2", ClassTerminal, ClassRandom},
		{"RandomUniform", ClassRandom, 0},
		{"RandomShuffle", 0, ClassRandom},
		{"IteratorGetNext", ClassSource, ClassTerminal},
		{"IteratorV2", ClassTerminal, ClassSource},
		{"BatchDatasetV2", ClassTerminal, ClassSource},
		{"AssignSubVariableOp", ClassUpdate | ClassKeeper, 0},
		{"ResourceApplyAdam", ClassUpdate | ClassKeeper, 0},
		{"ScatterAdd", ClassUpdate, 0},
		{"ScatterNdUpdate", ClassUpdate, 0},
		{"ScatterNd", 0, ClassUpdate | ClassTerminal},
		{"TensorScatterUpdate", 0, ClassUpdate | ClassTerminal},
		{"SaveV2", ClassSave | ClassKeeper, 0},
		{"ScalarSummary", ClassSummary | ClassTerminal, ClassKeeper},
		{"WriteScalarSummary", ClassSummary, 0},
		{"Conv2DBackpropInput", ClassWeighted, ClassGradient},
		{"Conv2DBackpropFilter", ClassGradient, ClassWeighted},
		{"FusedBatchNormGradV3", ClassGradient, 0},
		{"FusedBatchNormV3", ClassOneOutput | ClassWeighted, ClassGradient},
		{"ReluGrad", ClassGradient, 0},
		{"StopGradient", ClassSame, ClassGradient},
		{"PreventGradient", ClassSame, ClassGradient},
		{"LookupTableFindV2", 0, ClassTerminal},
		{"LookupTableImportV2", ClassTerminal, 0},
		{"SparseSoftmaxCrossEntropyWithLogits", ClassLoss | ClassOneOutput, ClassDecision},
		{"StatelessWhile", ClassWhile, 0},
		{"MatMul", ClassWeighted, ClassTerminal},
		{"MyOwnOp", 0, ^Class(0)},
	}
	for _, test := range tests {
		got := Classify(test.op)
		if got&test.want != test.want || got&test.not != 0 {
			t.Errorf("%s is of the classes %b, want %b and not %b", test.op, got, test.want, test.not)
		}
	}
}
