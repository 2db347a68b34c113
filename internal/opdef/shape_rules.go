package opdef

import "github.com/metagraph/metagraph/internal/tensor"

// shapeRules holds the shape rule of each supported op. The outputs of other ops have unknown shapes, which is always
// correct. A rule must never claim more than TensorFlow does; testdata/shapes.py compares them.
var shapeRules = func() map[string]shapeRule {
	rules := make(map[string]shapeRule)
	add := func(rule shapeRule, ops ...string) {
		for _, op := range ops {
			rules[op] = rule
		}
	}
	addMathRules(add)
	addNetworkRules(add)
	addArrayRules(add)
	addFlowRules(add)
	return rules
}()

func addMathRules(add func(rule shapeRule, ops ...string)) {
	add(same, "Abs", "Acos", "Acosh", "Angle", "Asin", "Asinh", "Atan", "Atanh", "BesselI0e", "BesselI1e", "Cast", "Ceil", "Conj",
		"Cos", "Cosh", "Digamma", "Elu", "Erf", "Erfc", "Exp", "Expm1", "Floor", "Imag", "Inv", "Invert", "IsFinite", "IsInf",
		"IsNan", "LeakyRelu", "Lgamma", "Log", "Log1p", "LogicalNot", "Ndtri", "Neg", "Real", "Reciprocal", "Relu", "Relu6",
		"Rint", "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Square", "Tan", "Tanh",
		"ComplexAbs", "SigmoidGrad", "TanhGrad", "InvGrad", "ReciprocalGrad", "RsqrtGrad", "SqrtGrad", "Cumsum", "Cumprod")
	add(sameAtLeast(1), "Softmax", "LogSoftmax")
	add(mergeBoth, "ReluGrad", "Relu6Grad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad", "LeakyReluGrad", "AssignAdd", "AssignSub")
	add(sameAsBoth, "ApproximateEqual")
	add(mergeInputs, "AddN")
	add(broadcastBoth, "Add", "AddV2", "Sub", "Mul", "Div", "RealDiv", "FloorDiv", "TruncateDiv", "DivNoNan", "MulNoNan", "Mod",
		"FloorMod", "TruncateMod", "Pow", "Maximum", "Minimum", "SquaredDifference", "Less", "LessEqual", "Greater", "GreaterEqual",
		"LogicalAnd", "LogicalOr", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift", "Atan2", "Complex", "Xlogy",
		"Xlog1py", "Xdivy", "Igamma", "Igammac", "Zeta", "Polygamma", "NextAfter")
	add(comparison, "Equal", "NotEqual")
	add(matMul, "MatMul", "SparseMatMul")
	add(batchMatMul(false), "BatchMatMul")
	add(batchMatMul(true), "BatchMatMulV2", "BatchMatMulV3")
	add(reduction, "Mean", "Sum", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm")
	add(argExtreme, "ArgMax", "ArgMin")
	add(topK, "TopK", "TopKV2")
	add(choose, "Select")
	add(chooseBroadcast, "SelectV2")
	add(rangeOf, "Range")
	add(linSpace, "LinSpace")
	add(segmentReduction, "SegmentSum", "SegmentMean", "SegmentMax", "SegmentMin", "SegmentProd")
	add(scalarOut, "L2Loss", "Rank", "Size")
}

func addNetworkRules(add func(rule shapeRule, ops ...string)) {
	add(convolution(2), "Conv2D")
	add(convolution(3), "Conv3D")
	add(depthwise, "DepthwiseConv2dNative")
	add(transposedConvolution, "Conv2DBackpropInput")
	add(shapeInput(1, 4), "Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter")
	add(shapeInput(0, 4), "DepthwiseConv2dNativeBackpropInput", "AvgPoolGrad")
	add(shapeInput(0, 5), "Conv3DBackpropInputV2", "AvgPool3DGrad")
	add(shapeInput(1, 5), "Conv3DBackpropFilterV2")
	add(pool(2, true), "MaxPool", "MaxPoolWithArgmax")
	add(pool(2, false), "AvgPool")
	add(pool(3, false), "MaxPool3D", "AvgPool3D")
	add(sameRank(4), "MaxPoolGrad", "LRN")
	add(sameRank(5), "MaxPool3DGrad")
	add(batchNorm, "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
	add(batchNormGrad, "FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
	add(biasAdd, "BiasAdd", "BiasAddV1")
	add(biasAddGrad, "BiasAddGrad")
	add(resize, "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")
	add(cropAndResize, "CropAndResize")
	add(depthToSpace, "DepthToSpace")
	add(spaceToDepth, "SpaceToDepth")
	add(crossEntropy, "SoftmaxCrossEntropyWithLogits")
	add(sparseCrossEntropy, "SparseSoftmaxCrossEntropyWithLogits")
	add(inTopK, "InTopK", "InTopKV2")
	for op := range trainingOps {
		add(train, op, resourcePrefix+op)
	}
}

func addArrayRules(add func(rule shapeRule, ops ...string)) {
	add(reshape, "Reshape")
	add(concat(true), "Concat")
	add(concat(false), "ConcatV2")
	add(pack, "Pack")
	add(unpack, "Unpack")
	add(squeeze, "Squeeze")
	add(expandDims, "ExpandDims")
	add(transpose, "Transpose", "ConjugateTranspose")
	add(gather, "Gather")
	add(gatherV2, "GatherV2")
	add(gatherNd, "GatherNd", "ResourceGatherNd")
	add(scatterNd, "ScatterNd")
	add(tensorScatter, "TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin",
		"ScatterNdNonAliasingAdd")
	add(oneHot, "OneHot")
	add(tile, "Tile")
	add(fill, "Fill")
	add(shapeOf, "Shape", "ShapeN")
	add(split, "Split")
	add(splitV, "SplitV")
	add(pad, "Pad", "PadV2", "MirrorPad")
	add(slice, "Slice")
	add(stridedSlice, "StridedSlice")
	add(ensureShape, "EnsureShape")
	add(stitch, "DynamicStitch", "ParallelDynamicStitch")
	add(where, "Where")
	add(vectors, "BroadcastGradientArgs")
	add(same, "ZerosLike", "OnesLike", "StopGradient", "PreventGradient", "CheckNumerics", "Print", "Snapshot", "RandomShuffle",
		"FakeQuantWithMinMaxArgs", "AsString")
	add(shapeInput(0, -1), "RandomUniform", "RandomStandardNormal", "TruncatedNormal", "ParameterizedTruncatedNormal",
		"StatelessRandomUniform", "StatelessRandomNormal", "StatelessTruncatedNormal", "Empty")
	add(sameRank(1), "InvertPermutation")
}

func addFlowRules(add func(rule shapeRule, ops ...string)) {
	add(placeholder, "Placeholder")
	add(placeholderWithDefault, "PlaceholderWithDefault")
	add(shapeAttrOut, "PlaceholderV2", "VariableV2", "TemporaryVariable")
	add(oldVariable, "Variable")
	add(scalarOut, "VarHandleOp", "VarIsInitializedOp", "IsVariableInitialized", "ScalarSummary", "HistogramSummary", "MergeSummary")
	add(constant, "Const")
	add(same, "Identity", "RefIdentity", "Exit", "RefExit", "NextIteration", "RefNextIteration", "RefEnter")
	add(identityN, "IdentityN")
	add(sameRank(0), "LoopCond")
	add(enter, "Enter")
	add(loopMerge, "Merge", "RefMerge")
	add(branch, "Switch", "RefSwitch")
	add(assign, "Assign")
	add(readVariable, "ReadVariableOp")
	add(assignVariable, "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp")
	add(resourceGather, "ResourceGather")
	add(elementShapes, "IteratorGetNext", "IteratorGetNextSync", "DatasetToSingleElement", "OptionalGetValue")
	add(save(1), "Save")
	add(save(2), "SaveSlices", "SaveV2")
	add(scalars, "Restore", "RestoreSlice")
	add(restore, "RestoreV2")
	add(scalarsOnly, "ShardedFilename", "ShardedFilespec")
	add(mergeCheckpoints, "MergeV2Checkpoints")
	for _, update := range []string{"Update", "Add", "Sub", "Mul", "Div", "Min", "Max"} {
		add(scatter, "Scatter"+update, resourcePrefix+"Scatter"+update)
		add(scatterParts, "ScatterNd"+update, resourcePrefix+"ScatterNd"+update)
	}
}

// vectors handles ops whose outputs are vectors.
func vectors(c *inference) { c.setAll(tensor.Shape{unknown}) }

// identityN passes on each input.
func identityN(c *inference) { copy(c.out, c.Inputs) }
