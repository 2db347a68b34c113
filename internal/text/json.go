package text

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// WriteJSON writes message, of type md, to w in protobuf's JSON mapping. It indents by two spaces, ends with a
// newline, orders fields by number and sorts map keys, so the output is deterministic. Like Write, it streams. It
// omits unknown fields; Check finds them.
//
// An Any whose type is in neither TensorFlow nor the schema becomes {"@type": URL, "value": BASE64}, because the
// mapping does not define its form. The fields in an Any keep their encoded order, so that a reader can restore its
// bytes.
func WriteJSON(w io.Writer, message []byte, md protoreflect.MessageDescriptor) error {
	j := jsonWriter{printer: newPrinter(Options{AllowUnknown: true})}
	j.out = w
	if err := j.message(message, j.of(md), 0, ""); err != nil {
		return err
	}
	j.buf = append(j.buf, '\n')
	return j.flush()
}

// maxAnyDepth is the maximum nesting depth of Anys in JSON.
const maxAnyDepth = 10

// A jsonWriter writes a message as JSON. It finds fields with the text printer.
type jsonWriter struct {
	*printer
	anys int // the number of open Anys
}

// An object is a JSON object or array that is being written.
type object struct {
	indent int
	open   bool
}

// next begins a member or an element.
func (j *jsonWriter) next(o *object, bracket byte) {
	if o.open {
		j.buf = append(j.buf, ',')
	} else {
		j.buf = append(j.buf, bracket)
	}
	o.open = true
	j.newline(o.indent + 2)
}

// end closes an object or an array. An empty one becomes `{}` or `[]`.
func (j *jsonWriter) end(o *object, bracket byte) error {
	if o.open {
		j.newline(o.indent)
	} else {
		j.buf = append(j.buf, bracket-2) // [ and ], { and } are two apart
	}
	j.buf = append(j.buf, bracket)
	return j.filled()
}

func (j *jsonWriter) newline(indent int) {
	j.buf = append(j.buf, '\n')
	for indent > len(spaces) {
		j.buf = append(j.buf, spaces...)
		indent -= len(spaces)
	}
	j.buf = append(j.buf, spaces[:indent]...)
}

// message writes the fields of a message as an object. In an Any, typeURL is the first member.
func (j *jsonWriter) message(data []byte, t *table, indent int, typeURL string) error {
	switch {
	case len(j.path) > maxDepth:
		return j.fail(data, fmt.Sprintf("messages are nested more than %d deep", maxDepth))
	case t.any:
		return j.any(data, indent)
	case wellKnown[t.name]:
		return j.wellKnown(data, t, indent)
	}
	o := object{indent: indent}
	if typeURL != "" {
		j.next(&o, '{')
		j.buf = appendJSONString(append(j.buf, `"@type": `...), typeURL)
	}
	base, _, err := j.scan(data, t)
	defer func() { j.spans = j.spans[:base] }()
	if err != nil {
		return err
	}
	for i := range j.order(base, t) {
		f := &t.fields[i]
		sp := j.spans[base+i]
		if sp.count == 0 {
			continue
		}
		if err := j.field(&o, data[sp.first:sp.end], f, sp); err != nil {
			return err
		}
	}
	return j.end(&o, '}')
}

// order yields the indices of the fields of a message by number, or in encoded order inside an Any.
func (j *jsonWriter) order(base int, t *table) func(func(int) bool) {
	return func(yield func(int) bool) {
		if j.anys == 0 {
			for i := range t.fields {
				if !yield(i) {
					return
				}
			}
			return
		}
		order := make([]int, len(t.fields))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return j.spans[base+a].first - j.spans[base+b].first })
		for _, i := range order {
			if !yield(i) {
				return
			}
		}
	}
}

// wellKnown lists the types of google.protobuf with a special JSON form that TensorFlow knows, except Any. None of them nests.
var wellKnown = map[protoreflect.FullName]bool{
	"google.protobuf.Duration": true, "google.protobuf.Timestamp": true,
	"google.protobuf.BoolValue": true, "google.protobuf.BytesValue": true, "google.protobuf.StringValue": true,
	"google.protobuf.DoubleValue": true, "google.protobuf.FloatValue": true, "google.protobuf.Int32Value": true,
	"google.protobuf.Int64Value": true, "google.protobuf.UInt32Value": true, "google.protobuf.UInt64Value": true,
}

// field writes the member of a field whose occurrences are in data.
func (j *jsonWriter) field(o *object, data []byte, f *field, sp span) error {
	if f.isMap || f.repeated {
		inner := object{indent: o.indent + 2}
		j.next(o, '{')
		j.buf = append(j.buf, f.json...)
		if f.isMap {
			return j.mapField(&inner, data, f)
		}
		return j.elements(&inner, data, f)
	}
	w, merged, err := j.merged(data, f, sp)
	if err != nil {
		return err
	}
	if !f.message && !f.presence {
		if bits, _ := scalar(w.Data, w.Type); f.wire == protowire.BytesType && len(w.Data) == 0 || f.wire != protowire.BytesType && isZero(f, bits) {
			return nil // the default
		}
	}
	j.next(o, '{')
	j.buf = append(j.buf, f.json...)
	if f.message {
		return j.nested(merged, f, o.indent+2, -1)
	}
	return j.scalar(&w, f)
}

// nested writes the value of a message field.
func (j *jsonWriter) nested(data []byte, f *field, indent, index int) error {
	j.path = append(j.path, step{field: f, index: index})
	err := j.message(data, j.subTable(f), indent, "")
	j.path = j.path[:len(j.path)-1]
	return err
}

// elements writes a repeated field as an array.
func (j *jsonWriter) elements(o *object, data []byte, f *field) error {
	if !f.message || len(data) < partSize || j.part {
		if err := j.someElements(o, stretch{data: data}, f); err != nil {
			return err
		}
		return j.end(o, ']')
	}
	indent := o.indent
	err := j.inParts(data, f, func(q *printer, f *field, r stretch) error {
		part := jsonWriter{printer: q, anys: j.anys}
		return part.someElements(&object{indent: indent, open: r.index > 0}, r, f)
	})
	if err != nil {
		return err
	}
	o.open = true
	return j.end(o, ']')
}

// someElements writes elements of a repeated field.
func (j *jsonWriter) someElements(o *object, r stretch, f *field) error {
	for s := wire.Scan(r.data); s.Next(); {
		switch {
		case s.Num != f.num || !j.known(f, &s.Field):
			continue
		case f.message:
			j.next(o, '[')
			if err := j.nested(content(&s.Field, f), f, o.indent+2, r.index); err != nil {
				return err
			}
			r.index++
			continue
		case f.wire == protowire.BytesType || s.Type != protowire.BytesType:
			j.next(o, '[')
			if err := j.scalar(&s.Field, f); err != nil {
				return err
			}
			continue
		}
		for rest := s.Data; len(rest) > 0; {
			bits, size := scalar(rest, f.wire)
			if size < 0 {
				return j.at(f, func() error { return j.fail(rest, "packed values are cut off or not readable") })
			}
			rest = rest[size:]
			if f.enum != nil && !f.enum.known(bits) {
				continue
			}
			j.next(o, '[')
			j.buf = appendJSONScalar(j.buf, f, bits)
			if err := j.filled(); err != nil {
				return err
			}
		}
	}
	return nil
}

// mapField writes a map as an object.
func (j *jsonWriter) mapField(o *object, data []byte, f *field) error {
	t := j.subTable(f)
	key, value := &t.fields[0], &t.fields[1]
	var all [][]byte
	last := make(map[string]int)
	var names []string
	for s := wire.Scan(data); s.Next(); {
		if s.Num != f.num || !j.known(f, &s.Field) {
			continue
		}
		name := keyText(s.Data, key)
		if _, again := last[name]; !again {
			names = append(names, name)
		}
		last[name] = len(all)
		all = append(all, s.Data)
	}
	if j.anys == 0 {
		slices.Sort(names)
	}
	for i, entry := range all {
		if last[keyText(entry, key)] != i {
			at := step{field: f, index: -1, key: entry}
			if err := j.muted(func() error { return j.entry(entry, t, at, 0) }); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		entry := all[last[name]]
		j.next(o, '{')
		j.path = append(j.path, step{field: f, index: -1, key: entry})
		base, _, err := j.scan(entry, t)
		if err == nil {
			if sp := j.spans[base]; sp.count > 0 {
				err = j.checkString(wire.Last(entry[sp.first:sp.end], key.num), key)
			}
			j.buf = append(appendJSONString(j.buf, name), ": "...)
		}
		if err == nil {
			err = j.mapValue(entry, value, j.spans[base+1], o.indent+2)
		}
		j.spans = j.spans[:base]
		j.path = j.path[:len(j.path)-1]
		if err != nil {
			return err
		}
	}
	return j.end(o, '}')
}

// mapValue writes the value of a map entry, or the default if the value is absent.
func (j *jsonWriter) mapValue(entry []byte, f *field, sp span, indent int) error {
	w, merged, err := j.merged(entry[sp.first:sp.end], f, sp)
	switch {
	case err != nil:
		return err
	case f.message:
		return j.nested(merged, f, indent, -1)
	case sp.count == 0 && f.wire != protowire.BytesType:
		j.buf = appendJSONScalar(j.buf, f, 0)
		return nil
	}
	return j.scalar(&w, f)
}

// scalar writes one value that is not a message. It writes a long value in parts.
func (j *jsonWriter) scalar(w *wire.Field, f *field) error {
	data := w.Data
	switch f.kind {
	case protoreflect.StringKind:
		if err := j.checkString(data, f); err != nil {
			return err
		}
		return j.quoted(data, appendJSONEscaped)
	case protoreflect.BytesKind:
		j.buf = append(j.buf, '"')
		for len(data) > 0 {
			part := data[:min(3*escapeSize, len(data))] // a size that base64 does not pad
			j.buf = base64.StdEncoding.AppendEncode(j.buf, part)
			data = data[len(part):]
			if err := j.filled(); err != nil {
				return err
			}
		}
		j.buf = append(j.buf, '"')
	default:
		bits, _ := scalar(data, w.Type)
		j.buf = appendJSONScalar(j.buf, f, bits)
	}
	return j.filled()
}
