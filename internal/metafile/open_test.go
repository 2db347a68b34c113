package metafile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestOpenTruncated truncates a file at every byte. Open returns an error that says so, or a complete message.
func TestOpenTruncated(t *testing.T) {
	for _, name := range []string{"queues.meta", "saved_model/saved_model.pb"} {
		whole := testfiles.Read(t, "testdata/"+name)
		kind := metafile.MetaGraph
		if name != "queues.meta" {
			kind = metafile.SavedModel
		}
		step := 1 + len(whole)/3000
		for n := 0; n < len(whole); n += step {
			f, err := openBytes(whole[:n:n], metafile.OpenOptions{TagSet: map[bool]string{true: "serve"}[kind == metafile.SavedModel]})
			if err == nil {
				if f.Kind != kind || proto.Unmarshal(whole[:n], kindMessage(kind)) != nil {
					t.Errorf("%s, %d bytes: opened as a complete %v", name, n, f.Kind)
				}
				continue
			}
			var e *metafile.Error
			if !errors.As(err, &e) {
				t.Fatalf("%s, %d bytes: the error is %v", name, n, err)
			}
			// The first bytes are not enough to detect the kind. After that, the error names it.
			if n > 150 && !strings.Contains(err.Error(), "is a truncated "+kind.String()) && !strings.Contains(err.Error(), "no tag-set") {
				t.Errorf("%s, %d bytes: %v", name, n, err)
			}
		}
	}
}

func kindMessage(kind metafile.Kind) proto.Message {
	switch kind {
	case metafile.SavedModel:
		return new(tfpb.SavedModel)
	case metafile.GraphDef:
		return new(tfpb.GraphDef)
	}
	return new(tfpb.MetaGraphDef)
}

// TestTruncatedMessage checks the full error for an interrupted download.
func TestTruncatedMessage(t *testing.T) {
	whole := testfiles.Read(t, "testdata/queues.meta")
	_, err := openBytes(whole[:4000], metafile.OpenOptions{})
	var e *metafile.Error
	if !errors.As(err, &e) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("the error is %v", err)
	}
	if !strings.Contains(err.Error(), "standard input: is a truncated MetaGraphDef: it ends at byte 4000, in the field that begins at byte ") ||
		e.Hint() != "copy or download it again; a truncated file cannot be repaired" {
		t.Errorf("%q, hint %q", err, e.Hint())
	}
}

// TestOpenDamaged changes every byte of a file. Nothing panics, and errors say where the damage is.
func TestOpenDamaged(t *testing.T) {
	whole := testfiles.Read(t, "testdata/queues.meta")
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= [...]byte{0x01, 0x80, 0xff, 0x08}[i%4]
		f, err := openBytes(damaged, metafile.OpenOptions{})
		if err == nil {
			err = f.Annotate(walk(f.Meta.Graph()))
		}
		if err != nil && !strings.HasPrefix(err.Error(), "standard input: ") {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

// walk visits all nodes and returns the first error.
func walk(g wire.Graph) error {
	for _, err := range g.Nodes() {
		if err != nil {
			return err
		}
	}
	for f, err := range g.Functions() {
		if err != nil {
			return err
		}
		for _, err := range f.Nodes() {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// TestLocate: positions in a window become positions in the file.
func TestLocate(t *testing.T) {
	node := wiretest.Join(wiretest.String(fieldnum.NodeDef_Name, "a"), []byte{0x12, 0x40, 'x'}) // an op that is too long for its node
	raw := wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion, "1.4.0")), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, bytes.Repeat(wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "ok"), wiretest.String(fieldnum.NodeDef_Op, "NoOp")), 9), wiretest.Message(fieldnum.GraphDef_Node, node)),
		wiretest.Message(fieldnum.MetaGraphDef_SaverDef, wiretest.String(fieldnum.SaverDef_FilenameTensorName, "save/Const:0")))
	f, err := openBytes(raw, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = f.Annotate(walk(f.Meta.Graph()))
	want := "standard input: the MetaGraphDef is damaged at byte 124: field 2 has a length of 64 bytes, but 1 bytes follow"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %v", err, want)
	}
	if err := f.Annotate(nil); err != nil {
		t.Errorf("Annotate(nil) = %v", err)
	}
	if err := f.Annotate(io.ErrClosedPipe); !errors.Is(err, io.ErrClosedPipe) || err.Error() != "standard input: io: read/write on closed pipe" {
		t.Errorf("other error: %v", err)
	}

	// The same inside a complete SavedModel: the file is damaged, not truncated.
	saved := wiretest.Join(wiretest.Varint(fieldnum.SavedModel_SavedModelSchemaVersion, 1), wiretest.Message(fieldnum.SavedModel_MetaGraphs, raw[:len(raw)-3]))
	if _, err = openBytes(saved, metafile.OpenOptions{}); err == nil || !strings.Contains(err.Error(), "the SavedModel is damaged at byte 132: field 3 has a length of") {
		t.Errorf("truncated MetaGraphDef inside a SavedModel: %v", err)
	}
}

// TestLengthBeyondEnd: a length beyond the end of the file is an error and allocates no memory.
func TestLengthBeyondEnd(t *testing.T) {
	good := wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion, "1.4.0"))
	for name, tail := range map[string][]byte{
		"2 GiB":           {0x12, 0x80, 0x80, 0x80, 0x80, 0x08},
		"2^63":            {0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
		"2^64-1":          {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"one more":        {0x12, 0x02, 0x0a},
		"length cut off":  {0x12, 0x80},
		"length too long": append([]byte{0x12}, bytes.Repeat([]byte{0x80}, 11)...),
	} {
		allocated := allocatedBy(func() {
			if _, err := openBytes(wiretest.Join(good, tail), metafile.OpenOptions{}); err == nil {
				t.Errorf("%s: no error", name)
			}
		})
		if allocated > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", name, allocated)
		}
	}
}

// TestDeepNesting opens files with excessive nesting, in each format.
func TestDeepNesting(t *testing.T) {
	const deep = 10_000
	messages := wiretest.String(1, "x")
	for range deep {
		messages = wiretest.Message(1, messages)
	}
	groups := wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion, "1")), bytes.Repeat([]byte{0x7b}, deep), bytes.Repeat([]byte{0x7c}, deep))
	for name, raw := range map[string][]byte{
		"messages":            wiretest.Message(fieldnum.MetaGraphDef_GraphDef, messages),
		"groups":              groups,
		"groups not closed":   groups[:len(groups)-deep/2],
		"text":                []byte("graph_def " + strings.Repeat("{ library ", deep) + strings.Repeat("}", deep)),
		"text, open":          []byte("graph_def " + strings.Repeat("{", deep)),
		"text, attr lists":    []byte("graph_def { node { attr { value { " + strings.Repeat("func { attr { value { ", deep) + strings.Repeat("} } } ", deep) + "} } } }"),
		"text, lists":         []byte("graph_def " + strings.Repeat("[", deep)),
		"JSON, objects":       []byte(`{"graphDef": ` + strings.Repeat(`{"library": `, deep) + strings.Repeat("}", deep+1)),
		"JSON, arrays":        []byte(`{"graphDef": ` + strings.Repeat(`[`, deep) + strings.Repeat("]", deep) + "}"),
		"JSON, attr lists":    []byte(`{"graphDef": {"node": [{"attr": {"a": ` + strings.Repeat(`{"func": {"attr": {"a": `, deep) + strings.Repeat("}}}", deep) + "}}]}}"),
		"JSON, a million {":   []byte(strings.Repeat(`{"graphDef":`, 1_000_000)),
		"text, a million {":   []byte("graph_def " + strings.Repeat("{ node ", 1_000_000)),
		"text, a million <":   []byte(strings.Repeat("graph_def <", 1_000_000)),
		"binary, a million (": bytes.Repeat([]byte{0x13}, 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := openBytes(raw, metafile.OpenOptions{})
			if err != nil {
				var e *metafile.Error
				if !errors.As(err, &e) || len(err.Error()) > 500 {
					t.Errorf("the error is %.600q", err)
				}
				return
			}
			_ = walk(f.Meta.Graph()) // must not panic
		})
	}
}

// TestOpenText: text and JSON, from files and pipes, give the same message as binary.
func TestOpenText(t *testing.T) {
	want := new(tfpb.MetaGraphDef)
	if err := proto.Unmarshal(testfiles.Read(t, "testdata/collections.meta"), want); err != nil {
		t.Fatal(err)
	}
	want.CollectionDef = map[string]*tfpb.CollectionDef{"losses": want.CollectionDef["losses"]}
	text, err := prototext.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "x.meta") // the name must not matter
	write(t, path, text)
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := new(tfpb.MetaGraphDef)
	if err := proto.Unmarshal(f.Bytes, got); err != nil || !proto.Equal(want, got) || f.Format != metafile.Text || f.Size != int64(len(text)) {
		t.Errorf("different message (%v), %v, %d bytes", err, f.Format, f.Size)
	}
	for what, text := range map[string]string{
		"is not readable as a MetaGraphDef in text": "graph_def { node { nam: 'a' } }",
		"is not readable as a GraphDef in text":     "node { name: 'a' ",
		"is not readable as a MetaGraphDef in JSON": `{"graphDef": {"nodes": []}}`,
		"is not readable as a GraphDef in JSON":     `{"node": [{"name": 5}]}`,
	} {
		_, err := openBytes([]byte(text), metafile.OpenOptions{})
		if err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "\u00a0") || strings.Contains(err.Error(), "proto:") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestOpenLargeFile: a large file is mapped, windows refer to the mapping, and Close unmaps it.
func TestOpenLargeFile(t *testing.T) {
	raw := largeGraph(400 << 10)
	path := filepath.Join(t.TempDir(), "large.meta")
	write(t, path, raw)
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.Bytes, raw) || f.Path != path || f.Name != path {
		t.Error("wrong bytes or name")
	}
	if err := f.Changed(); err != nil {
		t.Errorf("it changed: %v", err)
	}
	if runtime.GOOS != "windows" { // Windows does not allow truncating a mapped file
		if err := os.Truncate(path, int64(len(raw)-1)); err != nil {
			t.Fatal(err)
		}
		var e *metafile.Error
		if err := f.Changed(); !errors.As(err, &e) || !strings.Contains(err.Error(), "changed while it was read") {
			t.Errorf("truncated, but Changed returns %v", err)
		}
	}
	for range 2 { // a second Close does nothing
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := f.Changed(); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

// largeGraph returns a MetaGraphDef with a constant of n bytes.
func largeGraph(n int) []byte {
	return wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion, "1.4.0")), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "w"), wiretest.String(fieldnum.NodeDef_Op, "Const"),
		wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "value"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.AttrValue_Tensor, wiretest.Varint(fieldnum.TensorProto_Dtype, 4), wiretest.Message(fieldnum.TensorProto_TensorContent, bytes.Repeat([]byte{7}, n))))))))
}

// TestGuard: Guard survives a file that is truncated while it is read, and hides no other panic.
func TestGuard(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not allow truncating a mapped file")
	}
	path := filepath.Join(t.TempDir(), "large.meta")
	write(t, path, largeGraph(1<<20))
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	sum := byte(0)
	err = metafile.Guard(func() error {
		for _, c := range f.Bytes {
			sum += c
		}
		return nil
	})
	if err == nil || err.Error() != "an input got shorter while it was read" {
		t.Skipf("no fault for a truncated file on this system: %v", err)
	}
	if err := metafile.Guard(func() error { return io.EOF }); err != io.EOF { //nolint:errorlint // the same error
		t.Errorf("an error became %v", err)
	}
	defer func() {
		if cause := recover(); cause != "a mistake" {
			t.Errorf("the panic became %v", cause)
		}
	}()
	_ = metafile.Guard(func() error { panic("a mistake") })
}

// TestOpenStdin: standard input can be a pipe or a file.
func TestOpenStdin(t *testing.T) {
	raw := largeGraph(300 << 10)
	path := filepath.Join(t.TempDir(), "large.meta")
	write(t, path, append([]byte("8 before"), raw...))
	for _, offset := range []int64{8, 0} {
		if offset == 0 {
			write(t, path, raw)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		f, err := metafile.Open("", metafile.OpenOptions{Stdin: file, Format: metafile.Binary})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Bytes, raw) || f.Name != "standard input" || f.Path != "" {
			t.Errorf("from %d: %d bytes of %q", offset, len(f.Bytes), f.Name)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		_ = file.Close() // mapped files were closed with f
	}
	small := testfiles.Read(t, "testdata/queues.meta")
	f, err := metafile.Open("-", metafile.OpenOptions{Stdin: iotest.OneByteReader(bytes.NewReader(small))})
	if err != nil || !bytes.Equal(f.Bytes, small) {
		t.Errorf("byte by byte: %v", err)
	}
	if _, err := metafile.Open("-", metafile.OpenOptions{Stdin: iotest.TimeoutReader(bytes.NewReader(small))}); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("broken pipe: %v", err)
	}
	if _, err := metafile.Open("-", metafile.OpenOptions{}); err == nil {
		t.Error("empty input: no error")
	}
}

// TestTagSets: MetaGraphDefs are selected from SavedModels by tag-set.
func TestTagSets(t *testing.T) {
	path := testfiles.Path(t, "testdata/saved_model")
	for _, test := range []struct{ tagSet, tags, problem string }{
		{"serve", "serve", ""},
		{"serve,gpu", "serve,gpu", ""},
		{"gpu, serve", "serve,gpu", ""},
		{"gpu,serve,serve", "serve,gpu", ""},
		{"", "", `is a SavedModel of 2 MetaGraphDefs with the tag-sets "serve", "serve,gpu"`},
		{"gpu", "", `has no tag-set "gpu"; available: "serve", "serve,gpu"`},
		{"serve,gpu,tpu", "", `has no tag-set "serve,gpu,tpu"; available: "serve", "serve,gpu"`},
	} {
		f, err := metafile.Open(path, metafile.OpenOptions{TagSet: test.tagSet})
		if test.problem != "" {
			var e *metafile.Error
			if !errors.As(err, &e) || !strings.HasSuffix(err.Error(), "saved_model.pb: "+test.problem) ||
				!errors.Is(err, metafile.ErrTagSet) || len(e.TagSets) != 2 {
				t.Errorf("%q: %v", test.tagSet, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"serve", "serve,gpu"}, f.TagSets); diff != "" || f.Tags != test.tags || f.Kind != metafile.SavedModel {
			t.Errorf("%q: tags %q, %v\n%s", test.tagSet, f.Tags, f.Kind, diff)
		}
	}

	tagged := func(tags ...string) []byte {
		var info []byte
		for _, tag := range tags {
			info = append(info, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_Tags, tag)...)
		}
		return wiretest.Message(fieldnum.SavedModel_MetaGraphs, wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, info, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion, "2.1.0")), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "n"))))
	}
	for _, test := range []struct {
		name    string
		raw     []byte
		tagSet  string
		problem string
		kind    error
	}{
		{"one without tags", tagged(), "", "", nil},
		{"the one without tags", wiretest.Join(tagged(), tagged("serve")), ",", "", nil},
		{"two without tags", wiretest.Join(tagged(), tagged("a"), tagged()), "", `the tag-sets "", "a", ""`, metafile.ErrTagSet},
		{"none has tags", wiretest.Join(tagged(), tagged()), "", `the tag-sets "", ""`, metafile.ErrTagSet},
		{"one, another asked for", tagged("serve"), "train", `has no tag-set "train"; available: "serve"`, metafile.ErrTagSet},
		{"very many", bytes.Repeat(tagged("a", "b"), 100), "", `"a,b", and 80 more`, metafile.ErrTagSet},
		{"no MetaGraphDef", wiretest.Varint(fieldnum.SavedModel_SavedModelSchemaVersion, 1), "", "is a SavedModel without a MetaGraphDef", nil},
		{"no SavedModel", testfiles.Read(t, "testdata/queues.meta"), "serve", `is a MetaGraphDef, which has no tag-set "serve"`, metafile.ErrNoTagSets},
		{"a GraphDef", testfiles.Read(t, "testdata/graph.pbtxt"), "serve", `is a GraphDef, which has no tag-set "serve"`, metafile.ErrNoTagSets},
	} {
		_, err := openBytes(test.raw, metafile.OpenOptions{TagSet: test.tagSet})
		if test.problem == "" && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) ||
			test.kind != nil && !errors.Is(err, test.kind) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestParseFormat checks the names of the formats.
func TestParseFormat(t *testing.T) {
	for _, f := range []metafile.Format{metafile.Auto, metafile.Binary, metafile.Text, metafile.JSON} {
		if got, err := metafile.ParseFormat(f.String()); err != nil || got != f {
			t.Errorf("%v is %v, %v", f, got, err)
		}
	}
	if f, err := metafile.ParseFormat(""); err != nil || f != metafile.Auto {
		t.Errorf("nothing is %v, %v", f, err)
	}
	if _, err := metafile.ParseFormat("yaml"); err == nil || err.Error() != `unknown format "yaml"; use auto, binary, text, json` {
		t.Errorf("yaml: %v", err)
	}
}
