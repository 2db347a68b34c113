package nearest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	keys := []string{"variables", "trainable_variables", "train_op", "logits", "losses", "hparams"}
	long := strings.Repeat("a", 100_000)
	for _, test := range []struct {
		name       string
		candidates []string
		want       []string
	}{
		{"logit", keys, []string{"logits"}},
		{"lgoits", keys, []string{"logits"}},
		{"Variables", keys, []string{"variables", "trainable_variables"}},
		{"trainop", keys, []string{"train_op"}},
		{"pred", []string{"seed", "prod", "pred_1"}, []string{"prod", "pred_1"}},
		{"w_x", []string{"w", "b"}, []string{"w"}},
		{"zhs", []string{"zsh", "bash", "fish"}, []string{"zsh"}},
		{"LOGITS", keys, []string{"logits", "losses"}},
		{"hyperparameters", keys, nil},
		{"", keys, nil},
		{"ab", []string{"abc", "xyzzy", ""}, []string{"abc"}},
		{"λογιτς", []string{"λογοτς", "logits"}, []string{"λογοτς"}},
		// Very long names only match if one contains the other.
		{long, []string{long + "b", long[1:] + "bb", "a"}, []string{long + "b"}},
		{"x", nil, nil},
	} {
		if diff := cmp.Diff(test.want, Names(test.name, test.candidates, 2)); diff != "" {
			t.Errorf("Names(%.20q) (-want +got):\n%s", test.name, diff)
		}
	}
}
