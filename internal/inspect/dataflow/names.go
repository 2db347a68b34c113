package dataflow

import (
	"bytes"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
)

// Words in names that suggest what a tensor is. They match lower-case names. A word of up to three letters must not
// touch other letters.
var (
	predictionWords = []string{"output", "pred", "logit", "prob", "softmax", "sigmoid", "detect", "score", "classes", "boxes",
		"result", "decod", "embed", "infer", "polic", "action", "generat", "recon", "answer", "hypothes", "estimat",
		"feature_vector", "similar", "argmax", "class_id", "landmark", "keypoint", "mask", "heatmap", "transcript", "out", "y",
		"yhat", "q", "pi"}
	lossWords   = []string{"loss", "cost", "objective", "xent", "cross_entropy", "crossentropy", "penalt", "regulariz", "mse", "nll", "elbo"}
	metricWords = []string{"accura", "metric", "precision", "recall", "auc", "psnr", "ssim", "rmse", "mae", "error", "correct", "acc",
		"perplexity", "f1", "iou", "eval", "summar", "stat"}
	scoreWords     = []string{"accura", "recall", "precision", "metric", "acc"}
	labelWords     = []string{"label", "target", "truth", "gt", "groundtruth", "answer", "y", "ys", "y_true", "tags"}
	auxiliaryWords = []string{"keep_prob", "keepprob", "dropout", "drop_rate", "droprate", "is_train", "istrain", "training", "is_test",
		"phase", "learning_rate", "lr", "batch_size", "batchsize", "learning_phase", "momentum", "weight_decay", "temperature",
		"epsilon", "beta", "step", "rate"}
)

// says reports whether name, which must be in lower case, contains one of the words.
func says(name string, words []string) bool {
	for _, word := range words {
		for from := 0; ; {
			at := strings.Index(name[from:], word)
			if at < 0 {
				break
			}
			at += from
			if len(word) > 3 || isWholeWord(name, at, at+len(word)) {
				return true
			}
			from = at + 1
		}
	}
	return false
}

// isWholeWord reports whether no letter touches name[start:end].
func isWholeWord(name string, start, end int) bool {
	return (start == 0 || !letter(name[start-1])) && (end == len(name) || !letter(name[end]))
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// maxName is how many bytes of a name are searched for words.
const maxName = 512

// nameParts returns the scopes and the last part of a node's name, both in lower case.
func nameParts(name []byte) (scopes, last string) {
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	lower := strings.ToLower(string(name))
	slash := strings.LastIndexByte(lower, '/')
	if slash < 0 {
		return "", lower
	}
	return lower[:slash], lower[slash+1:]
}

// chosen reports whether a user chose the last part of a node's name. Otherwise TensorFlow named the node after its
// op.
func chosen(name []byte, op string) bool {
	last := name[bytes.LastIndexByte(name, '/')+1:]
	if argumentName(string(last), op) {
		return false
	}
	if rest, ok := bytes.CutPrefix(last, []byte(op)); ok && graph.UniqueSuffix(rest) {
		return false
	}
	op = strings.TrimRight(op, "0123456789")
	op = strings.TrimSuffix(op, "V") // AddV2 is called "Add"
	if rest, ok := bytes.CutPrefix(last, []byte(op)); ok && graph.UniqueSuffix(rest) {
		return false
	}
	// Python operators and functions produce lower-case names: "add_1", "truediv", "strided_slice".
	base := last
	if at := bytes.LastIndexByte(last, '_'); at > 0 && graph.UniqueSuffix(last[at:]) {
		base = last[:at]
	}
	if strings.EqualFold(strings.ReplaceAll(string(base), "_", ""), op) {
		return false
	}
	switch string(base) {
	case "add", "sub", "mul", "truediv", "div", "floordiv", "mod", "neg", "pow", "strided_slice", "stack", "unstack", "concat",
		"split", "transpose", "clip_by_value", "Minimum", "Maximum", "ones_like", "zeros_like", "cond", "dropout", "control_dependency",
		"Tensordot", "tensordot", "l2_normalize", "moments", "embedding_lookup", "logistic_loss", "xw_plus_b", "Identity",
		"group_deps", "batchnorm", "range", "ToFloat", "ToInt32", "ToInt64", "Cast", "ReduceLogSumExp", "boolean_mask", "one_hot",
		"sequence_mask", "embedding_lookup_sparse", "while", "map", "foldl", "scan", "switch_case", "Einsum", "einsum", "MatMul",
		"convert_image", "norm":
		return false
	}
	return true
}

// argumentName reports whether Python created a node by converting an argument of another op. tf.convert_to_tensor
// names it "packed" or "input" (tensorflow/python/framework/tensor_conversion_registry.py).
func argumentName(last, op string) bool {
	rest, ok := strings.CutPrefix(last, "input")
	return op == "Pack" && (last == "packed" || ok && graph.UniqueSuffix([]byte(rest)))
}

// inOpScope reports whether a node is in a scope that TensorFlow named after an op, such as Reshape_1/shape.
func inOpScope(name []byte) bool {
	scope := name[:max(bytes.LastIndexByte(name, '/'), 0)]
	scope = scope[bytes.LastIndexByte(scope, '/')+1:]
	return len(scope) > 0 && 'A' <= scope[0] && scope[0] <= 'Z'
}

// auxiliaryName reports whether a node is named like a switch or a rate.
func (d *ioFinder) auxiliaryName(i int32) bool {
	_, last := nameParts(d.g.Name(int(i)))
	return says(last, auxiliaryWords)
}
