package render

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/inspect/size"
)

func TestProblemsTable(t *testing.T) {
	problems := []problems.Problem{
		{ID: "unregistered-op", Severity: problems.SeverityError, Place: "node a", Message: "op Mine is not registered", Hint: "load it", Count: 7,
			Examples: []problems.Place{{Place: "node a", Message: "op Mine is not registered"}, {Place: "node b", Message: "op Mine is not registered"}}},
		{ID: "unregistered-op", Severity: problems.SeverityError, Place: "node c", Message: "op Yours is not registered", Hint: "load it", Count: 1},
		{ID: "no-saver", Severity: problems.SeverityInfo, Place: "saver_def", Message: "is not there", Hint: "make one", Count: 1},
	}
	var b strings.Builder
	if err := Show(&b, []View{Problems(problems)}, Options{Format: Table}); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
severity  id               count  place      what
error     unregistered-op      7  node a     op Mine is not registered
                                  node b     op Mine is not registered
                                  (5 more)
error     unregistered-op      1  node c     op Yours is not registered
                                  hint:      load it
info      no-saver             1  saver_def  is not there
                                  hint:      make one
TensorFlow 2.21 cannot import this file: 2 errors
`, "\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// If places and messages are too wide, they are printed below each other, unshortened.
func TestProblemsNarrow(t *testing.T) {
	problems := []problems.Problem{
		{ID: "unregistered-op", Severity: problems.SeverityError, Place: "node layer/a", Message: "op Mine is not registered", Hint: "load the library", Count: 2,
			Examples: []problems.Place{{Place: "node layer/a", Message: "op Mine is not registered"}, {Place: "node layer/b", Message: "op Mine is not registered"}}},
		{ID: "unregistered-op", Severity: problems.SeverityError, Place: "node c", Message: "op Yours is not registered", Hint: "load the library", Count: 2},
	}
	var b strings.Builder
	if err := Show(&b, []View{Problems(problems)}, Options{Format: Table, Width: 40}); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
severity  id               count
  place  what
error     unregistered-op      2
  node layer/a  op Mine is not
    registered
  node layer/b  op Mine is not
    registered
error     unregistered-op      2
  node c  op Yours is not registered
  (1 more)
  hint:  load the library
TensorFlow 2.21 cannot import this file:
2 errors
`, "\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestProblemsNone(t *testing.T) {
	var b strings.Builder
	if err := Show(&b, []View{Problems(nil)}, Options{Format: Table}); err != nil {
		t.Fatal(err)
	}
	if want := "no problems found: TensorFlow 2.21 can import this file\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// Parts that are not listed are summed up in one row, so that the rows add up.
func TestSizeTable(t *testing.T) {
	s := &size.Size{Bytes: 1000, NodeBytes: 900, Depth: 1,
		Fields: []size.Part{{Name: "graph_def.node", Count: 30, Bytes: 900, Share: 0.9}, {Name: "graph_def", Count: 1, Bytes: 100, Share: 0.1}},
		Scopes: []size.Part{{Name: "", Count: 30, Bytes: 900, Share: 0.9}}}
	for range 30 {
		s.Ops = append(s.Ops, size.Part{Name: "Op", Count: 1, Bytes: 30, Share: 0.03})
	}
	var b strings.Builder
	if err := Show(&b, []View{Size(s, SizeHints{})}, Options{Format: TSV}); err != nil {
		t.Fatal(err)
	}
	want := "fields\tgraph_def.node\t30\t900\t900 B\t90.0 %\n" +
		"fields\tgraph_def\t1\t100\t100 B\t10.0 %\n" +
		"scopes\t(no scope)\t30\t900\t900 B\t90.0 %\n" +
		strings.Repeat("ops\tOp\t1\t30\t30 B\t3.0 %\n", sizeRows-1) +
		"ops\t(11 others)\t11\t330\t330 B\t33.0 %\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
