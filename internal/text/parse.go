package text

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// Parse reads a message of type md as text and returns it in binary. It accepts everything that Merge of Python's
// google/protobuf/text_format.py accepts. It also accepts what only C++ does: a byte order mark, a minus before
// white space, and bytes fields that are not UTF-8. Where the two disagree (\? in a string), Parse follows Python.
//
// The fields of the result, including map entries, are in the order of the text. Consecutive values of a packed
// field are packed together. Repeated occurrences of a singular field are all kept: protobuf takes the last value
// and merges messages, as Merge does.
//
// If o allows unknown fields, Parse accepts fields written by number. Text has no types for them: 12: 5 is read as a
// varint, 12: 0x00000005 (as C++ writes it) as a fixed32 and with 16 digits as a fixed64, and both 12: "x" and 12 { }
// as bytes.
//
// An error about the text is a *ParseError.
func Parse(data []byte, md protoreflect.MessageDescriptor, o Options) ([]byte, error) {
	p := &parser{
		lexer:   lexer{data: bytes.TrimPrefix(data, []byte("\uFEFF"))},
		tables:  newTables(),
		options: o,
		// Unused capacity costs no memory, but growing would copy.
		out: make([]byte, 0, len(data)/2+64),
	}
	if err := p.fields(p.of(md), 0, 0); err != nil {
		return nil, err
	}
	return p.out, nil
}

// A parser reads one text.
type parser struct {
	lexer
	*tables
	options Options
	out     output
	depth   int
}

// A run is a packed field that is being filled with consecutive values from the text.
type run struct {
	field  *field // nil: none
	length int    // position of its length in the output
}

// fields parses the fields of a message up to the byte end, or up to the end of the text if end is 0. The message
// began at byte start.
func (p *parser) fields(t *table, end byte, start int) error {
	if p.depth > maxDepth {
		return p.fail(start, "messages are nested more than %d deep", maxDepth)
	}
	var r run
	for {
		c := p.peek()
		if p.pos >= len(p.data) {
			if end != 0 {
				line, column := p.place(start)
				return p.fail(p.pos, "expected %q for the message that begins on line %d, column %d, found the end of the text", end, line, column)
			}
			break
		}
		if end != 0 && c == end {
			p.pos++
			break
		}
		if err := p.field(t, &r); err != nil {
			return err
		}
		if !p.accept(',') {
			p.accept(';')
		}
	}
	p.out.endRun(&r)
	return nil
}

// field parses one field of a message.
func (p *parser) field(t *table, r *run) error {
	if p.peek() == '[' {
		p.out.endRun(r)
		return p.bracketed(t)
	}
	start := p.pos
	name := p.word()
	if len(name) == 0 {
		return p.expected("a field name")
	}
	if name[0] >= '0' && name[0] <= '9' {
		p.out.endRun(r)
		p.pos = start
		return p.numbered(t.name)
	}
	f := t.byName(name)
	if f == nil {
		return p.fail(start, "%s has no field %s%s", t.name, quote(name), nearestHint(string(name), t.fieldNames()))
	}
	colon := p.accept(':')
	if !f.message && !f.isMap && !colon {
		return p.expected(fmt.Sprintf("\":\" after the field name %q", f.name))
	}
	many := f.repeated || f.isMap
	if !many || !p.accept('[') {
		return p.value(f, r)
	}
	if p.accept(']') {
		return nil
	}
	for {
		if err := p.value(f, r); err != nil {
			return err
		}
		if p.accept(']') {
			return nil
		}
		if !p.accept(',') {
			return p.expected(`"," or "]"`)
		}
	}
}

// value parses one value of a field and emits it.
func (p *parser) value(f *field, r *run) error {
	if r.field != f {
		p.out.endRun(r)
	}
	switch {
	case f.message || f.isMap:
		return p.messageValue(f)
	case f.wire == protowire.BytesType:
		return p.stringValue(f)
	}
	p.skip()
	start := p.pos
	token := p.scalar()
	if len(token) == 0 {
		return p.expected(p.wanted(f))
	}
	bits, reason := parseScalar(token, f)
	if reason != "" {
		return p.fail(start, "%s %s", quote(token), reason)
	}
	p.out.scalar(f, r, bits)
	return nil
}

// quote quotes a token for an error.
func quote(token []byte) string {
	if len(token) > maxFound {
		return fmt.Sprintf("%q...", token[:maxFound])
	}
	return fmt.Sprintf("%q", token)
}

// wanted describes the values that a scalar field accepts.
func (p *parser) wanted(f *field) string {
	what := "an integer"
	switch f.kind {
	case protoreflect.BoolKind:
		what = "true or false"
	case protoreflect.EnumKind:
		what = fmt.Sprintf("a value of %s", f.enum.name)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		what = "a number"
	case protoreflect.StringKind, protoreflect.BytesKind:
		what = "a quoted string"
	}
	return fmt.Sprintf("%s for field %q", what, f.name)
}

// An output is the binary message that a parser writes.
type output []byte

// scalar appends a value of a scalar field with its tag. For a packed field, it continues the run r, or begins it.
func (o *output) scalar(f *field, r *run, bits uint64) {
	switch {
	case !f.packed:
		*o = protowire.AppendTag(*o, f.num, f.wire)
	case r.field == nil:
		*o = protowire.AppendTag(*o, f.num, protowire.BytesType)
		*r = run{field: f, length: o.openLength()}
	}
	o.emit(bits, f.wire)
}

// emit appends a value of a scalar field.
func (o *output) emit(bits uint64, typ protowire.Type) {
	switch typ {
	case protowire.Fixed32Type:
		*o = protowire.AppendFixed32(*o, uint32(bits))
	case protowire.Fixed64Type:
		*o = protowire.AppendFixed64(*o, bits)
	default:
		*o = protowire.AppendVarint(*o, bits)
	}
}

// openLength reserves space for the length of the output that follows and returns its position.
func (o *output) openLength() int {
	*o = append(*o, 0)
	return len(*o) - 1
}

// closeLength fills in the size of the output since openLength returned at.
func (o *output) closeLength(at int) {
	n := len(*o) - at - 1
	size := protowire.SizeVarint(uint64(n))
	for range size - 1 {
		*o = append(*o, 0)
	}
	copy((*o)[at+size:], (*o)[at+1:at+1+n])
	protowire.AppendVarint((*o)[:at], uint64(n))
}

// endRun ends a run of packed values.
func (o *output) endRun(r *run) {
	if r.field != nil {
		o.closeLength(r.length)
		r.field = nil
	}
}

// open consumes the start of a message and returns the byte that ends it. Errors describe the message as whose.
func (p *parser) open(whose string) (end byte, err error) {
	switch {
	case p.accept('{'):
		return '}', nil
	case p.accept('<'):
		return '>', nil
	}
	return 0, p.expected(fmt.Sprintf(`"{" for the message of %s`, whose))
}

// messageValue parses a message and emits it as a value of f.
func (p *parser) messageValue(f *field) error {
	p.skip()
	start := p.pos
	end, err := p.open(f.name)
	if err != nil {
		return err
	}
	p.out = protowire.AppendTag(p.out, f.num, f.wire)
	if f.kind != protoreflect.GroupKind {
		return p.sized(p.subTable(f), end, start)
	}
	err = p.nested(p.subTable(f), end, start)
	p.out = protowire.AppendTag(p.out, f.num, protowire.EndGroupType)
	return err
}

// nested parses the fields of a submessage.
func (p *parser) nested(t *table, end byte, start int) error {
	p.depth++
	err := p.fields(t, end, start)
	p.depth--
	return err
}

// sized is nested for a submessage that follows its length.
func (p *parser) sized(t *table, end byte, start int) error {
	at := p.out.openLength()
	err := p.nested(t, end, start)
	p.out.closeLength(at)
	return err
}

// stringValue parses a string, which may consist of several adjacent literals, and emits it as a value of f.
func (p *parser) stringValue(f *field) error {
	c := p.peek()
	start := p.pos
	if c != '"' && c != '\'' {
		return p.expected(p.wanted(f))
	}
	p.out = protowire.AppendTag(p.out, f.num, protowire.BytesType)
	at := p.out.openLength()
	for c == '"' || c == '\'' {
		out, err := p.literal(p.out)
		if err != nil {
			return err
		}
		p.out = out
		c = p.peek()
	}
	if f.utf8 && !utf8.Valid(p.out[at+1:]) {
		return p.fail(start, "value of the string field %q is not valid UTF-8", f.name)
	}
	p.out.closeLength(at)
	return nil
}

// bracketed parses a field that begins with a bracket, which is the packed message in an Any. TensorFlow has no
// extensions.
func (p *parser) bracketed(t *table) error {
	start := p.pos
	p.pos++
	if !t.any {
		return p.fail(start, "expected a field name, found \"[\": %s has no extensions", t.name)
	}
	url, err := p.typeURL(start)
	if err != nil {
		return err
	}
	p.accept(':')
	p.skip()
	begin := p.pos
	end, err := p.open(string(url))
	if err != nil {
		return err
	}
	name := wire.AnyType(url)
	md := knownMessage(name)
	if md == nil {
		return p.fail(start, "unknown message type %s", name)
	}
	p.out = protowire.AppendTag(p.out, fieldnum.Any_TypeUrl, protowire.BytesType)
	p.out = protowire.AppendBytes(p.out, url)
	p.out = protowire.AppendTag(p.out, fieldnum.Any_Value, protowire.BytesType)
	return p.sized(p.of(md), end, begin)
}

// typeURL parses the type URL of an Any up to the closing bracket and ignores white space and comments in it. The
// opening bracket is at byte start.
func (p *parser) typeURL(start int) ([]byte, error) {
	var url []byte
	for !p.accept(']') {
		p.skip()
		if p.pos >= len(p.data) || p.data[p.pos] != '/' && !isURLChar(p.data[p.pos]) {
			return nil, p.expected(`"]" after the type URL`)
		}
		url = append(url, p.data[p.pos])
		p.pos++
	}
	slash := bytes.LastIndexByte(url, '/')
	if slash < 0 || !validTypeURL(url[:slash], url[slash+1:]) {
		return nil, p.fail(start, "invalid type URL %q (expected something like type.googleapis.com/package.Type)", url)
	}
	return url, nil
}

// numbered parses a field that is written by its number.
func (p *parser) numbered(holder protoreflect.FullName) error {
	start := p.pos
	token := p.word()
	value, reason := parseInteger(token, false, 32)
	num := protowire.Number(value)
	switch {
	case !p.options.AllowUnknown:
		return p.fail(start, "expected the name of a field of %s, found %s: unknown fields, written by number, are not allowed here", holder, quote(token))
	case reason != "" || value > uint64(protowire.MaxValidNumber) || num < protowire.MinValidNumber:
		return p.fail(start, "invalid field number %s", quote(token))
	}
	colon := p.accept(':')
	c := p.peek()
	switch {
	case c == '{' || c == '<':
		return p.numberedMessage(num)
	case !colon:
		return p.expected(`":" or "{" after the field number`)
	case c == '"' || c == '\'':
		return p.stringValue(&field{num: num})
	}
	start = p.pos
	token = p.scalar()
	value, reason = parseInteger(token, false, 64)
	if reason != "" {
		return p.fail(start, "%s %s, and only these, strings and messages are written by number", quote(token), reason)
	}
	typ := protowire.VarintType
	if len(token) > 1 && token[1]|0x20 == 'x' {
		switch len(token) {
		case len("0x00000000"):
			typ = protowire.Fixed32Type
		case len("0x0000000000000000"):
			typ = protowire.Fixed64Type
		}
	}
	p.out = protowire.AppendTag(p.out, num, typ)
	p.out.emit(value, typ)
	return nil
}

// numberedMessage parses the message in a field that is written by its number.
func (p *parser) numberedMessage(num protowire.Number) error {
	start := p.pos
	end, err := p.open("an unknown field")
	if err != nil {
		return err
	}
	p.out = protowire.AppendTag(p.out, num, protowire.BytesType)
	return p.sized(&table{name: "an unknown message"}, end, start)
}
