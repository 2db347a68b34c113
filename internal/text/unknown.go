package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// An UnknownFieldsError reports fields that the schema does not know. They have no name in text.
type UnknownFieldsError struct {
	Count  int            // the number of unknown fields
	Places []UnknownField // the first of them
}

// An UnknownField is the location of one unknown field.
type UnknownField struct {
	Path   string // the message that holds it, for example graph_def.node[3].attr["T"]; empty for the outermost message
	Number int32  // the field's number
}

// String returns the path followed by the field number.
func (u UnknownField) String() string {
	if u.Path == "" {
		return fmt.Sprintf("field %d", u.Number)
	}
	return fmt.Sprintf("%s: field %d", u.Path, u.Number)
}

// maxPlaces is the number of unknown fields that an UnknownFieldsError lists.
const maxPlaces = 5

func (e *UnknownFieldsError) Error() string {
	places := make([]string, len(e.Places))
	for i, place := range e.Places {
		places[i] = place.String()
	}
	if more := e.Count - len(places); more > 0 {
		places = append(places, fmt.Sprintf("%d more", more))
	}
	noun := "unknown fields have"
	if e.Count == 1 {
		noun = "unknown field has"
	}
	return fmt.Sprintf("%d %s no name to be written by: %s", e.Count, noun, strings.Join(places, ", "))
}

// A step is one step of the path from the outermost message to where the printer is.
type step struct {
	field *field
	index int    // the index in a repeated field, else -1
	key   []byte // for a map, an entry that has at least the key
	url   string // for an Any, the type of its content
}

// pathString returns the path to the printer's position, which is empty in the outermost message.
func (p *printer) pathString() string {
	var b strings.Builder
	for _, s := range p.path {
		if s.url != "" {
			fmt.Fprintf(&b, "[%s]", s.url)
			continue
		}
		if s.field.desc.ContainingMessage().IsMapEntry() {
			continue // ["key"] says it
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.field.name)
		switch {
		case s.field.isMap:
			key := &p.subTable(s.field).fields[0]
			text := keyText(s.key, key)
			if key.kind == protoreflect.StringKind {
				text = strconv.Quote(text)
			}
			b.WriteString("[" + text + "]")
		case s.index >= 0:
			fmt.Fprintf(&b, "[%d]", s.index)
		}
	}
	return b.String()
}

// found counts an unknown field. If unknown fields are not allowed, nothing more is written after the first one.
func (p *printer) found(num protowire.Number) {
	if p.mute {
		return
	}
	p.unknown.Count++
	if p.options.AllowUnknown {
		return
	}
	p.quiet = true
	if len(p.unknown.Places) < maxPlaces {
		p.unknown.Places = append(p.unknown.Places, UnknownField{Path: p.pathString(), Number: int32(num)})
	}
}

// unknownFields writes the unknown fields of a message in file order.
func (p *printer) unknownFields(data []byte, t *table, indent int) error {
	for s := wire.Scan(data); s.Next(); {
		i := t.index(s.Num)
		if i >= 0 && p.known(&t.fields[i], &s.Field) {
			if hasUnnamedEnum(&t.fields[i], &s.Field) {
				if err := p.unknownPacked(s.Data, &t.fields[i], indent); err != nil {
					return err
				}
			}
			continue
		}
		if i >= 0 && t.fields[i].isMap && s.Type == protowire.BytesType {
			// Protobuf has read it as an entry before it set it aside.
			if err := p.muted(func() error { return p.message(s.Data, p.subTable(&t.fields[i]), 0) }); err != nil {
				return err
			}
			s.Data = plainEntry(s.Data, p.subTable(&t.fields[i]))
		}
		if err := p.foundField(&s.Field, indent); err != nil {
			return err
		}
	}
	return nil
}

// foundField counts an unknown field and writes it if unknown fields are allowed.
func (p *printer) foundField(w *wire.Field, indent int) error {
	if w.Type == protowire.StartGroupType && len(p.path)+groupDepth(w) > maxDepth {
		return p.fail(w.Raw, fmt.Sprintf("groups are nested more than %d deep", maxDepth))
	}
	p.found(w.Num)
	if p.quiet {
		return nil
	}
	return p.unknownField(w, indent, len(p.path))
}

// hasUnnamedEnum reports whether a packed field holds values of a closed enum without a name. These are unknown fields, too.
func hasUnnamedEnum(f *field, w *wire.Field) bool {
	if f.enum == nil || !f.enum.closed || w.Type != protowire.BytesType {
		return false
	}
	for data := w.Data; len(data) > 0; {
		bits, n := scalar(data, f.wire)
		if n < 0 {
			return false // packed reports it
		}
		if !f.enum.known(bits) {
			return true
		}
		data = data[n:]
	}
	return false
}

// unknownPacked writes the values of a packed field of a closed enum that have no name.
func (p *printer) unknownPacked(data []byte, f *field, indent int) error {
	for len(data) > 0 {
		bits, n := scalar(data, f.wire)
		if n < 0 {
			return nil // packed has reported it
		}
		data = data[n:]
		if p.quiet || f.enum.known(bits) {
			continue
		}
		p.numbered(f.num, ": ", indent)
		p.buf = append(strconv.AppendUint(p.buf, bits, 10), '\n')
		if err := p.filled(); err != nil {
			return err
		}
	}
	return nil
}

// numbered writes the start of the line of an unknown field.
func (p *printer) numbered(num protowire.Number, sign string, indent int) {
	p.line(indent, "")
	p.buf = append(strconv.AppendInt(p.buf, int64(num), 10), sign...)
}

// unknownField writes an unknown field by its number, like _PrintUnknownFields in google/protobuf/text_format.py. It
// writes bytes that parse as a message as one, until depth exceeds maxDepth.
func (p *printer) unknownField(w *wire.Field, indent, depth int) error {
	body, isMessage := w.Data, true
	switch w.Type {
	case protowire.StartGroupType:
		body, _ = protowire.ConsumeGroup(w.Num, w.Data)
	case protowire.BytesType:
		isMessage = isFields(body, maxDepth-depth-1)
	default:
		bits, _ := scalar(w.Data, w.Type)
		p.numbered(w.Num, ": ", indent)
		p.buf = append(strconv.AppendUint(p.buf, bits, 10), '\n')
		return p.filled()
	}
	if isMessage {
		p.numbered(w.Num, " {\n", indent)
		for s := wire.Scan(body); s.Next(); {
			if err := p.unknownField(&s.Field, indent+2, depth+1); err != nil {
				return err
			}
		}
		p.close(indent)
		return p.filled()
	}
	p.numbered(w.Num, ": ", indent)
	err := p.quoted(body, appendBytes)
	p.buf = append(p.buf, '\n')
	return err
}

// isFields reports whether data parses as the fields of some message, with groups nested no deeper than depth.
func isFields(data []byte, depth int) bool {
	s := wire.Scan(data)
	for s.Next() {
		if s.Type == protowire.StartGroupType && groupDepth(&s.Field) > depth {
			return false
		}
	}
	return s.Err() == nil && depth >= 0
}

// groupDepth returns the nesting depth of the groups in a group field, including the field itself.
func groupDepth(w *wire.Field) int {
	depth, deepest := 1, 1
	for b := w.Data; len(b) > 0; {
		_, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			break
		}
		b = b[n:]
		switch typ {
		case protowire.StartGroupType:
			depth++
			deepest = max(deepest, depth)
		case protowire.EndGroupType:
			depth--
		default:
			size := protowire.ConsumeFieldValue(1, typ, b)
			if size < 0 {
				return deepest
			}
			b = b[size:]
		}
	}
	return deepest
}

// plainEntry re-encodes a map entry that holds unknown fields as protobuf does: key and value first, each once.
func plainEntry(data []byte, t *table) []byte {
	var key, value, rest []byte
	k, v := &t.fields[0], &t.fields[1]
	for s := wire.Scan(data); s.Next(); {
		switch {
		case s.Num == k.num && s.Type == k.wire:
			key = s.Raw
			if bits, _ := scalar(s.Data, s.Type); !k.presence && (k.wire == protowire.BytesType && len(s.Data) == 0 ||
				k.wire != protowire.BytesType && isZero(k, bits)) {
				key = nil
			}
		case s.Num == v.num && s.Type == v.wire && v.message && value != nil:
			merged := slices.Concat(wire.Last(value, v.num), s.Data)
			value = protowire.AppendBytes(protowire.AppendTag(nil, v.num, protowire.BytesType), merged)
		case s.Num == v.num && s.Type == v.wire:
			value = s.Raw
		default:
			rest = append(rest, s.Raw...)
		}
	}
	plain := make([]byte, 0, len(data))
	return append(append(append(plain, key...), value...), rest...)
}
