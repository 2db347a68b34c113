package draft_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/rewrite/draft"
)

// TestConflictsAreCapped checks that a long list of conflicts ends with the number of those that it leaves out.
func TestConflictsAreCapped(t *testing.T) {
	var c draft.Conflicts
	for i := range 23 {
		if full := c.Full(); full != (i >= 20) {
			t.Errorf("after %d conflicts: full is %t", i, full)
		}
		c.Add("", "conflict %d", i)
	}
	var tail []string
	for _, conflict := range c[19:] {
		tail = append(tail, conflict.Problem)
	}
	if diff := cmp.Diff([]string{"conflict 19", "and 3 more"}, tail); diff != "" {
		t.Errorf("end of the list (-want +got):\n%s", diff)
	}
}
