package text

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// Options controls how text represents unknown fields. The zero value rejects them.
type Options struct {
	// AllowUnknown represents them by number, as MessageToString(print_unknown_fields=True) does. Without it, they are
	// an error.
	AllowUnknown bool
}

// Write writes message, of type md, as text to w. The output is byte for byte that of MessageToString in Python's
// google/protobuf/text_format.py, which export_meta_graph(as_text=True) and write_graph of TensorFlow use.
//
// Write streams: beyond the message, it holds a few buffers of text.
//
// If the message holds fields that md lacks and o does not allow them, the error is an *UnknownFieldsError, and the
// output is incomplete. Check detects this beforehand. If the bytes are not a valid message (cut off, a string that
// is not UTF-8, nested more than 100 deep), TensorFlow would reject them too. The error then wraps a
// *wire.SyntaxError and names the place.
//
// An Any is expanded if TensorFlow has its type. It stays type_url and value if Python could not write or read back
// its expansion: odd characters in the URL, a value that is not such a message, or unknown fields next to the value.
func Write(w io.Writer, message []byte, md protoreflect.MessageDescriptor, o Options) error {
	p := newPrinter(o)
	p.out = w
	if err := p.root(message, md); err != nil {
		return err
	}
	return p.flush()
}

const (
	// maxDepth is the maximum nesting depth of messages, which is protobuf's limit in all languages.
	maxDepth = 100
	// flushSize is the size of the text buffer.
	flushSize = 64 << 10
	// escapeSize is the number of bytes of a string that are escaped at a time.
	escapeSize = 16 << 10
)

// A printer writes one message.
type printer struct {
	*tables
	out     io.Writer
	buf     []byte
	options Options
	quiet   bool // check everything, write nothing
	mute    bool // quiet, for parts that protobuf parses and drops; unknown fields do not count
	part    bool // one of several printers that inParts uses
	unknown UnknownFieldsError
	path    []step
	spans   []span
	entries []entry
}

// A span is the range of a message that holds the occurrences of one field. Other fields may lie between them.
type span struct {
	first int // start of the first occurrence
	last  int // start of the last occurrence
	end   int // end of the last occurrence
	count int
}

// A dropped is the location of a field that another field of its oneof replaced. Its field is nil if there is none.
type dropped struct {
	field      *field
	first, end int
}

func newPrinter(o Options) *printer {
	return &printer{tables: newTables(), options: o}
}

// root writes the outermost message.
func (p *printer) root(message []byte, md protoreflect.MessageDescriptor) error {
	if len(message) > math.MaxInt32 {
		return fmt.Errorf("message has %d bytes: protobuf allows 2 GiB - 1", len(message))
	}
	if err := p.message(message, p.of(md), 0); err != nil {
		return err
	}
	if p.unknown.Count > 0 && !p.options.AllowUnknown {
		return &p.unknown
	}
	return nil
}

// flush writes the buffer.
func (p *printer) flush() error {
	if len(p.buf) == 0 || p.out == nil {
		return nil
	}
	_, err := p.out.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}

// filled flushes the buffer if it is full.
func (p *printer) filled() error {
	if len(p.buf) < flushSize {
		return nil
	}
	return p.flush()
}

// spaces is the longest possible indentation.
var spaces = bytes.Repeat([]byte{' '}, 2*(maxDepth+8))

// line writes the start of a line.
func (p *printer) line(indent int, label string) {
	p.buf = append(append(p.buf, spaces[:indent]...), label...)
}

// fail returns an error about the bytes at, with the path to the printer's position.
func (p *printer) fail(at []byte, reason string) error {
	return p.failed(&wire.SyntaxError{At: at, Reason: reason})
}

// failed prefixes err with the path to the printer's position.
func (p *printer) failed(err error) error {
	if path := p.pathString(); path != "" {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// message writes the fields of a message: PrintMessage in google/protobuf/text_format.py.
func (p *printer) message(data []byte, t *table, indent int) error {
	if len(p.path) > maxDepth {
		return p.fail(data, fmt.Sprintf("messages are nested more than %d deep", maxDepth))
	}
	if t.any && !p.mute {
		if expanded, err := p.expand(data, indent); expanded || err != nil {
			return err
		}
	}
	if p.quiet && len(p.path) <= cleanDepth && p.clean(data, t, maxDepth-len(p.path)) {
		return nil
	}
	base, unknown, err := p.scan(data, t)
	defer func() { p.spans = p.spans[:base] }()
	if err != nil {
		return err
	}
	for i := range t.fields {
		f := &t.fields[i]
		sp := p.spans[base+i]
		switch {
		case sp.count == 0:
			p.absent(f, indent)
			continue
		case f.isMap:
			err = p.mapField(data, f, sp, indent)
		case f.repeated || sp.count > 1:
			err = p.several(data, f, sp, indent)
		default:
			s := wire.Scan(data[sp.last:sp.end])
			s.Next()
			err = p.value(&s.Field, f, indent, -1)
		}
		if err != nil {
			return err
		}
	}
	if unknown {
		return p.unknownFields(data, t, indent)
	}
	return nil
}

// scan finds the fields of a message. It appends one span for each field of the table to p.spans, starting at base,
// and reports whether there are unknown fields. The caller truncates p.spans to base.
func (p *printer) scan(data []byte, t *table) (base int, unknown bool, err error) {
	base = p.push(t)
	pos := 0
	s := wire.Scan(data)
	for s.Next() {
		start := pos
		pos += len(s.Raw)
		i := t.index(s.Num)
		if i < 0 || !p.known(&t.fields[i], &s.Field) {
			unknown = true
			continue
		}
		unknown = unknown || hasUnnamedEnum(&t.fields[i], &s.Field)
		if d := p.note(t, base, i, start, pos); d.field != nil {
			if err := p.checkDropped(data[d.first:d.end], d.field); err != nil {
				return base, unknown, err
			}
		}
	}
	if err := s.Err(); err != nil {
		return base, unknown, p.failed(err)
	}
	return base, unknown, nil
}

// push makes room for the spans of a message: one for each field and, after them, one for each oneof, whose count is the
// index + 1 of the field that is set.
func (p *printer) push(t *table) (base int) {
	base = len(p.spans)
	for range len(t.fields) + t.oneofs {
		p.spans = append(p.spans, span{})
	}
	return base
}

// note records that field i of a message is at [start, end). If that replaces another field of the same oneof, it
// returns the location of that field.
func (p *printer) note(t *table, base, i, start, end int) (d dropped) {
	if oneof := t.fields[i].oneof; oneof > 0 {
		set := &p.spans[base+len(t.fields)+oneof-1]
		if set.count != 0 && set.count != i+1 {
			other := &p.spans[base+set.count-1]
			d = dropped{field: &t.fields[set.count-1], first: other.first, end: other.end}
			*other = span{}
		}
		set.count = i + 1
	}
	sp := &p.spans[base+i]
	if sp.count == 0 {
		sp.first = start
	}
	sp.last, sp.end = start, end
	sp.count++
	return d
}

// known reports whether protobuf decodes w as the field f. The numbers are equal.
func (p *printer) known(f *field, w *wire.Field) bool {
	switch {
	case w.Type != f.wire:
		return f.packs && w.Type == protowire.BytesType
	case f.isMap:
		return p.knownEntry(w.Data, p.subTable(f))
	case f.enum != nil && f.enum.closed:
		return f.enum.known(w.Uint())
	}
	return true
}

// knownEntry reports whether a map entry holds only known fields. Otherwise the whole entry is an unknown field
// (_upb_Decoder_DecodeToMap in upb/wire/decode.c). The content of its value does not matter.
func (p *printer) knownEntry(data []byte, t *table) bool {
	s := wire.Scan(data)
	for s.Next() {
		if i := t.index(s.Num); i < 0 || !p.known(&t.fields[i], &s.Field) {
			return false
		}
	}
	return true // writing the entry reports a syntax error
}

// absent writes a field of a map entry that is always written, although it was not set.
func (p *printer) absent(f *field, indent int) {
	if !f.forced || p.quiet {
		return
	}
	p.line(indent, f.label)
	switch {
	case f.message:
		p.close(indent)
		return
	case f.wire == protowire.BytesType:
		p.buf = append(p.buf, `""`...)
	default:
		p.buf = appendScalar(p.buf, f, 0)
	}
	p.buf = append(p.buf, '\n')
}

// close ends a message.
func (p *printer) close(indent int) { p.line(indent, "}\n") }

// several writes a repeated field, or a singular field that occurs several times: the last of scalars, and the
// merged messages.
func (p *printer) several(data []byte, f *field, sp span, indent int) error {
	data = data[sp.first:sp.end]
	switch {
	case f.repeated && f.message && len(data) >= partSize && !p.part:
		return p.inParts(data, f, func(q *printer, f *field, r stretch) error { return q.elements(r, f, indent) })
	case f.repeated:
		return p.elements(stretch{data: data}, f, indent)
	}
	last, merged, err := p.merged(data, f, sp)
	switch {
	case err != nil:
		return err
	case !f.message:
		return p.value(&last, f, indent, -1)
	case p.mute:
		return nil // checking each was enough; more would double the work at each level
	}
	return p.messageField(merged, f, indent, -1)
}

// merged returns the last occurrence of a singular field and, for a message, the merged content of all occurrences.
func (p *printer) merged(data []byte, f *field, sp span) (last wire.Field, merged []byte, err error) {
	for s := wire.Scan(data); s.Next(); {
		if s.Num != f.num || !p.known(f, &s.Field) {
			continue
		}
		last = s.Field
		switch {
		case !f.message:
			err = p.checkString(s.Data, f)
		case sp.count == 1:
			return last, content(&s.Field, f), nil
		default:
			// Each occurrence must be a valid message: a field must not span two of them.
			part := content(&s.Field, f)
			err = p.muted(func() error { return p.messageField(part, f, 0, -1) })
			merged = append(merged, part...)
		}
		if err != nil {
			return last, nil, err
		}
	}
	return last, merged, nil
}

// elements writes elements of a repeated field.
func (p *printer) elements(r stretch, f *field, indent int) error {
	for s := wire.Scan(r.data); s.Next(); {
		if s.Num != f.num || !p.known(f, &s.Field) {
			continue
		}
		if err := p.value(&s.Field, f, indent, r.index); err != nil {
			return err
		}
		r.index++
	}
	return nil
}

// content returns the bytes of the message in a field.
func content(w *wire.Field, f *field) []byte {
	if f.kind != protoreflect.GroupKind {
		return w.Data
	}
	body, n := protowire.ConsumeGroup(f.num, w.Data) // without the end tag
	if n < 0 {
		return nil // not reached: the scanner has found the end
	}
	return body
}

// at calls report with f appended to the path, for errors about a field that is not a message.
func (p *printer) at(f *field, report func() error) error {
	p.path = append(p.path, step{field: f, index: -1})
	err := report()
	p.path = p.path[:len(p.path)-1]
	return err
}
