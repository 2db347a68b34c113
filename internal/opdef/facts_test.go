package opdef

import (
	"slices"
	"testing"
)

func TestMissingKernel(t *testing.T) {
	if !slices.IsSorted(noCPUKernelOps()) {
		t.Error("no_cpu_kernel.txt is not sorted")
	}
	for op, want := range map[string]string{
		"NcclAllReduce":      "a GPU",
		"CudnnRNNV2":         "a GPU",
		"InfeedDequeueTuple": "a TPU",
		"TPUReplicatedInput": "a TPU",
		"XlaSetBound":        "compilation by XLA",
		"AccumulateNV2":      "",
		"MatMul":             "",
		"CaseFoldUTF8":       "",
		"":                   "",
	} {
		if got := MissingKernel(op); got != want {
			t.Errorf("MissingKernel(%q) = %q, want %q", op, got, want)
		}
	}
}

func TestLibraryOf(t *testing.T) {
	for op, want := range map[string]string{
		"CaseFoldUTF8":                  "tensorflow-text",
		"TFText>RoundRobinTrim":         "tensorflow-text",
		"SentencepieceOp":               "tensorflow-text",
		"SentencepieceEncodeSparse":     "tf_sentencepiece",
		"SimpleMLInferenceOpWithHandle": "tensorflow_decision_forests",
		"Addons>Resampler":              "tensorflow-addons",
		"IO>DecodeWebP":                 "tensorflow-io",
		"TFRA>CuckooHashTableFind":      "tensorflow-recommenders-addons",
		"DecodeProtoSparseV4":           "struct2tensor",
		"HorovodAllreduce":              "horovod",
		"MatMul":                        "",
		"Horo":                          "",
		"__inference_CaseFoldUTF8_123":  "",
	} {
		l, ok := LibraryOf(op)
		if l.Package != want || ok != (want != "") {
			t.Errorf("LibraryOf(%q) = %q, %t; want %q", op, l.Package, ok, want)
		}
	}
}
