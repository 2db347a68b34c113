package scope

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNearest(t *testing.T) {
	keys := []string{"variables", "trainable_variables", "train_op", "logits", "losses", "hparams"}
	for _, test := range []struct {
		name string
		want []string
	}{
		{"logit", []string{"logits"}},
		{"lgoits", []string{"logits"}},
		{"Variables", []string{"variables", "trainable_variables"}},
		{"trainop", []string{"train_op"}},
		{"hyperparameters", nil},
		{"", nil},
	} {
		if diff := cmp.Diff(test.want, Nearest(test.name, keys, 2)); diff != "" {
			t.Errorf("Nearest(%q) (-want +got):\n%s", test.name, diff)
		}
	}
}
