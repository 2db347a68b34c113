package metafile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// kinds are tried in this order; where bytes fit several messages equally well, the first counts.
var kinds = [...]Kind{MetaGraph, SavedModel, GraphDef}

// detect tells by its content which message a file holds and how it is written down. A format other than Auto is taken at
// its word, so that text is not looked for in binary. What is none of ours is an *Error that says what it is.
func detect(name string, raw []byte, format Format) (Kind, Format, error) {
	if len(raw) == 0 {
		return 0, 0, &Error{Name: name, Problem: "is empty", Hint: "a save that was interrupted leaves such files; take another checkpoint"}
	}
	is := formatOf(raw)
	kind, ok := kindIn(raw, is)
	if !ok && is == Binary {
		// Somebody may have written a control character in text as it is, which TensorFlow reads.
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
	return 0, 0, &Error{Name: name, Problem: fmt.Sprintf("is not in the format %s: it holds a %s in %s", format, kind, is),
		Hint: "leave out --input-format: the format is told by the content"}
}

// kindIn returns the message that bytes in a format hold.
func kindIn(raw []byte, format Format) (Kind, bool) {
	switch format {
	case Text:
		return textKind(raw)
	case JSON:
		return jsonKind(raw)
	}
	return binaryKind(raw)
}

// lookAhead is how much of a file is looked at to tell text from binary.
const lookAhead = 4 << 10

// formatOf tells binary, text and JSON apart. A MetaGraphDef in binary has control characters among its first bytes (the
// tags of its fields are such), text has none.
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

// isText reports whether the beginning of a file is UTF-8 without control characters. A character that the end of head
// cuts in two does not count.
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

// byteOrderMark is what some editors put before UTF-8.
var byteOrderMark = []byte("\ufeff")

// trimSpace takes a byte order mark and white space off the beginning.
func trimSpace(raw []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(raw, byteOrderMark), " \t\r\n\v\f")
}

// textKind returns the message whose field name stands first in a text.
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

// jsonKind returns the message that has the first key of a JSON object as a field.
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

// kindWithField returns the message that has a field of that name, in the spelling of the schema or of JSON.
func kindWithField(name string) (Kind, bool) {
	for _, kind := range kinds {
		fields := kind.Descriptor().Fields()
		if fields.ByName(protoreflect.Name(name)) != nil || fields.ByJSONName(name) != nil {
			return kind, true
		}
	}
	return 0, false
}

// binaryKind returns the message that the bytes fit best. Bytes in which more speaks against every message than for it fit
// none.
func binaryKind(raw []byte) (Kind, bool) {
	best, bestScore := MetaGraph, 0
	for _, kind := range kinds {
		f := fitter{left: 400}
		f.message(raw, kind.Descriptor(), 0)
		if score := f.known - 2*f.unknown - 4*f.strange; score > bestScore {
			best, bestScore = kind, score
		}
	}
	return best, bestScore > 0
}

// A fitter counts how well bytes fit a message, over a bounded number of fields.
type fitter struct {
	left    int // fields that may still be looked at
	known   int // fields of the schema
	unknown int // fields with other numbers, such as a newer TensorFlow has
	strange int // what no TensorFlow writes
}

const (
	fitDepth = 3
	// fitFields is how many fields of one message are looked at, so that a million nodes do not hide what comes behind them.
	fitFields = 24
)

// message counts the fields of one message, and those of the messages in it.
func (f *fitter) message(raw []byte, md protoreflect.MessageDescriptor, depth int) {
	s := wire.Scan(raw)
	for n := 0; n < fitFields && f.left > 0 && s.Next(); n++ {
		f.left--
		f.field(s.Field, md, depth)
	}
	if err := s.Err(); err != nil {
		f.broken(err, md, depth)
	}
}

// field counts one field.
func (f *fitter) field(s wire.Field, md protoreflect.MessageDescriptor, depth int) {
	fd := md.Fields().ByNumber(s.Num)
	if fd == nil {
		f.unknown++
		return
	}
	if !typeFits(s.Type, fd) {
		f.strange++
		return
	}
	f.known++
	switch {
	case fd.Kind() == protoreflect.StringKind && !printable(s.Data):
		f.strange++
	case fd.Message() != nil && depth < fitDepth:
		f.message(s.Data, fd.Message(), depth+1)
	}
}

// broken counts a place where bytes stop being a message. At the top it may be the end of a truncated file, where the field
// that is cut off still says something; below the top the bytes are something else.
func (f *fitter) broken(err error, md protoreflect.MessageDescriptor, depth int) {
	var syntax *wire.SyntaxError
	if depth > 0 || !errors.As(err, &syntax) || !syntax.Truncated {
		f.strange += 3
		return
	}
	num, typ, n := protowire.ConsumeTag(syntax.At)
	if fd := md.Fields().ByNumber(num); n < 0 || fd == nil || !typeFits(typ, fd) {
		f.strange += 3
		return
	}
	f.known++
	if fd := md.Fields().ByNumber(num); fd.Message() != nil {
		if _, m := protowire.ConsumeVarint(syntax.At[n:]); m > 0 {
			cut := fitter{left: f.left}
			s := wire.Scan(syntax.At[n+m:])
			for i := 0; i < fitFields && s.Next(); i++ {
				cut.field(s.Field, fd.Message(), depth+1)
			}
			f.known, f.unknown, f.strange = f.known+cut.known, f.unknown+cut.unknown, f.strange+cut.strange
		}
	}
}

// typeFits reports whether a field of that wire type is read as fd.
func typeFits(t protowire.Type, fd protoreflect.FieldDescriptor) bool {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.StringKind, protoreflect.BytesKind:
		return t == protowire.BytesType
	case protoreflect.GroupKind:
		return t == protowire.StartGroupType
	case protoreflect.FloatKind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return t == protowire.Fixed32Type || fd.IsList() && t == protowire.BytesType
	case protoreflect.DoubleKind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return t == protowire.Fixed64Type || fd.IsList() && t == protowire.BytesType
	}
	return t == protowire.VarintType || fd.IsList() && t == protowire.BytesType
}

// printable reports whether a string is one that a person could have written.
func printable(s []byte) bool { return utf8.Valid(s) && isText(s) }

// foreign returns the error for a file that holds none of our messages.
func foreign(name string, raw []byte, format Format) *Error {
	for _, f := range foreigners {
		if f.is(name, raw) {
			return &Error{Name: name, Problem: "is " + f.what, Hint: f.hint}
		}
	}
	switch format {
	case JSON:
		return &Error{Name: name, Problem: "is JSON, but not of a MetaGraphDef, GraphDef or SavedModel",
			Hint: "protobuf's JSON of a MetaGraphDef begins with keys such as metaInfoDef, graphDef, collectionDef"}
	case Text:
		first, _, _ := strings.Cut(string(trimSpace(raw[:min(len(raw), 200)])), "\n")
		if runes := []rune(strings.TrimSpace(first)); len(runes) > 60 {
			first = string(runes[:60]) + "..."
		}
		return &Error{Name: name, Problem: fmt.Sprintf("is text, but not of a MetaGraphDef, GraphDef or SavedModel; it begins with %q", strings.TrimSpace(first)),
			Hint: "protobuf text of a MetaGraphDef begins with a field name such as meta_info_def or graph_def"}
	}
	return &Error{Name: name, Problem: fmt.Sprintf("is not a MetaGraphDef, GraphDef or SavedModel; it begins with the bytes % x", raw[:min(len(raw), 8)]),
		Hint: "a .meta file is written by tf.train.Saver.save or export_meta_graph; if this should be one, it is damaged"}
}
