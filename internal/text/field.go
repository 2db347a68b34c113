package text

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// value writes one occurrence of a field that is not a map. For a repeated field, index is its position; otherwise
// it is negative.
func (p *printer) value(w *wire.Field, f *field, indent, index int) error {
	switch {
	case f.message:
		return p.messageField(content(w, f), f, indent, index)
	case f.wire == protowire.BytesType:
		return p.stringField(w.Data, f, indent)
	case w.Type == protowire.BytesType:
		return p.packed(w.Data, f, indent)
	}
	bits, _ := scalar(w.Data, w.Type)
	if p.quiet || !f.presence && !f.repeated && isZero(f, bits) {
		return nil
	}
	p.scalarLine(f, bits, indent)
	return p.filled()
}

// scalarLine writes the line of one scalar.
func (p *printer) scalarLine(f *field, bits uint64, indent int) {
	p.line(indent, f.label)
	p.buf = append(appendScalar(p.buf, f, bits), '\n')
}

// messageField writes a message field.
func (p *printer) messageField(data []byte, f *field, indent, index int) error {
	if !p.quiet {
		p.line(indent, f.label)
	}
	p.path = append(p.path, step{field: f, index: index})
	err := p.message(data, p.subTable(f), indent+2)
	p.path = p.path[:len(p.path)-1]
	if err != nil || p.quiet {
		return err
	}
	p.close(indent)
	return p.filled()
}

// packed writes the values of a packed field. Values of a closed enum without a name are unknown fields.
func (p *printer) packed(data []byte, f *field, indent int) error {
	for rest := data; len(rest) > 0; {
		bits, n := scalar(rest, f.wire)
		if n < 0 {
			return p.at(f, func() error { return p.fail(rest, "packed values are cut off or not readable") })
		}
		rest = rest[n:]
		if p.quiet && f.enum == nil {
			continue
		}
		if f.enum != nil && !f.enum.known(bits) {
			p.found(f.num)
			continue
		}
		if p.quiet {
			continue
		}
		p.scalarLine(f, bits, indent)
		if err := p.filled(); err != nil {
			return err
		}
	}
	return nil
}

// stringField writes a string or bytes field.
func (p *printer) stringField(data []byte, f *field, indent int) error {
	if err := p.checkString(data, f); err != nil {
		return err
	}
	if p.quiet || len(data) == 0 && !f.presence && !f.repeated {
		return nil
	}
	p.line(indent, f.label)
	escape := appendString
	if f.kind == protoreflect.BytesKind {
		escape = appendBytes
	}
	err := p.quoted(data, escape)
	p.buf = append(p.buf, '\n')
	return err
}

// quoted writes a string in quotes. It escapes a part of the string at a time.
func (p *printer) quoted(data []byte, escape func(dst, part []byte) []byte) error {
	p.buf = append(p.buf, '"')
	for len(data) > 0 {
		part := wholeRunes(data[:min(escapeSize, len(data))], len(data))
		p.buf = escape(p.buf, part)
		data = data[len(part):]
		if err := p.filled(); err != nil {
			return err
		}
	}
	p.buf = append(p.buf, '"')
	return nil
}

// wholeRunes shortens part, the beginning of a longer string, so that it ends with a whole character.
func wholeRunes(part []byte, whole int) []byte {
	if len(part) == whole {
		return part
	}
	for cut := len(part) - 1; cut > len(part)-4; cut-- {
		if part[cut] < 0x80 {
			return part[:cut+1]
		}
		if part[cut] >= 0xc0 {
			return part[:cut]
		}
	}
	return part
}
