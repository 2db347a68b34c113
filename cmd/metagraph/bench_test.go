package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// BenchmarkCommands runs commands on a training graph of 100,000 nodes. packaging/profile makes the compiler's profile from it.
func BenchmarkCommands(b *testing.B) {
	in, out := filepath.Join(b.TempDir(), "in.meta"), filepath.Join(b.TempDir(), "out")
	content := testfiles.Encode(b, replicated(b, testfiles.Read(b, "testdata/train/model.ckpt-3.meta"), 100_000))
	if err := os.WriteFile(in, content, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, line := range []string{
		"show IN", "show IN io", "show IN problems", "show IN all --format json", "clear-devices -q IN OUT",
		"filter-collections -q --keep train_op IN OUT", "import -q --import-scope s IN OUT", "export -q --as-text IN OUT", "diff IN IN",
	} {
		b.Run(line, func(b *testing.B) {
			args := strings.Fields(strings.NewReplacer("IN", in, "OUT", out).Replace(line))
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				var problem strings.Builder
				if code := runIn(context.Background(), args, newEnvironment(strings.NewReader(""), io.Discard, &problem)); code == exitError {
					b.Fatal(problem.String())
				}
				_ = os.Remove(out)
			}
		})
	}
}

// replicated returns a graph of about n nodes: copies of the nodes of a MetaGraphDef, each in a scope of its own.
func replicated(t testing.TB, content []byte, n int) *tfpb.MetaGraphDef {
	m := new(tfpb.MetaGraphDef)
	if err := proto.Unmarshal(content, m); err != nil {
		t.Fatal(err)
	}
	nodes := m.GraphDef.Node
	for copies := 1; copies*len(nodes) < n; copies++ {
		prefix := fmt.Sprintf("replica_%d/", copies)
		for _, node := range nodes {
			replica := proto.CloneOf(node)
			replica.Name = prefix + node.Name
			for i, input := range node.Input {
				name, control := strings.CutPrefix(input, "^")
				replica.Input[i] = map[bool]string{true: "^"}[control] + prefix + name
			}
			for i, group := range node.Attr["_class"].GetList().GetS() {
				replica.Attr["_class"].GetList().S[i] = []byte(wire.GroupPrefix + prefix + strings.TrimPrefix(string(group), wire.GroupPrefix))
			}
			m.GraphDef.Node = append(m.GraphDef.Node, replica)
		}
	}
	return m
}
