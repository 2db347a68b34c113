package diff

import (
	"bytes"
	"strings"
)

// userName is the attr that names what the user called an argument of a function. For a captured tensor that is a number that
// TensorFlow counts up (tensorflow/python/framework/func_graph.py).
const userName = "_user_specified_name"

// isCounter reports whether a user-specified name is such a number.
func isCounter(name []byte) bool {
	return len(name) > 0 && len(bytes.TrimLeft(name, "0123456789")) == 0
}

// withoutCounters returns a function's name with each number between underscores, and at the end, left out: TensorFlow takes them
// from a counter (__inference_call_123, while_body_45_rewritten).
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
