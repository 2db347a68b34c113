package problems

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/testfiles"
)

func TestProblemKinds(t *testing.T) {
	rank := map[Severity]int{SeverityError: 0, SeverityWarning: 1, SeverityInfo: 2}
	seen := make(map[string]bool)
	last := 0
	for _, k := range Kinds() {
		if seen[k.ID] || k.ID == "" || k.Meaning == "" || k.Hint == "" {
			t.Errorf("kind %+v is incomplete or its id is not unique", k)
		}
		seen[k.ID] = true
		if rank[k.Severity] < last {
			t.Errorf("%s: a %s comes after a less serious kind", k.ID, k.Severity)
		}
		last = rank[k.Severity]
	}
}

var update = flag.Bool("update", false, "rewrite docs/problems.md")

// TestProblemDocs compares docs/problems.md with Kinds. With -update it writes the page:
//
//	go test ./internal/inspect/problems -run TestProblemDocs -update
func TestProblemDocs(t *testing.T) {
	path := testfiles.Path(t, "docs/problems.md")
	var b strings.Builder
	b.WriteString("# Problems\n\n" +
		"These are the problems that `metagraph show FILE problems` reports. The meaning of an id never changes.\n\n" +
		"- **error**: TensorFlow " + opdef.ReferenceVersion + " cannot import the file or run one of its constants. Import means\n" +
		"  `tf.compat.v1.train.import_meta_graph`, which `tf.saved_model.load` calls for SavedModels of TensorFlow 1.\n" +
		"- **warning**: the import succeeds, but a part of the graph does not work as expected.\n" +
		"- **info**: good to know.\n\n" +
		"| id | severity | what it means | what to do |\n|---|---|---|---|\n")
	escape := strings.NewReplacer("|", "\\|", "_", "\\_", "$", "\\$")
	for _, k := range Kinds() {
		cells := []string{"`" + k.ID + "`", string(k.Severity)}
		for _, text := range []string{k.Meaning, k.Hint} {
			// Do not escape code.
			parts := strings.Split(text, "`")
			for i := 0; i < len(parts); i += 2 {
				parts[i] = escape.Replace(parts[i])
			}
			cells = append(cells, strings.Join(parts, "`"))
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), strings.ReplaceAll(string(written), "\r\n", "\n")); diff != "" {
		t.Errorf("docs/problems.md is stale; go test ./internal/inspect/problems -run TestProblemDocs -update writes it (-want +got):\n%s", diff)
	}
}
