package metafile_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

func read(tb testing.TB, path ...string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// openBytes opens bytes as standard input.
func openBytes(raw []byte, o metafile.OpenOptions) (*metafile.File, error) {
	o.Stdin = bytes.NewReader(raw)
	return metafile.Open("-", o)
}

func tarOf(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: "model.meta", Size: int64(len(content)), Mode: 0o644})
	if _, writeErr := w.Write(content); err != nil || writeErr != nil || w.Close() != nil {
		tb.Fatal("tar")
	}
	return out.Bytes()
}

func zipOf(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	entry, err := w.Create("model.meta")
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := entry.Write(content); err != nil || w.Close() != nil {
		tb.Fatal("zip")
	}
	return out.Bytes()
}

func gzipOf(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil || w.Close() != nil {
		tb.Fatal("gzip")
	}
	return out.Bytes()
}

// recordOf returns a record of a TFRecord file. Its checksums are wrong, because detection ignores them.
func recordOf(payload []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(payload)))
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	out = append(out, payload...)
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(payload))
}

// noise returns random bytes, like those of weights or encrypted files.
func noise(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 9))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// TestForeignFiles: unsupported files are identified regardless of their names, with a hint.
func TestForeignFiles(t *testing.T) {
	meta := testfiles.Read(t, "testdata/queues.meta")
	onnx := wiretest.Join(wiretest.Varint(1, 7), wiretest.String(2, "pytorch"), wiretest.String(3, "1.9"),
		wiretest.Message(7, wiretest.Message(1, wiretest.String(1, "input"), wiretest.String(2, "out"), wiretest.String(3, "conv1"), wiretest.String(4, "Conv")),
			wiretest.String(2, "torch-jit-export")), wiretest.Message(8, wiretest.Varint(2, 9)))
	event := wiretest.Join([]byte{0x09, 0, 0, 0x40, 0, 0, 0, 0xd8, 0x41}, wiretest.String(3, "brain.Event:2"))
	example := wiretest.Message(1, wiretest.Message(1, wiretest.String(1, "label"), wiretest.Message(2, wiretest.Message(3, wiretest.Message(1, []byte{1})))))
	for _, test := range []struct {
		name    string
		raw     []byte
		problem string
		hint    string
	}{
		{"empty", nil, "is empty", "may have failed"},
		{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"), "is a Git LFS pointer", "git lfs pull"},
		{"AppleDouble", []byte("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "), "AppleDouble", "without the ._"},
		{"op list", []byte("\n\x16\n\x03Abs\x12\x06\n\x01x\"\x01T\"\x07\n\x01T\x12\x02dt"), "is an op list", "show FILE ops"},
		{"fingerprint", []byte("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\x01\x18\x05"), "is the fingerprint of a SavedModel", "its directory"},
		{"generator bundle", wiretest.Join(
			wiretest.Message(1, wiretest.String(1, "rnn"), wiretest.String(2, "a melody model")), wiretest.String(3, "checkpoint"), wiretest.Message(4, meta),
		), "is a generator bundle of Magenta", "metagraph_file"},
		{"label map", []byte("item {\n  id: 1\n  name: \"plate\"\n}\n"), "is a label map", "give the .meta"},
		{"TensorFlow.js", []byte(`{"format": "graph-model", "generatedBy": "2.4.0", "modelTopology": {"node": []}}`), "is a TensorFlow.js model", "converted from"},
		{"decoded", []byte("\n\uFFFD\x01\n\x03a\x12\uFFFD\uFFFD\x05\uFFFD"), "is binary that was saved as text", "binary mode"},
		{"Python bytes", []byte(`b'\n\x05\n\x03abc'`), "is the text of a Python bytes literal", "'wb'"},
		{"LFS pointer, CRLF", []byte("version https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\nsize 12345\r\n"), "is a Git LFS pointer", "git lfs pull"},
		{"checkpoint index", testfiles.Read(t, "testdata/train/model.ckpt-3.index"), "is a checkpoint's index", ".meta"},
		{"checkpoint state", testfiles.Read(t, "testdata/train/checkpoint"), "is a CheckpointState", "directory"},
		{"gzip", gzipOf(t, meta), "is compressed with gzip", "gunzip"},
		{"zip", zipOf(t, meta), "is a zip archive", "unpack"},
		{"empty zip", []byte("PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "is an empty zip archive", "unpack"},
		{"bzip2", append([]byte("BZh91AY&SY"), noise(100, 1)...), "is compressed with bzip2", "bunzip2"},
		{"xz", append([]byte("\xfd7zXZ\x00"), noise(100, 2)...), "is compressed with xz", "xz -dc"},
		{"zstd", append([]byte("\x28\xb5\x2f\xfd"), noise(100, 3)...), "is compressed with zstd", "zstd -dc"},
		{"7z", append([]byte("7z\xbc\xaf\x27\x1c"), noise(100, 4)...), "is a 7z archive", "unpack"},
		{"rar", append([]byte("Rar!\x1a\x07\x01\x00"), noise(100, 4)...), "is a RAR archive", "unpack"},
		{"lz4", append([]byte("\x04\x22\x4d\x18"), noise(100, 4)...), "is compressed with lz4", "lz4 -dc"},
		{"tar", tarOf(t, meta), "is a tar archive", "unpack"},
		{"HDF5", append([]byte("\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00"), noise(200, 5)...), "is an HDF5 file", "SavedModel"},
		{"TFLite", append([]byte("\x1c\x00\x00\x00TFL3\x00\x00\x12\x00\x1c\x00"), noise(100, 6)...), "is a TFLite model", "converted from"},
		{"ONNX", onnx, "is an ONNX model", "ONNX"},
		{"event file", recordOf(event), "is a TensorBoard event file", ".meta"},
		{"TFRecord", recordOf(example), "is a TFRecord file", ".meta"},
		{"fingerprint.pb of a SavedModel", wiretest.Join(wiretest.Varint(1, 1<<63), wiretest.Varint(2, 1<<62), wiretest.Varint(3, 1<<61), wiretest.Varint(4, 1<<60), wiretest.Varint(5, 1<<59), wiretest.Message(6, wiretest.Varint(1, 1))), "is not a MetaGraphDef", ""},
		{"keras_metadata.pb of a SavedModel", wiretest.Message(1, wiretest.Varint(2, 1), wiretest.String(3, "root"), wiretest.String(4, "_tf_keras_sequential"), wiretest.String(5, `{"name": "sequential"}`), wiretest.Message(6, wiretest.Varint(1, 1))), "is not a MetaGraphDef", ""},
		{"Caffe model", wiretest.Join(wiretest.String(1, "VGG"), wiretest.Message(100, wiretest.String(1, "conv1"), wiretest.String(2, "Convolution"))), "is not a MetaGraphDef", ""},
		{"Core ML model", wiretest.Join(wiretest.Varint(1, 4), wiretest.Message(2, wiretest.Message(1, wiretest.String(1, "image"), wiretest.Message(3, wiretest.Message(4, wiretest.Varint(1, 224)))),
			wiretest.Message(10, wiretest.String(1, "prob")), wiretest.Message(100, wiretest.String(1, "a model"))), wiretest.Message(500, wiretest.String(1, "x"))), "is not a MetaGraphDef", ""},
		{"string", wiretest.String(1, "hello world"), "is text", ""},
		{"NumPy", append([]byte("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n"), noise(12, 7)...), "is a NumPy array", ""},
		{"pickle", []byte("\x80\x03}q\x00X\x01\x00\x00\x00aq\x01K\x01s."), "is a Python pickle", "pickle"},
		{"pickle, protocol 4", []byte("\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s."), "is a Python pickle", "pickle"},
		{"PDF", []byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), "is a PDF document", ""},
		{"PNG", append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), noise(50, 8)...), "is a PNG image", ""},
		{"JPEG", append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), noise(50, 9)...), "is a JPEG image", ""},
		{"ELF", append([]byte("\x7fELF\x02\x01\x01\x00"), noise(60, 10)...), "is a program (ELF)", ""},
		{"PE", append([]byte("MZ\x90\x00\x03\x00\x00\x00"), noise(60, 11)...), "is a program (PE)", ""},
		{"Mach-O", append([]byte("\xcf\xfa\xed\xfe\x07\x00\x00\x01"), noise(60, 11)...), "is a program (Mach-O)", ""},
		{"SQLite", append([]byte("SQLite format 3\x00"), noise(60, 12)...), "is an SQLite database", ""},
		{"UTF-16", []byte("\xff\xfem\x00e\x00t\x00a\x00"), "is text in UTF-16", "iconv"},
		{"UTF-16, big-endian", []byte("\xfe\xff\x00m\x00e\x00t\x00a"), "is text in UTF-16", "iconv"},
		{"HTML", []byte("<!DOCTYPE html>\n<html><head><title>404</title></head></html>"), "is an HTML page", "raw file"},
		{"HTML in lower case after blanks", []byte("\n\n  <html lang=\"en\">\n"), "is an HTML page", "raw file"},
		{"XML", []byte("<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"), "is an XML document", ""},
		{"Unity", []byte("fileFormatVersion: 2\nguid: 3c29\nfolderAsset: yes\n"), "is a YAML document", "Unity"},
		{"YAML", []byte("---\nname: x\n"), "is a YAML document", ""},
		{"zeros", make([]byte, 5000), "is only zero bytes", "disk was full"},
		{"single zero", []byte{0}, "is only zero bytes", ""},
		{"other text", []byte("Hello, world\nsecond line\n"), `is text, but not a MetaGraphDef, GraphDef or SavedModel; it begins with "Hello, world"`, "meta_info_def"},
		{"text of a different message", []byte("layer {\n  name: \"conv1\"\n}\n"), "is text, but not a ", "meta_info_def"},
		{"blanks", []byte(" \n\t \r\n"), "is text, but not a ", ""},
		{"comment", []byte("# nothing\n"), "is text, but not a ", ""},
		{"long line", []byte(strings.Repeat("é", 4000)), strings.Repeat("é", 60) + "...", ""},
		{"other JSON", []byte(`{"name": "x"}`), "is JSON, but not a ", "metaInfoDef"},
		{"truncated JSON key", []byte(`{"meta`), "is JSON, but not a ", ""},
		{"brace", []byte(`{`), "is JSON, but not a ", ""},
		{"noise", noise(5000, 13), "is not a MetaGraphDef, GraphDef or SavedModel; it begins with the bytes", ".meta"},
		{"floats", floats(5000), "is not a MetaGraphDef, GraphDef or SavedModel; it begins with the bytes", ".meta"},
		{"two bytes of noise", []byte{0xfe, 0x01}, "it begins with the bytes fe 01", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, format := range []metafile.Format{metafile.Auto, metafile.Binary, metafile.Text, metafile.JSON} {
				_, err := openBytes(test.raw, metafile.OpenOptions{Format: format})
				var e *metafile.Error
				if !errors.As(err, &e) {
					t.Fatalf("%v: the error is %v", format, err)
				}
				if !strings.HasPrefix(err.Error(), "standard input: is ") || format == metafile.Auto &&
					(!strings.Contains(err.Error(), test.problem) || !strings.Contains(e.Hint(), test.hint)) {
					t.Errorf("%v: %q, hint %q", format, err, e.Hint())
				}
			}
		})
	}
}

// floats returns bytes like those of a checkpoint's data file.
func floats(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for range n {
		out, _ = binary.Append(out, binary.LittleEndian, float32(r.NormFloat64())/10)
	}
	return out
}

// TestDetectRandomBytes: random bytes of any length are not detected as a message.
func TestDetectRandomBytes(t *testing.T) {
	taken := 0
	for seed := range uint64(3000) {
		if _, err := openBytes(noise(int(10+seed%200), seed), metafile.OpenOptions{}); err == nil {
			taken++
		}
	}
	if taken > 3 {
		t.Errorf("%d of 3000 files of random bytes are detected as messages", taken)
	}
}

// TestDataFile: a checkpoint's data file, which has no signature, is detected by its name.
func TestDataFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.ckpt-3.data-00000-of-00001")
	write(t, path, floats(100))
	_, err := metafile.Open(path, metafile.OpenOptions{})
	if err == nil || !strings.Contains(err.Error(), "is a checkpoint's data") {
		t.Errorf("the error is %v", err)
	}
}

func write(tb testing.TB, path string, raw []byte) {
	tb.Helper()
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		tb.Fatal(err)
	}
}

// TestKinds: the three kinds of messages are detected in all formats, even with little content.
func TestKinds(t *testing.T) {
	marshal := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	node := &tfpb.NodeDef{Name: "a", Op: "NoOp"}
	graph := &tfpb.GraphDef{Node: []*tfpb.NodeDef{node}}
	for _, test := range []struct {
		name   string
		raw    []byte
		kind   metafile.Kind
		format metafile.Format
		nodes  int
	}{
		{"MetaGraphDef", marshal(&tfpb.MetaGraphDef{GraphDef: graph}), metafile.MetaGraph, metafile.Binary, 1},
		{"MetaGraphDef with an empty graph", marshal(&tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{}}), metafile.MetaGraph, metafile.Binary, 0},
		{"MetaGraphDef with versions only", marshal(&tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Versions: &tfpb.VersionDef{Producer: 27}}}), metafile.MetaGraph, metafile.Binary, 0},
		{"MetaGraphDef with a saver only", marshal(&tfpb.MetaGraphDef{SaverDef: &tfpb.SaverDef{FilenameTensorName: "save/Const:0", SaveTensorName: "save/control_dependency:0"}}), metafile.MetaGraph, metafile.Binary, 0},
		{"MetaGraphDef with a collection only", marshal(&tfpb.MetaGraphDef{CollectionDef: map[string]*tfpb.CollectionDef{"losses": {Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: []string{"a:0"}}}}}}), metafile.MetaGraph, metafile.Binary, 0},
		{"MetaGraphDef with a version and a graph", marshal(&tfpb.MetaGraphDef{MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{TensorflowVersion: "1.4.0", Tags: []string{"serve"}}, GraphDef: graph}), metafile.MetaGraph, metafile.Binary, 1},
		{"MetaGraphDef, fields reversed", wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, "losses"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.CollectionDef_NodeList, wiretest.String(fieldnum.CollectionDef_NodeList_Value, "a:0")))), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "a"), wiretest.String(fieldnum.NodeDef_Op, "NoOp")))), metafile.MetaGraph, metafile.Binary, 1},
		{"GraphDef", marshal(graph), metafile.GraphDef, metafile.Binary, 1},
		{"GraphDef with versions", marshal(&tfpb.GraphDef{Node: []*tfpb.NodeDef{node, node}, Versions: &tfpb.VersionDef{Producer: 27}}), metafile.GraphDef, metafile.Binary, 2},
		{"GraphDef with versions first", wiretest.Join(wiretest.Message(fieldnum.GraphDef_Versions, wiretest.Varint(fieldnum.VersionDef_Producer, 27)), wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "a"), wiretest.String(fieldnum.NodeDef_Op, "NoOp"))), metafile.GraphDef, metafile.Binary, 1},
		{"GraphDef with a constant", marshal(&tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "w", Op: "Const", Attr: map[string]*tfpb.AttrValue{"value": {Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: 1, TensorContent: floats(50_000)}}}}}}}), metafile.GraphDef, metafile.Binary, 1},
		{"SavedModel", marshal(&tfpb.SavedModel{SavedModelSchemaVersion: 1, MetaGraphs: []*tfpb.MetaGraphDef{{GraphDef: graph}}}), metafile.SavedModel, metafile.Binary, 1},
		{"SavedModel without a version", marshal(&tfpb.SavedModel{MetaGraphs: []*tfpb.MetaGraphDef{{MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{Tags: []string{"serve"}}, GraphDef: graph}}}), metafile.SavedModel, metafile.Binary, 1},
		{"text of a MetaGraphDef", []byte("graph_def {\n  node { name: 'a' op: 'NoOp' }\n}\n"), metafile.MetaGraph, metafile.Text, 1},
		{"text after a comment", []byte("# made by hand\n# twice\n\ngraph_def { node { name: 'a' } }"), metafile.MetaGraph, metafile.Text, 1},
		{"text with a byte order mark", []byte("\ufeffgraph_def { node { name: 'a' } }"), metafile.MetaGraph, metafile.Text, 1},
		{"text with angle brackets", []byte("graph_def < node < name: 'a' > >"), metafile.MetaGraph, metafile.Text, 1},
		{"text with a colon", []byte("graph_def: { node: { name: 'a' } }"), metafile.MetaGraph, metafile.Text, 1},
		{"text with CRLF", []byte("graph_def {\r\n  node {\r\n    name: \"a\"\r\n  }\r\n}\r\n"), metafile.MetaGraph, metafile.Text, 1},
		{"text of a collection", []byte("collection_def { key: 'é' value { node_list { value: 'a' } } }"), metafile.MetaGraph, metafile.Text, 0},
		{"text of a GraphDef", []byte("node {\n  name: \"a\"\n}\nversions {\n}\n"), metafile.GraphDef, metafile.Text, 1},
		{"text of a GraphDef, versions first", []byte("versions { producer: 27 } node { name: 'a' }"), metafile.GraphDef, metafile.Text, 1},
		{"text of a GraphDef, library first", []byte("library { } node { name: 'a' }"), metafile.GraphDef, metafile.Text, 1},
		{"text of a GraphDef, nodes as a list", []byte("node [{ name: 'a' }, { name: 'b' }]"), metafile.GraphDef, metafile.Text, 2},
		{"text with a control character in a string", []byte("graph_def { node { name: 'a' attr { key: 'k' value { s: '\x01' } } } }"), metafile.MetaGraph, metafile.Text, 1},
		{"text of a SavedModel", []byte("saved_model_schema_version: 1\nmeta_graphs { graph_def { node { name: 'a' } } }"), metafile.SavedModel, metafile.Text, 1},
		{"text of a SavedModel without a version", []byte("meta_graphs { graph_def { node { name: 'a' } } }"), metafile.SavedModel, metafile.Text, 1},
		{"JSON of a MetaGraphDef", []byte(`{"graphDef": {"node": [{"name": "a", "op": "NoOp"}]}}`), metafile.MetaGraph, metafile.JSON, 1},
		{"JSON with the schema's field names", []byte(`{"graph_def": {"node": [{"name": "a"}]}}`), metafile.MetaGraph, metafile.JSON, 1},
		{"JSON with blanks and a byte order mark", []byte("\ufeff \n{ \"graphDef\" : {\"node\": [{}]}}"), metafile.MetaGraph, metafile.JSON, 1},
		{"empty JSON", []byte(" {} "), metafile.MetaGraph, metafile.JSON, 0},
		{"JSON of a GraphDef", []byte(`{"node": [{"name": "a"}], "versions": {"producer": 27}}`), metafile.GraphDef, metafile.JSON, 1},
		{"JSON of a SavedModel", []byte(`{"savedModelSchemaVersion": "1", "metaGraphs": [{"graphDef": {"node": [{"name": "a"}]}}]}`), metafile.SavedModel, metafile.JSON, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, format := range []metafile.Format{metafile.Auto, test.format} {
				f, err := openBytes(test.raw, metafile.OpenOptions{Format: format})
				if err != nil {
					t.Fatal(err)
				}
				nodes := 0
				for _, err := range f.Meta.Graph().Nodes() {
					if err != nil {
						t.Fatal(err)
					}
					nodes++
				}
				if f.Kind != test.kind || f.Format != test.format || nodes != test.nodes || f.Size != int64(len(test.raw)) {
					t.Errorf("%v in %v, %d nodes, %d bytes", f.Kind, f.Format, nodes, f.Size)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestCorpus: opening real files gives the contents that INDEX.tsv lists, which TensorFlow read.
func TestCorpus(t *testing.T) {
	index := testfiles.Shared(t, "corpus/INDEX.tsv")
	lines := strings.Split(strings.TrimSpace(string(index)), "\n")
	for _, line := range lines[1:] {
		column := strings.Split(line, "\t")
		name, version, nodes, functions, collections := column[0], column[2], column[4], column[6], column[8]
		t.Run(name, func(t *testing.T) {
			f, err := metafile.Open(testfiles.Path(t, "corpus/"+name), metafile.OpenOptions{})
			if nodes == "" {
				var e *metafile.Error
				if !errors.As(err, &e) || e.Hint() == "" {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() //nolint:errcheck // read only
			info, _ := f.Meta.Message(fieldnum.MetaGraphDef_MetaInfoDef)
			if got := string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion)); got != version {
				t.Errorf("TensorFlow version %q, want %q", got, version)
			}
			n := 0
			for _, err := range f.Meta.Graph().Nodes() {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if strconv.Itoa(n) != nodes {
				t.Errorf("%d nodes, want %s", n, nodes)
			}
			n = 0
			for _, err := range f.Meta.Graph().Functions() {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if strconv.Itoa(n) != functions {
				t.Errorf("%d functions, want %s", n, functions)
			}
			n = 0
			for key := range f.Meta.Entries(fieldnum.MetaGraphDef_CollectionDef) {
				if !strings.Contains(","+collections, ","+string(key)+":") {
					t.Errorf("collection %q is not in the index", key)
				}
				n++
			}
			if want := strings.Count(collections, "_list:"); n != want {
				t.Errorf("%d collections, want %d", n, want)
			}
		})
	}
}
