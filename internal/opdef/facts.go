package opdef

import (
	_ "embed" // for the list of ops without a CPU kernel
	"slices"
	"strings"
	"sync"
)

// noCPUKernel lists the ops that TensorFlow 2.21 registers without a kernel for CPUs, sorted. testdata/no_cpu_kernel.py writes it.
//
//go:embed no_cpu_kernel.txt
var noCPUKernel string

var noCPUKernelOps = sync.OnceValue(func() []string { return strings.Fields(noCPUKernel) })

// MissingKernel returns what a machine needs to run an op that has no CPU kernel: "a TPU", "a GPU". It returns "" for ops that run
// on CPUs and for ops that TensorFlow does not register.
func MissingKernel(op string) string {
	if _, missing := slices.BinarySearch(noCPUKernelOps(), op); !missing {
		return ""
	}
	switch {
	case hasAnyPrefix(op, "Cudnn", "Nccl", "_Nccl", "BatchFFT", "BatchIFFT", "SegmentMaxV2", "SegmentMinV2", "SegmentProdV2", "SegmentSumV2",
		"SparseMatrix", "GenerateBoundingBoxProposals", "CTCLossV2"):
		return "a GPU"
	case strings.Contains(op, "TPU"), strings.Contains(op, "Tpu"), strings.Contains(op, "SparseCore"), strings.Contains(op, "Infeed"),
		strings.Contains(op, "Outfeed"), hasAnyPrefix(op, "CrossReplicaSum", "CollectivePermute", "AllToAll", "Prelinearize"):
		return "a TPU"
	case strings.HasPrefix(op, "Xla"), strings.HasPrefix(op, "_Xla"):
		return "compilation by XLA"
	}
	return "a TensorFlow build with a kernel for it"
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// RunsPython reports whether an op calls a Python function. The function lives in the process that built the graph; the file holds
// only a number for it (tensorflow/python/ops/script_ops.py).
func RunsPython(op string) bool {
	switch op {
	case "PyFunc", "PyFuncStateless", "EagerPyFunc":
		return true
	}
	return false
}

// A Library is a package that registers ops TensorFlow does not have.
type Library struct {
	Package string // what to install: "tensorflow-text"
	Import  string // the Python statement that registers the ops: "import tensorflow_text"
}

// libraries lists the ops of known packages. The names were read out of the packages' own op libraries: an op belongs to the package
// if it is listed or begins with one of the prefixes.
var libraries = []struct {
	Library
	prefixes, ops []string
}{
	{Library{"tensorflow-text", "import tensorflow_text"}, []string{"TFText>"}, []string{
		"CaseFoldUTF8", "ConstrainedSequence", "FastBertNormalize", "FastWordpieceTokenizeWithOffsets", "FindSourceOffsets",
		"MaxSpanningTree", "NormalizeUTF8", "NormalizeUTF8WithOffsetsMap", "PhraseTokenize", "RegexSplitWithOffsets", "RougeL",
		"SentenceFragments", "SentenceFragmentsV2", "SentencepieceDetokenizeOp", "SentencepieceIdToStringOp", "SentencepieceOp",
		"SentencepieceStringToIdOp", "SentencepieceTokenizeOp", "SentencepieceTokenizeWithOffsetsOp", "SentencepieceVocabSizeOp",
		"SplitMergeTokenizeWithOffsets", "TokenizerFromLogits", "UnicodeScriptTokenizeWithOffsets", "WhitespaceTokenizeWithOffsets",
		"WordpieceTokenizeWithOffsets"}},
	{Library{"tf_sentencepiece", "import tf_sentencepiece"}, nil, []string{
		"SentencepieceDecode", "SentencepieceEncodeDense", "SentencepieceEncodeSparse", "SentencepieceGetPieceSize",
		"SentencepieceGetPieceType", "SentencepieceIdToPiece", "SentencepiecePieceToId"}},
	{Library{"tensorflow_decision_forests", "import tensorflow_decision_forests"}, []string{"SimpleML"}, nil},
	{Library{"tensorflow-addons", "import tensorflow_addons"}, []string{"Addons>"}, nil},
	{Library{"tensorflow-io", "import tensorflow_io"}, []string{"IO>"}, nil},
	{Library{"tensorflow-recommenders-addons", "import tensorflow_recommenders_addons"}, []string{"TFRA>"}, nil},
	{Library{"struct2tensor", "import struct2tensor"}, nil, []string{
		"DecodeProtoMap", "DecodeProtoMapV2", "DecodeProtoSparseV2", "DecodeProtoSparseV3", "DecodeProtoSparseV4", "EquiJoinAnyIndices",
		"EquiJoinIndices", "ParquetDataset", "RunLengthBefore"}},
	{Library{"horovod", "import horovod.tensorflow"}, []string{"Horovod"}, nil},
}

// LibraryOf returns the package that registers an op which TensorFlow does not have. ok is false if none is known.
func LibraryOf(op string) (l Library, ok bool) {
	for _, l := range libraries {
		if hasAnyPrefix(op, l.prefixes...) || slices.Contains(l.ops, op) {
			return l.Library, true
		}
	}
	return Library{}, false
}
