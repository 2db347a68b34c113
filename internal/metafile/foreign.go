package metafile

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A foreigner is a type of file that users pass to metagraph and that it does not read.
type foreigner struct {
	is   func(name string, raw []byte) bool
	what string // "a Git LFS pointer", as in "x.meta is ..."
	hint string
}

// theGraph is the hint for the files of a checkpoint.
const theGraph = "the graph is in the .meta file with the same prefix"

// theModel is the hint for the other files of a SavedModel.
const theModel = "give the SavedModel: its directory, or the saved_model.pb in it"

// readableFiles is the hint for a file that has nothing to do with a graph.
const readableFiles = "give a .meta file, a GraphDef, a SavedModel or a checkpoint"

// foreigners are tried in this order, after the messages that metagraph reads. None of them can therefore hide a
// real graph.
var foreigners = []foreigner{
	{begins("version https://git-lfs.github.com/spec/"), "a Git LFS pointer, not the file itself", "fetch the file with: git lfs pull"},
	{func(_ string, raw []byte) bool { return IsTable(raw) }, "a checkpoint's index, which contains the names of its tensors", theGraph},
	// The values of tensors have no signature, so the name counts.
	{func(name string, _ []byte) bool { return dataSuffix.MatchString(name) }, "a checkpoint's data, which contains the values of its tensors", theGraph},
	{begins("\x00\x05\x16\x07"), "a macOS metadata file (AppleDouble)", "the file itself has the same name without the ._ prefix"},
	{called("keras_metadata.pb"), "the Keras metadata of a SavedModel, which contains layers", theModel},
	{called("tfhub_module.pb"), "the marker of a TensorFlow Hub module", theModel},
	{called("saved_model.cpb"), "a SavedModel in chunks (proto splitter)", "load it with TensorFlow and save it again; under 2 GiB it becomes a saved_model.pb"},
	{isFingerprint, "the fingerprint of a SavedModel, which contains hashes", theModel},
	{isGeneratorBundle, "a generator bundle of Magenta, which contains a checkpoint and a MetaGraphDef",
		"unpack it with Magenta: the field metagraph_file is the .meta file, checkpoint_file the checkpoint"},
	{isOpList, "an op list, which contains the definitions of ops", "give the .meta or .pb file of a graph; `metagraph show FILE ops` lists the ops it uses"},
	{isLabelMap, "a label map, which names the classes of a detector", "give the .meta or .pb file of the model"},
	{isTFJS, "a TensorFlow.js model", "it stores its graph in another format; give the SavedModel that it was converted from"},
	{isDecoded, "binary that was saved as text: bytes were replaced by U+FFFD", "the lost bytes cannot be restored; copy or download the file again in binary mode"},
	{isPythonBytes, "the text of a Python bytes literal, not the bytes", "write the bytes themselves to a file opened with mode 'wb'"},
	{begins("model_checkpoint_path:"), "a CheckpointState, which names checkpoints", "give its directory, or one of the checkpoints that it names"},
	{begins("\x1f\x8b"), "compressed with gzip", "decompress it first: gunzip < FILE | metagraph show -"},
	{begins("PK\x03\x04"), "a zip archive", "unpack it; a .keras or .pt file in zip form contains no MetaGraphDef"},
	{begins("PK\x05\x06"), "an empty zip archive", "unpack it; a .keras or .pt file in zip form contains no MetaGraphDef"},
	{begins("BZh"), "compressed with bzip2", "decompress it first: bunzip2 < FILE | metagraph show -"},
	{begins("\xfd7zXZ\x00"), "compressed with xz", "decompress it first: xz -dc FILE | metagraph show -"},
	{begins("\x28\xb5\x2f\xfd"), "compressed with zstd", "decompress it first: zstd -dc FILE | metagraph show -"},
	{begins("\x04\x22\x4d\x18"), "compressed with lz4", "decompress it first: lz4 -dc FILE | metagraph show -"},
	{begins("7z\xbc\xaf\x27\x1c"), "a 7z archive", "unpack it first"},
	{begins("Rar!\x1a\x07"), "a RAR archive", "unpack it first"},
	{at(257, "ustar"), "a tar archive", "unpack it first"},
	{begins("\x89HDF\r\n\x1a\n"), "an HDF5 file, such as Keras writes", "Keras models contain layers, not a graph; export a SavedModel with Keras and give its directory"},
	{at(4, "TFL3"), "a TFLite model", "it does not contain a GraphDef; use the model that it was converted from"},
	{isONNX, "an ONNX model", "metagraph reads only TensorFlow graphs; use an ONNX tool"},
	{isEventFile, "a TensorBoard event file", "the graph in it is the one that the training job also wrote as graph.pbtxt or .meta"},
	{isTFRecord, "a TFRecord file, which contains data", "give the model's .meta file"},
	{begins("\x93NUMPY"), "a NumPy array", ""},
	{isPickle, "a Python pickle", "metagraph reads only TensorFlow graphs; loading a pickle can run code"},
	{begins("%PDF-"), "a PDF document", ""},
	{begins("\x89PNG\r\n\x1a\n"), "a PNG image", ""},
	{begins("\xff\xd8\xff"), "a JPEG image", ""},
	{begins("\x7fELF"), "a program (ELF)", ""},
	{begins("MZ"), "a program (PE)", ""},
	{begins("\xcf\xfa\xed\xfe"), "a program (Mach-O)", ""},
	{begins("SQLite format 3\x00"), "an SQLite database", ""},
	{isUTF16, "text in UTF-16", "protobuf text is UTF-8; convert it first, for example: iconv -f UTF-16 -t UTF-8"},
	{isHTML, "an HTML page", "the server returned a web page instead of the file; download the raw file"},
	{begins("<?xml"), "an XML document", ""},
	{isYAML, "a YAML document, like Unity's .meta files", "Unity's asset descriptions also end in .meta; give a TensorFlow .meta file"},
	{allZero, "only zero bytes", "the disk was full or the copy was interrupted; copy the file again"},
}

// called returns a test for the name of a file. It identifies messages by name that their content does not
// distinguish.
func called(want string) func(string, []byte) bool {
	return func(name string, _ []byte) bool { return filepath.Base(name) == want }
}

func begins(magic string) func(string, []byte) bool { return at(0, magic) }

// at returns a test for bytes at a fixed offset.
func at(offset int, magic string) func(string, []byte) bool {
	return func(_ string, raw []byte) bool {
		return len(raw) >= offset && bytes.HasPrefix(raw[offset:], []byte(magic))
	}
}

// The footer of a file in LevelDB's table format (tensorflow/core/lib/io/format.h).
const (
	TableFooter = 48                 // size in bytes
	TableMagic  = 0xdb4775248b80fb57 // the last eight bytes, in little-endian
)

// IsTable reports whether raw, or the end of raw, is in LevelDB's table format, which V1 checkpoints and the index of V2 checkpoints use.
func IsTable(raw []byte) bool {
	return len(raw) >= TableFooter && binary.LittleEndian.Uint64(raw[len(raw)-8:]) == TableMagic
}

// isFingerprint tests for a FingerprintDef (tensorflow/core/protobuf/fingerprint.proto): four hashes, a version, an id.
func isFingerprint(name string, raw []byte) bool {
	hashes := 0
	s := wire.Scan(raw)
	for s.Next() {
		switch {
		case s.Num <= 4 && s.Type == protowire.VarintType && s.Uint() > 1<<32:
			hashes++
		case s.Num <= 4 && s.Type == protowire.VarintType, s.Is(5), s.Is(6):
		default:
			return false
		}
	}
	return s.Err() == nil && (hashes >= 2 || filepath.Base(name) == "fingerprint.pb")
}

// isGeneratorBundle tests for a GeneratorBundle of Magenta: an id and a description, then a checkpoint and a MetaGraphDef.
func isGeneratorBundle(_ string, raw []byte) bool {
	const details, checkpointFile, metaGraphFile = 1, 3, 4
	id, description, graph := false, false, false
	s := wire.Scan(raw)
	for s.Next() {
		switch {
		case s.Is(details):
			id = hasName(s.Data)
			description = printable(wire.Last(s.Data, 2))
		case s.Is(metaGraphFile):
			m, err := wire.ParseMetaGraph(s.Data)
			graph = err == nil && len(m.Graph()) > 0
		case s.Is(2), s.Is(checkpointFile):
		default:
			return false
		}
	}
	return s.Err() == nil && id && description && graph
}

// hasName reports whether the first field of message is a printable name, as in OpDef and its arguments and attrs.
func hasName(message []byte) bool {
	name := wire.Last(message, fieldnum.OpDef_Name)
	return len(name) > 0 && printable(name)
}

// isOpList tests for an OpList: OpDefs with a name in camel case and an argument or an attr that has a name.
func isOpList(_ string, raw []byte) bool {
	named, described := 0, 0
	s := wire.Scan(raw)
	for n := 0; n < 16 && s.Next(); n++ {
		if !s.Is(fieldnum.OpList_Op) {
			return false
		}
		for f := wire.Scan(s.Data); f.Next(); {
			switch {
			case f.Is(fieldnum.OpDef_Name) && printable(f.Data) && len(f.Data) > 0:
				named++
			case (f.Is(fieldnum.OpDef_InputArg) || f.Is(fieldnum.OpDef_OutputArg) || f.Is(fieldnum.OpDef_Attr)) && hasName(f.Data) && wire.Check(f.Data) == nil:
				described++
			}
		}
	}
	return s.Err() == nil && named > 0 && described > 0
}

// isLabelMap tests for a StringIntLabelMap of the object detection API in text.
func isLabelMap(_ string, raw []byte) bool {
	head := string(raw[:min(len(raw), lookAhead)])
	return strings.HasPrefix(strings.TrimSpace(head), "item") && strings.Contains(head, "id:") && strings.Contains(head, "name:")
}

// isTFJS tests for the model.json that tensorflowjs_converter writes.
func isTFJS(_ string, raw []byte) bool {
	head := trimSpace(raw[:min(len(raw), lookAhead)])
	if len(head) == 0 || head[0] != '{' {
		return false
	}
	for _, key := range []string{`"modelTopology"`, `"weightsManifest"`, `"convertedBy"`} {
		if bytes.Contains(head, []byte(key)) {
			return true
		}
	}
	return false
}

// isDecoded detects binary that a program decoded as UTF-8 and encoded again. Such a file has control characters and
// several replacement characters (U+FFFD).
func isDecoded(_ string, raw []byte) bool {
	head := raw[:min(len(raw), 64<<10)]
	return bytes.Count(head, []byte("\uFFFD")) >= 3 && bytes.ContainsAny(head, "\x00\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12\x14\x18")
}

// isPythonBytes detects the text that Python prints for bytes.
func isPythonBytes(_ string, raw []byte) bool {
	head := trimSpace(raw[:min(len(raw), lookAhead)])
	return (bytes.HasPrefix(head, []byte("b'")) || bytes.HasPrefix(head, []byte(`b"`))) && bytes.Contains(head, []byte(`\x`))
}

// isONNX tests for an ir_version, a producer's name or opset and a graph of ModelProto.
func isONNX(_ string, raw []byte) bool {
	version, rest := false, false
	s := wire.Scan(raw)
	for n := 0; n < 16 && s.Next(); n++ {
		switch {
		case s.Num == 1 && s.Type == protowire.VarintType:
			version = s.Uint() < 100
		case s.Is(2) || s.Is(3) || s.Is(4) || s.Is(6):
			if !printable(s.Data) {
				return false
			}
		case s.Is(7), s.Is(8):
			rest = true
		case s.Num > 25:
			return false
		}
	}
	return version && rest
}

// record returns the payload of the first record of a file in TFRecord framing: length, checksum, payload, checksum.
func record(raw []byte) ([]byte, bool) {
	if len(raw) < 16 {
		return nil, false
	}
	n := binary.LittleEndian.Uint64(raw)
	if n == 0 || n > uint64(len(raw)-16) {
		return nil, false
	}
	return raw[12 : 12+n], true
}

func isEventFile(_ string, raw []byte) bool {
	payload, ok := record(raw)
	return ok && bytes.Contains(payload, []byte("brain.Event:"))
}

func isTFRecord(_ string, raw []byte) bool {
	payload, ok := record(raw)
	return ok && wire.Check(payload) == nil
}

// isPickle tests for the header of pickle protocols 2 to 5.
func isPickle(_ string, raw []byte) bool {
	return len(raw) > 2 && raw[0] == 0x80 && raw[1] >= 2 && raw[1] <= 5 && raw[len(raw)-1] == '.'
}

func isUTF16(_ string, raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff"))
}

func isHTML(_ string, raw []byte) bool {
	head := strings.ToLower(string(trimSpace(raw[:min(len(raw), 512)])))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") || strings.Contains(head, "<head>")
}

func isYAML(_ string, raw []byte) bool {
	head := trimSpace(raw)
	for _, mark := range []string{"%YAML", "---", "fileFormatVersion:"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	return false
}

func allZero(_ string, raw []byte) bool {
	return len(bytes.Trim(raw[:min(len(raw), lookAhead)], "\x00")) == 0
}
