package metafile_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// allocatedBy returns the number of bytes that use allocates.
func allocatedBy(use func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	use()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzOpen: for any file, nothing panics, memory is proportional to its size, an error is one line, and an opened message can be
// rebuilt.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"queues.meta", "collections.meta", "graph.pbtxt", "train/checkpoint", "train/model.ckpt-3.index"} {
		raw := testfiles.Read(f, "testdata/"+name)
		f.Add(raw[:min(len(raw), 8<<10)], byte(0))
		f.Add(raw[:min(len(raw), 300)], byte(0))
	}
	for _, text := range []string{
		"graph_def { node { name: 'a' attr { key: 'T' value { type: DT_FLOAT } } } }", "saved_model_schema_version: 1 meta_graphs { }",
		`{"graphDef": {"node": [{"name": "a"}]}}`, `{"collectionDef": {"c": {"anyList": {"value": [{"@type": "a/b.C", "value": "AA=="}]}}}}`,
		"version https://git-lfs.github.com/spec/v1\n", "\x1f\x8b", "{", "<", "#", " ", "\xff\xfe", "\ufeff{}", "node < name: \"\\377\" >",
	} {
		for format := range byte(4) {
			f.Add([]byte(text), format)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, format byte) {
		if len(raw) > 64<<10 {
			return
		}
		var file *metafile.File
		var err error
		allocated := allocatedBy(func() {
			file, err = openBytes(raw, metafile.OpenOptions{Format: metafile.Format(format % 4)})
		})
		// The first use decodes the schema's descriptors.
		if allocated > 16<<20+2000*uint64(len(raw)) {
			t.Errorf("%d bytes allocated for %d", allocated, len(raw))
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "standard input: ") || len(err.Error()) > 4000 {
				t.Errorf("the error is %.500q", err)
			}
			return
		}
		checkOpened(t, file)
	})
}

// checkOpened walks a file and rebuilds its message.
func checkOpened(t *testing.T, file *metafile.File) {
	t.Helper()
	_ = file.Annotate(walk(file.Meta.Graph()))
	rebuilt, err := file.Rebuild(file.Meta.Rope())
	if err != nil {
		t.Fatalf("Rebuild: %v", err)
	}
	was, is := kindMessage(file.Kind), kindMessage(file.Kind)
	if proto.Unmarshal(file.Bytes, was) == nil && (proto.Unmarshal(rebuilt.Bytes(), is) != nil || !proto.Equal(was, is)) {
		t.Error("Rebuild with the same MetaGraphDef returns a different message")
	}
	if file.Kind == metafile.MetaGraph && proto.Unmarshal(file.Bytes, new(tfpb.MetaGraphDef)) == nil {
		graph, err := metafile.GraphOf(wire.NewRope(file.Bytes))
		if err != nil || !bytes.HasSuffix(file.Meta.Graph(), graph.Bytes()) {
			t.Errorf("GraphOf: %v", err)
		}
	}
}
