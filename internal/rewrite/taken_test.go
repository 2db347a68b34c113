package rewrite_test

import (
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// TestDeepNames renames and finds names with very many slashes, in memory proportional to their size.
func TestDeepNames(t *testing.T) {
	deep := strings.Repeat("a/", 100_000)
	m := message(t, `graph_def { node { name: "`+deep+`x" op: "A" } node { name: "`+deep+`y" op: "B" input: "`+deep+`x" } }`)
	base := message(t, `graph_def { node { name: "`+deep+`x/in" op: "A" } node { name: "`+deep+`y" op: "A" } }`)
	_, report, err := rewrite.Import(indexed(t, m), indexed(t, base), rewrite.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Renamed != 2 {
		t.Errorf("%d nodes are renamed, want 2: one has the name of a scope, one the name of a node", report.Renamed)
	}
	if _, _, err = rewrite.Export(indexed(t, m), rewrite.ExportOptions{Scope: "b"}); err == nil || !strings.Contains(err.Error(), `scope "b"`) {
		t.Errorf("export of a missing scope: %v", err)
	}
}
