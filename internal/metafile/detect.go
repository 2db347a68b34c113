package metafile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// kinds lists the kinds in the order in which detect tries them. If bytes fit several messages equally well, the
// first one wins.
var kinds = [...]Kind{MetaGraph, SavedModel, GraphDef}

// detect returns the kind and the format of a file, detected from its content. It trusts a format other than Auto
// and never looks for text in binary. For a file that holds none of the kinds, it returns an *Error that identifies
// the file.
func detect(name string, raw []byte, format Format) (Kind, Format, error) {
	if len(raw) == 0 {
		return 0, 0, &Error{Name: name, Problem: "is empty", Advice: "an interrupted save leaves an empty file, and so does > FILE if FILE is also the input; use another copy"}
	}
	is := formatOf(raw)
	kind, ok := kindIn(raw, is)
	if !ok && is == Binary {
		// Text may hold an unescaped control character. TensorFlow accepts that.
		if kind, ok = textKind(raw); ok {
			is = Text
		}
	}
	if format != Auto && format != is {
		if asked, ok := kindIn(raw, format); ok {
			return asked, format, nil
		}
	}
	if !ok {
		return 0, 0, foreign(name, raw, is)
	}
	if format == Auto || format == is {
		return kind, is, nil
	}
	return 0, 0, &Error{Name: name, Problem: fmt.Sprintf("is not in the format %s: it contains a %s in %s", format, kind, is), Err: ErrFormat}
}

// kindIn returns the kind of message that raw holds in the given format.
func kindIn(raw []byte, format Format) (Kind, bool) {
	switch format {
	case Text:
		return textKind(raw)
	case JSON:
		return jsonKind(raw)
	}
	return binaryKind(wire.NewRope(raw))
}

// lookAhead is the number of bytes that are examined to distinguish text from binary.
const lookAhead = 4 << 10

// formatOf distinguishes binary, text and JSON. The first bytes of a binary MetaGraphDef include control characters,
// because its tags are control characters. Text has none.
func formatOf(raw []byte) Format {
	head := raw[:min(len(raw), lookAhead)]
	if !isText(head) {
		return Binary
	}
	if trimmed := trimSpace(head); len(trimmed) > 0 && trimmed[0] == '{' {
		return JSON
	}
	return Text
}

// isText reports whether head, the beginning of a file, is UTF-8 without control characters. It ignores a character
// that is cut off at the end of head.
func isText(head []byte) bool {
	for len(head) > 0 {
		if c := head[0]; c < utf8.RuneSelf {
			if c < ' ' && (c < '\t' || c > '\r') || c == 0x7f {
				return false
			}
			head = head[1:]
			continue
		}
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(head)
		}
		head = head[n:]
	}
	return true
}

// byteOrderMark is the prefix that some editors add to UTF-8.
var byteOrderMark = []byte("\ufeff")

// trimSpace removes a byte order mark and white space from the beginning.
func trimSpace(raw []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(raw, byteOrderMark), " \t\r\n\v\f")
}

// textKind returns the kind of message that has the first field name of a text.
func textKind(raw []byte) (Kind, bool) {
	rest := trimSpace(raw)
	for len(rest) > 0 && rest[0] == '#' {
		line := bytes.IndexByte(rest, '\n')
		if line < 0 {
			return 0, false
		}
		rest = trimSpace(rest[line:])
	}
	end := 0
	for end < len(rest) && (rest[end] == '_' || 'a' <= rest[end] && rest[end] <= 'z' || '0' <= rest[end] && rest[end] <= '9') {
		end++
	}
	after := trimSpace(rest[end:])
	if len(after) == 0 || !bytes.ContainsRune([]byte(":{<[#"), rune(after[0])) {
		return 0, false
	}
	return kindWithField(string(rest[:end]))
}

// jsonKind returns the kind of message that has the first key of a JSON object as a field.
func jsonKind(raw []byte) (Kind, bool) {
	rest, ok := bytes.CutPrefix(trimSpace(raw), []byte("{"))
	if !ok {
		return 0, false
	}
	rest = trimSpace(rest)
	if len(rest) > 0 && rest[0] == '}' {
		return MetaGraph, true
	}
	if len(rest) == 0 || rest[0] != '"' {
		return 0, false
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 {
		return 0, false
	}
	return kindWithField(string(rest[1 : 1+end]))
}

// kindWithField returns the kind of message that has a field of the given name, spelled as in the schema or as in
// JSON.
func kindWithField(name string) (Kind, bool) {
	for _, kind := range kinds {
		fields := kind.Descriptor().Fields()
		if fields.ByName(protoreflect.Name(name)) != nil || fields.ByJSONName(name) != nil {
			return kind, true
		}
	}
	return 0, false
}

// binaryKind returns the kind of message that the bytes fit best. It reports false if the evidence speaks against
// every kind. It does not join the pieces of the rope.
func binaryKind(r *wire.Rope) (Kind, bool) {
	best, bestScore := MetaGraph, 0
	for _, kind := range kinds {
		f := fitter{rope: r, left: 400}
		f.message(0, r.Size(), kind.Descriptor(), 0)
		if score := f.known - 2*f.unknown - 4*f.strange; score > bestScore {
			best, bestScore = kind, score
		}
	}
	return best, bestScore > 0
}

// CheckKind returns an error if Open could not detect that a message written to path has the given kind. That
// happens if the message is empty or consists mostly of damaged or unknown fields.
func CheckKind(path string, message *wire.Rope, kind Kind, format Format) error {
	if IsStdout(path) {
		path = "standard output"
	}
	if format == Auto {
		format = FormatOf(path)
	}
	switch {
	case format == JSON:
		return nil // any object is accepted as a message
	case message.Size() == 0:
		return &Error{Name: path, Problem: fmt.Sprintf("the resulting %s would be empty", kind), Advice: "keep at least one known field"}
	case !hasKnownField(message, kind):
		return &Error{Name: path, Problem: fmt.Sprintf("the resulting %s would contain only unknown fields", kind), Advice: "keep at least one known field"}
	case format == Text:
		return nil
	}
	is, ok := binaryKind(message)
	if ok && is == kind && formatOf(message.Slice(0, min(message.Size(), lookAhead))) == Binary {
		return nil
	}
	return &Error{Name: path, Problem: fmt.Sprintf("the output would not be recognized as a %s", kind), Err: ErrUnrecognizable}
}

// hasKnownField reports whether a message has a field that is in its schema.
func hasKnownField(message *wire.Rope, kind Kind) bool {
	fields := kind.Descriptor().Fields()
	found := false
	_, _ = message.Fields(0, message.Size(), func(f wire.RopeField) bool { // damage after the field does not matter
		found = fields.ByNumber(f.Num) != nil
		return !found
	})
	return found
}

// A fitter scores how well bytes fit a message, based on a bounded number of fields.
type fitter struct {
	rope    *wire.Rope
	left    int // fields that may still be examined
	known   int // fields that are in the schema
	unknown int // fields with other numbers, perhaps from a newer TensorFlow
	strange int // features that TensorFlow never writes
}

const (
	fitDepth = 3
	// fitFields is the number of fields that are examined in one message. The limit keeps a million nodes from
	// hiding the fields after them.
	fitFields = 24
)

// message counts the fields of the message in [at, end) and those of its submessages.
func (f *fitter) message(at, end int64, md protoreflect.MessageDescriptor, depth int) {
	n := 0
	stop, err := f.rope.Fields(at, end, func(field wire.RopeField) bool {
		if n == fitFields || f.left <= 0 {
			return false
		}
		n++
		f.left--
		f.field(field, md, depth)
		return true
	})
	if err != nil {
		f.broken(err, stop, end, md, depth)
	}
}

// field counts one field.
func (f *fitter) field(s wire.RopeField, md protoreflect.MessageDescriptor, depth int) {
	fd := md.Fields().ByNumber(s.Num)
	if fd == nil {
		f.unknown++
		return
	}
	if !wire.Accepts(fd, s.Type) {
		f.strange++
		return
	}
	f.known++
	switch {
	case fd.Kind() == protoreflect.StringKind && !f.printable(s.At, s.Size):
		f.strange++
	case fd.Message() != nil && depth < fitDepth:
		f.message(s.At, s.At+s.Size, fd.Message(), depth+1)
	}
}

// broken counts a place, at, where bytes stop being a message. At the top level, the file may be truncated there, and
// the field that is cut off still counts. Below the top level, the bytes are not a message.
func (f *fitter) broken(err error, at, end int64, md protoreflect.MessageDescriptor, depth int) {
	if depth > 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		f.strange += 3
		return
	}
	header := f.rope.Slice(at, min(2*binary.MaxVarintLen64, end-at))
	num, typ, n := protowire.ConsumeTag(header)
	fd := md.Fields().ByNumber(num)
	if fd == nil || !wire.Accepts(fd, typ) {
		f.strange += 3
		return
	}
	f.known++
	if fd.Message() == nil {
		return
	}
	_, m := protowire.ConsumeVarint(header[n:])
	if m < 0 {
		return
	}
	left := fitFields
	_, _ = f.rope.Fields(at+int64(n+m), end, func(field wire.RopeField) bool { // it ends too early
		if left == 0 {
			return false
		}
		left--
		f.field(field, fd.Message(), depth+1)
		return true
	})
}

// maxPrintable is the number of bytes of a string that are examined.
const maxPrintable = 4096

// printable reports whether the beginning of a string in the rope is printable.
func (f *fitter) printable(at, size int64) bool {
	s := f.rope.Slice(at, min(size, maxPrintable))
	for k := 0; k < utf8.UTFMax && size > maxPrintable && !utf8.Valid(s); k++ {
		s = s[:len(s)-1] // drop a character that was cut off
	}
	return printable(s)
}

// printable reports whether s is valid UTF-8 without control characters.
func printable(s []byte) bool { return utf8.Valid(s) && isText(s) }

// Foreign returns an error that identifies a file of a type that metagraph does not read. It returns nil if the type
// is not recognized.
func Foreign(name string, raw []byte) error {
	for _, f := range foreigners {
		if f.is(name, raw) {
			hint := cmp.Or(f.hint, readableFiles)
			if files, err := FindCheckpoint(name); hint == theGraph && err == nil && exists(metaName(files.Prefix)) {
				hint = "the graph is in " + metaName(files.Prefix)
			}
			return &Error{Name: name, Problem: "is " + f.what, Advice: hint}
		}
	}
	return nil
}

// foreign returns the error for a file that holds no message that metagraph reads. It identifies the file if it can.
func foreign(name string, raw []byte, format Format) error {
	if err := Foreign(name, raw); err != nil {
		return err
	}
	switch format {
	case JSON:
		return &Error{Name: name, Problem: "is JSON, but not a MetaGraphDef, GraphDef or SavedModel",
			Advice: "protobuf's JSON of a MetaGraphDef begins with keys such as metaInfoDef, graphDef, collectionDef"}
	case Text:
		first, _, _ := strings.Cut(string(trimSpace(raw[:min(len(raw), 200)])), "\n")
		if runes := []rune(strings.TrimSpace(first)); len(runes) > 60 {
			first = string(runes[:60]) + "..."
		}
		return &Error{Name: name, Problem: fmt.Sprintf("is text, but not a MetaGraphDef, GraphDef or SavedModel; it begins with %q", strings.TrimSpace(first)),
			Advice: "protobuf text of a MetaGraphDef begins with a field name such as meta_info_def or graph_def"}
	}
	return &Error{Name: name, Problem: fmt.Sprintf("is not a MetaGraphDef, GraphDef or SavedModel; it begins with the bytes % x", raw[:min(len(raw), 8)]),
		Advice: "tf.train.Saver.save and export_meta_graph write .meta files; if this should be one, it is damaged"}
}
