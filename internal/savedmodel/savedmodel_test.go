package savedmodel_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/savedmodel"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// message returns a small SavedModel.
func message(tb testing.TB) (*tfpb.SavedModel, *wire.Rope) {
	tb.Helper()
	m := &tfpb.SavedModel{SavedModelSchemaVersion: 1, MetaGraphs: []*tfpb.MetaGraphDef{{MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{Tags: []string{"serve"}}}}}
	raw, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return m, wire.NewRope(raw)
}

// values opens the checkpoint of a trained model.
func values(tb testing.TB) *checkpoint.Checkpoint {
	tb.Helper()
	c, err := checkpoint.Open(testfiles.Path(tb, "testdata/iris/model.ckpt-1"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// files returns the files under dir, and the empty directories with `/` after their names.
func files(tb testing.TB, dir string) []string {
	tb.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err != nil || !entry.IsDir() {
			found = append(found, filepath.ToSlash(name))
			return err
		}
		if entries, err := os.ReadDir(path); err == nil && len(entries) == 0 && path != dir {
			found = append(found, filepath.ToSlash(name)+"/")
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

func ready() error { return nil }

// TestWrite writes models of all kinds, and reads them again.
func TestWrite(t *testing.T) {
	want, raw := message(t)
	source := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(source, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := source + ".no"
	all := []string{"beta1_power", "beta2_power", "global_step", "layer/biases", "layer/biases/Adam", "layer/biases/Adam_1", "layer/weights", "layer/weights/Adam", "layer/weights/Adam_1"}
	for _, test := range []struct {
		name  string
		model savedmodel.Model
		files []string
		keys  []string
	}{
		{"a graph alone", savedmodel.Model{}, []string{"saved_model.pb", "variables/"}, nil},
		{"as text", savedmodel.Model{Format: metafile.Text}, []string{"saved_model.pbtxt", "variables/"}, nil},
		{"all values", savedmodel.Model{Values: checkpoint.Source{Checkpoint: values(t)}}, []string{"saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"}, all},
		{"some values", savedmodel.Model{Values: checkpoint.Source{Checkpoint: values(t), Key: func(key string) (string, bool) {
			return key, strings.HasPrefix(key, "layer/") && !strings.Contains(key, "Adam")
		}}},
			[]string{"saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"}, []string{"layer/biases", "layer/weights"}},
		{"assets", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words", Sources: []string{missing, source}}, {Filename: "sub/words", Sources: []string{source}}, {Filename: "words", Sources: []string{source, missing}}}},
			[]string{"assets/sub/words", "assets/words", "saved_model.pb", "variables/"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.model.Message, test.model.Dirs = raw, []string{filepath.Dir(source)}
			dir := filepath.Join(t.TempDir(), "models", "1")
			if err := test.model.Write(context.Background(), dir, ready); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.files, files(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			got := new(tfpb.SavedModel)
			unmarshal := proto.Unmarshal
			if test.model.Format == metafile.Text {
				unmarshal = prototext.Unmarshal
			}
			written, _ := os.ReadFile(filepath.Join(dir, test.files[slices.IndexFunc(test.files, func(name string) bool { return strings.HasPrefix(name, "saved_model.") })]))
			if err := unmarshal(written, got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if test.keys != nil {
				checkVariables(t, filepath.Join(dir, "variables", "variables"), test.keys)
			}
		})
	}
}

// checkVariables checks the keys of a checkpoint, and that their values are undamaged.
func checkVariables(t *testing.T, prefix string, want []string) {
	t.Helper()
	c, err := checkpoint.Open(prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // read only
	var keys []string
	names := make(map[string]bool)
	for i := range c.Tensors {
		keys, names[c.Tensors[i].Name] = append(keys, c.Tensors[i].Name), true
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if damaged, err := c.Verify(context.Background(), names, nil); err != nil || len(damaged) > 0 {
		t.Errorf("damaged: %v, %v", damaged, err)
	}
}

// TestWriteRefuses: the error names what cannot be written, and nothing is left.
func TestWriteRefuses(t *testing.T) {
	_, raw := message(t)
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	if err := errors.Join(os.WriteFile(one, []byte("1"), 0o600), os.WriteFile(two, []byte("2"), 0o600), os.Mkdir(filepath.Join(dir, "full"), 0o755), os.WriteFile(filepath.Join(dir, "full", "old"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	for _, test := range []struct {
		name  string
		model savedmodel.Model
		out   string
		ready func() error
		want  string
	}{
		{"not empty", savedmodel.Model{}, "full", ready, "DIR/full: is a directory that is not empty"},
		{"an asset without a file", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words", Tensor: "c:0", Sources: []string{one + ".no", two + ".no"}}}}, "out", ready, `DIR/one.no: file not found; the graph reads its path from "c:0"`},
		{"an asset without a path", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words"}}}, "out", ready, `the asset "words" is missing`},
		{"a directory as an asset", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words", Tensor: "c:0", Sources: []string{filepath.Join(dir, "full")}}}}, "out", ready, `DIR/full: is not a regular file; the graph reads its path from "c:0"`},
		{"an asset of another directory", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words", Tensor: "c:0", Sources: []string{outside, one + ".no"}}}}, "out", ready, outside + `: is not copied: it is hidden, or outside the directory of the graph; the graph reads its path from "c:0"`},
		{"an asset outside", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "../words", Sources: []string{one}}}}, "out", ready, `the asset "../words" has a path outside of the SavedModel`},
		{"two files for one asset", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words", Sources: []string{one}}, {Filename: "words", Sources: []string{two}}}}, "out", ready, `the files "DIR/one" and "DIR/two" would both become the asset "words"`},
		{"not ready", savedmodel.Model{Assets: []savedmodel.Asset{{Filename: "words", Sources: []string{one}}}}, "new/out", func() error { return errors.New("the input changed") }, "the input changed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.model.Message, test.model.Dirs = raw, []string{dir}
			err := test.model.Write(context.Background(), filepath.Join(dir, filepath.FromSlash(test.out)), test.ready)
			if want := strings.ReplaceAll(test.want, "DIR", dir); err == nil || filepath.ToSlash(err.Error()) != filepath.ToSlash(want) {
				t.Errorf("the error is %v, want %s", err, want)
			}
			if diff := cmp.Diff(before, files(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}
