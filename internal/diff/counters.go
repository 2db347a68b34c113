package diff

import (
	"bytes"
	"strings"
)

// userName is the attr that holds the user's name for an argument of a function. For a captured tensor it is a number from a
// counter of TensorFlow (tensorflow/python/framework/func_graph.py).
const userName = "_user_specified_name"

// isCounter reports whether a user-specified name is such a number.
func isCounter(name []byte) bool {
	return len(name) > 0 && len(bytes.TrimLeft(name, "0123456789")) == 0
}

// withoutCounters returns a function's name without the numbers that TensorFlow takes from a counter: those between underscores and
// at the end (__inference_call_123, while_body_45_rewritten).
func withoutCounters(name string) string {
	parts := strings.Split(name, "_")
	kept := parts[:0]
	for _, part := range parts {
		if !isCounter([]byte(part)) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "_")
}
