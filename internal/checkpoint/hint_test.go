package checkpoint_test

import (
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/checkpoint"
)

// TestMatchHints checks what a match concludes from the missing keys.
func TestMatchHints(t *testing.T) {
	model := "w b conv/w conv/b"
	slots := " w/Adam w/Adam_1 b/Adam b/Adam_1 conv/w/Adam conv/w/Adam_1 conv/b/Adam conv/b/Adam_1 beta1_power beta2_power"
	averages := " w/ExponentialMovingAverage b/ExponentialMovingAverage"
	tests := []struct{ name, wanted, has, want string }{
		{"complete", model + slots, model + slots, ""},
		{"saved for inference", model + slots, model, "10 missing keys are the state of an optimizer"},
		{"another model", model + slots, "dense/kernel dense/bias w", "only 1 of the 4 keys of the model's variables: it was probably saved from another model"},
		{"another training", model + slots, "dense/kernel dense/bias beta1_power beta2_power", "it was probably saved from another model"},
		{"no averages", model + averages, model, "2 missing keys are moving averages"},
		{"a key of several", model, "w b conv/w", ""},
		{"under a scope", model, "net/w net/b net/conv/w net/conv/b", `under the scope "net/"`},
		{"object-based", model, checkpoint.ObjectGraphKey + " layer/kernel/.ATTRIBUTES/VARIABLE_VALUE", "object-based"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(checkpoint.MatchKeys(strings.Fields(test.has), strings.Fields(test.wanted)).Hints, "\n")
			if !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("hints %q, want %q", got, test.want)
			}
		})
	}
}
