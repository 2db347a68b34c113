package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// match matches a checkpoint with the graph in a .meta file.
func match(t testing.TB, c *checkpoint.Checkpoint, path string) *checkpoint.Match {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := wire.ParseMetaGraph(raw)
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.New(meta.Graph())
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.MatchGraph(c, meta, g)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMatchCorpus: the savers of real graphs match their checkpoints.
func TestMatchCorpus(t *testing.T) {
	indexes := testfiles.Glob(t, "corpus/*.index", "../shared/checkpoints/*.index")
	if len(indexes) == 0 {
		t.Skip("no corpus")
	}
	for _, index := range indexes {
		prefix := strings.TrimSuffix(index, ".index")
		t.Run(filepath.Base(prefix), func(t *testing.T) {
			m := match(t, open(t, prefix), prefix+".meta")
			if m == nil || m.Wanted == 0 || m.Found != m.Wanted || !m.Fits() || len(m.Unused) > 0 {
				t.Errorf("match: %+v", m)
			}
		})
	}
}

// TestCallsFanOut checks that functions which call each other many times do not multiply the work. Without a limit, the bodies below
// are visited 20 to the power of 8 times.
func TestCallsFanOut(t *testing.T) {
	m := testfiles.Plain()
	m.SaverDef = &tfpb.SaverDef{RestoreOpName: "restore"}
	m.GraphDef.Node = append(m.GraphDef.Node, &tfpb.NodeDef{Name: "restore", Op: "f0"})
	m.GraphDef.Library = &tfpb.FunctionDefLibrary{}
	for i := range 9 {
		f := &tfpb.FunctionDef{Signature: &tfpb.OpDef{Name: fmt.Sprint("f", i)}}
		for k := range 20 {
			f.NodeDef = append(f.NodeDef, &tfpb.NodeDef{Name: fmt.Sprint("call", k), Op: fmt.Sprint("f", i+1)})
		}
		m.GraphDef.Library.Function = append(m.GraphDef.Library.Function, f)
	}
	meta := testfiles.MetaGraph(t, m)
	g, err := graph.New(meta.Graph())
	if err != nil {
		t.Fatal(err)
	}
	if found, err := checkpoint.RestoredBy(meta, g); err != nil || len(found) > 0 {
		t.Errorf("got %v, %v; want nothing", found, err)
	}
}
