package rewrite_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestFilterCollections checks which of five collections are kept, the order in the report, and the errors.
func TestFilterCollections(t *testing.T) {
	message := wiretest.Join(collection("variables", "v"), graph(node("v")), collection("train_op", "t"), collection("losses"),
		collection("trainable_variables", "v"), collection("my keys*"), collection("losses", "again"))
	for _, test := range []struct {
		name, keep, drop string
		allowMissing     bool
		kept, dropped    []string
		problem, remedy  string
	}{
		{name: "keep one", keep: "losses", kept: []string{"losses"}, dropped: []string{"variables", "train_op", "trainable_variables", "my keys*"}},
		{name: "keep by pattern", keep: "*variables", kept: []string{"variables", "trainable_variables"}, dropped: []string{"train_op", "losses", "my keys*"}},
		{name: "drop", drop: "train*", kept: []string{"variables", "losses", "my keys*"}, dropped: []string{"train_op", "trainable_variables"}},
		{name: "keep and drop", keep: "*variables", drop: "train*", kept: []string{"variables"}, dropped: []string{"train_op", "losses", "trainable_variables", "my keys*"}},
		{name: "keep all", keep: "*", kept: []string{"variables", "train_op", "losses", "trainable_variables", "my keys*"}, dropped: []string{}},
		{name: "a star in a key", keep: "my keys*", kept: []string{"my keys*"}, dropped: []string{"variables", "train_op", "losses", "trainable_variables"}},
		{name: "upper case is another key", keep: "Losses", problem: `no collection named "Losses"`, remedy: `did you mean "losses"?`},
		{name: "typos", keep: "losses,trian_op", drop: "variable", problem: `no collections named "trian_op", "variable"`,
			remedy: `did you mean "train_op", "variables", "trainable_variables"?`},
		{name: "nothing near", keep: "xyzzy", problem: `no collection named "xyzzy"`,
			remedy: `available: "losses", "my keys*", "train_op", "trainable_variables", "variables"`},
		{name: "missing and allowed", keep: "losses,xyzzy", allowMissing: true, kept: []string{"losses"}, dropped: []string{"variables", "train_op", "trainable_variables", "my keys*"}},
		{name: "all missing and allowed", keep: "xyzzy", allowMissing: true, kept: []string{}, dropped: []string{"variables", "train_op", "losses", "trainable_variables", "my keys*"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			keep, _ := globs(test.keep)
			drop, _ := globs(test.drop)
			_, report, err := rewrite.FilterCollections(parse(t, message), rewrite.CollectionOptions{Keep: keep, Drop: drop, AllowMissing: test.allowMissing})
			if test.problem != "" {
				var missing *rewrite.MissingError
				if !errors.As(err, &missing) || err.Error() != test.problem || missing.Hint() != test.remedy {
					t.Fatalf("the error is %v (%+v)", err, missing)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&rewrite.CollectionsReport{Kept: test.kept, Dropped: test.dropped}, report); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFilterWithoutCollections checks the error for a file without collections.
func TestFilterWithoutCollections(t *testing.T) {
	keep, _ := globs("losses")
	_, _, err := rewrite.FilterCollections(parse(t, graph(node("a"))), rewrite.CollectionOptions{Keep: keep})
	var missing *rewrite.MissingError
	if !errors.As(err, &missing) || missing.Hint() != "the file has no collections" {
		t.Errorf("the error is %v (%+v)", err, missing)
	}
}
