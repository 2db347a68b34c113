package text_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/text"
)

// TestParts checks that a list that is long enough to be written in parts is written like a short one, and that errors
// count its elements from the beginning.
func TestParts(t *testing.T) {
	md := descriptor(t, "tensorflow.MetaGraphDef")
	const nodes = 15_000
	one := func(i int) string { return field(1, field(1, fmt.Sprint("node", i))+field(2, "NoOp")) }
	var all, wantText, wantJSON strings.Builder
	for i := range nodes {
		all.WriteString(one(i))
		short := field(2, one(i))
		line, err := write([]byte(short), md, text.Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantText.WriteString(strings.TrimSuffix(strings.TrimPrefix(line, "graph_def {\n"), "}\n"))
		if i > 0 {
			wantJSON.WriteString(",")
		}
		element := string(writeJSON(t, []byte(short)))
		wantJSON.WriteString(element[strings.Index(element, "[")+1 : strings.LastIndex(element, "\n    ]")])
	}
	graph := all.String()
	got, err := write([]byte(field(2, graph)), md, text.Options{})
	if want := "graph_def {\n" + wantText.String() + "}\n"; err != nil || got != want {
		t.Errorf("text of %d bytes, want %d; error %v", len(got), len(want), err)
	}
	if got, want := string(writeJSON(t, []byte(field(2, graph)))), "{\n  \"graphDef\": {\n    \"node\": ["+wantJSON.String()+"\n    ]\n  }\n}\n"; got != want {
		t.Errorf("JSON of %d bytes, want %d", len(got), len(want))
	}

	strange := field(1, field(99, "unknown"))
	err = text.Write(io.Discard, []byte(field(2, strange+graph+strings.Repeat(strange+graph, 2))), md, text.Options{})
	want := &text.UnknownFieldsError{Count: 3, Places: []text.UnknownField{
		{Path: "graph_def.node[0]", Number: 99}, {Path: fmt.Sprintf("graph_def.node[%d]", nodes+1), Number: 99}, {Path: fmt.Sprintf("graph_def.node[%d]", 2*nodes+2), Number: 99}}}
	var unknown *text.UnknownFieldsError
	if !errors.As(err, &unknown) {
		t.Fatalf("error %v, want unknown fields", err)
	}
	if diff := cmp.Diff(want, unknown); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	damaged := []byte(field(2, graph+field(1, field(1, "a\xff"))))
	path := fmt.Sprintf("graph_def.node[%d].name", nodes)
	for name, err := range map[string]error{
		"text":  text.Write(io.Discard, damaged, md, text.Options{}),
		"check": text.Check(damaged, md, text.Options{}),
		"JSON":  text.WriteJSON(io.Discard, damaged, md),
	} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not name %s", name, err, path)
		}
	}
}
