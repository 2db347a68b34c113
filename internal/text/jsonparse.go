package text

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// ParseJSON reads a message of type md in protobuf's JSON mapping and returns it in binary. It accepts what protojson
// accepts, and an Any of an unknown type as WriteJSON writes it. It does not decode messages, so its memory is in
// proportion to the input.
//
// The fields of the result, including map entries and the fields in an Any, are in the order of the JSON. Like protobuf,
// it omits zeros of fields without presence.
func ParseJSON(data []byte, md protoreflect.MessageDescriptor) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) || loneSurrogate(data) {
		return nil, errors.New("a string is not valid UTF-8")
	}
	p := newJSONParser(data, newTables())
	p.out = make([]byte, 0, len(data)/4+64)
	err := p.message(p.of(md))
	if err == nil {
		if _, more := p.dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("expected the end of the file")
		}
	}
	if err != nil {
		before := data[:p.dec.InputOffset()]
		line := bytes.Count(before, []byte("\n")) + 1
		return nil, fmt.Errorf("line %d, column %d: %w", line, len(before)-bytes.LastIndexByte(before, '\n'), err)
	}
	return p.out, nil
}

// A jsonParser reads one JSON value.
type jsonParser struct {
	*tables
	dec   *json.Decoder
	out   output
	seen  []bool // for each open message, which fields and oneofs are set
	depth int    // of messages
	anys  int    // the number of open Anys
}

func newJSONParser(data []byte, t *tables) *jsonParser {
	p := &jsonParser{tables: t, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	return p
}

// token returns the next token.
func (p *jsonParser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

// special reports whether the JSON of a type is not an object with a member for each field.
func special(t *table) bool { return t.any || wellKnown[t.name] }

// message reads a message and appends its fields.
func (p *jsonParser) message(t *table) error {
	if special(t) {
		var raw json.RawMessage
		if err := p.dec.Decode(&raw); err != nil {
			return err
		}
		return p.special(t, raw)
	}
	begin, err := p.token()
	if err == nil && begin != json.Delim('{') {
		err = fmt.Errorf("expected an object for %s, found %v", t.name, begin)
	}
	if err != nil {
		return err
	}
	return p.members(t, false)
}

// special appends the fields of a message whose JSON has a special form.
func (p *jsonParser) special(t *table, raw []byte) error {
	if t.any {
		return p.any(raw)
	}
	m := dynamicpb.NewMessage(t.desc)
	if err := protojson.Unmarshal(raw, m); err != nil {
		return fmt.Errorf("is not a %s", t.name)
	}
	out, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(p.out, m) //nolint:forbidigo // deterministic
	p.out = out
	return err
}

// members reads the members of an object, up to its end, as the fields of a message. In an Any, it skips the type.
func (p *jsonParser) members(t *table, inAny bool) error {
	if p.depth++; p.depth > maxDepth+1 {
		return fmt.Errorf("messages are nested more than %d deep", maxDepth)
	}
	base := len(p.seen)
	p.seen = append(p.seen, make([]bool, len(t.fields)+t.oneofs)...)
	for p.dec.More() {
		name, err := p.token()
		if err != nil {
			return err
		}
		if inAny && name == typeMember {
			if _, err := p.token(); err != nil {
				return err
			}
			continue
		}
		i, ok := t.jsonIndex(name.(string)) // a decoder allows no other token here
		if !ok {
			return fmt.Errorf("%s has no field %q%s", t.name, name, nearestHint(name.(string), t.fieldNames()))
		}
		f := &t.fields[i]
		if p.seen[base+i] {
			return fmt.Errorf("field %q occurs twice", f.name)
		}
		p.seen[base+i] = true
		set, err := p.field(f, !f.presence && !f.repeated)
		if err != nil {
			return err
		}
		if set && f.oneof > 0 {
			oneof := &p.seen[base+len(t.fields)+f.oneof-1]
			if *oneof {
				return fmt.Errorf("field %q belongs to a oneof that is already set", f.name)
			}
			*oneof = true
		}
	}
	p.seen = p.seen[:base]
	p.depth--
	_, err := p.token()
	return err
}

// field reads the value of a field. It reports false for null.
func (p *jsonParser) field(f *field, omitZero bool) (bool, error) {
	if !f.isMap && !f.repeated {
		return p.value(f, omitZero, nil)
	}
	want := json.Delim('[')
	if f.isMap {
		want = '{'
	}
	begin, err := p.token()
	switch {
	case err != nil || begin == nil:
		return false, err
	case begin != want:
		return false, fmt.Errorf("expected %v for field %q, found %v", want, f.name, begin)
	case f.isMap:
		return true, p.entries(f)
	}
	var r run
	for p.dec.More() {
		if ok, err := p.value(f, false, &r); err != nil || !ok {
			return false, errors.Join(err, nullIn(f, ok))
		}
	}
	p.out.endRun(&r)
	_, err = p.token()
	return true, err
}

// nullIn returns the error for null as an element of a field, unless ok.
func nullIn(f *field, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("null in field %q", f.name)
}

// entries reads the entries of a map.
func (p *jsonParser) entries(f *field) error {
	t := p.subTable(f)
	key := &t.fields[0]
	seen := make(map[string]bool)
	for p.dec.More() {
		token, err := p.token()
		if err != nil {
			return err
		}
		name := token.(string) // a decoder allows no other token here
		if seen[name] {
			return fmt.Errorf("key %q of field %q occurs twice", name, f.name)
		}
		seen[name] = true
		p.out = protowire.AppendTag(p.out, f.num, protowire.BytesType)
		at := p.out.openLength()
		if key.kind == protoreflect.BoolKind && (name == "true" || name == "false") {
			token = name == "true"
		}
		if err := p.scalar(key, token, false, nil); err != nil {
			return err
		}
		if ok, err := p.value(&t.fields[1], false, nil); err != nil || !ok {
			return errors.Join(err, nullIn(f, ok))
		}
		p.out.closeLength(at)
	}
	_, err := p.token()
	return err
}

// value reads one value of a field and appends it. It reports false for null. Values of a packed field are added to r.
func (p *jsonParser) value(f *field, omitZero bool, r *run) (bool, error) {
	if !f.message {
		token, err := p.token()
		if err != nil || token == nil {
			return false, err
		}
		return true, p.scalar(f, token, omitZero, r)
	}
	t := p.subTable(f)
	var raw json.RawMessage
	if special(t) {
		if err := p.dec.Decode(&raw); err != nil {
			return false, err
		}
		if string(raw) == "null" {
			return false, nil
		}
	} else {
		begin, err := p.token()
		switch {
		case err != nil || begin == nil:
			return false, err
		case begin != json.Delim('{'):
			return false, fmt.Errorf("expected an object for field %q, found %v", f.name, begin)
		}
	}
	p.out = protowire.AppendTag(p.out, f.num, f.wire)
	at := len(p.out)
	if f.kind != protoreflect.GroupKind {
		at = p.out.openLength()
	}
	var err error
	if raw != nil {
		err = p.special(t, raw)
	} else {
		err = p.members(t, false)
	}
	if f.kind == protoreflect.GroupKind {
		p.out = protowire.AppendTag(p.out, f.num, protowire.EndGroupType)
	} else {
		p.out.closeLength(at)
	}
	return true, err
}

// scalar appends the value of a token to a field that is not a message.
func (p *jsonParser) scalar(f *field, token json.Token, omitZero bool, r *run) error {
	if f.wire == protowire.BytesType {
		text, ok := token.(string)
		if !ok {
			return fmt.Errorf("expected a string for field %q, found %v", f.name, token)
		}
		if text == "" && omitZero {
			return nil
		}
		p.out = protowire.AppendTag(p.out, f.num, protowire.BytesType)
		if f.kind == protoreflect.StringKind {
			p.out = protowire.AppendString(p.out, text)
			return nil
		}
		at := p.out.openLength()
		out, err := appendBase64(p.out, text)
		if p.out = out; err != nil {
			return fmt.Errorf("field %q: %w", f.name, err)
		}
		p.out.closeLength(at)
		return nil
	}
	bits, err := parseJSONScalar(f, token)
	switch {
	case err != nil:
		return fmt.Errorf("field %q: %w", f.name, err)
	case omitZero && isZero(f, bits):
		return nil
	}
	p.out.scalar(f, r, bits)
	return nil
}

// appendBase64 appends the bytes that text encodes, in any alphabet of base64, with or without padding.
func appendBase64(dst []byte, text string) ([]byte, error) {
	encoding := base64.StdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.URLEncoding
	}
	if len(text)%4 != 0 {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	dst, err := encoding.AppendDecode(dst, []byte(text))
	if err != nil {
		return dst, errors.New("invalid base64")
	}
	return dst, nil
}

// typeMember is the member of an Any that holds its type URL.
const typeMember = "@type"

// any appends the fields of an Any.
func (p *jsonParser) any(raw []byte) error {
	url, members, err := anyURL(raw)
	switch {
	case err != nil:
		return err
	case url == "" && members > 0:
		return errors.New(`an Any has no "@type"`)
	case url == "":
		return nil
	case p.anys == maxAnyDepth:
		return fmt.Errorf("messages of type Any are nested more than %d deep", maxAnyDepth)
	}
	p.out = protowire.AppendTag(p.out, fieldnum.Any_TypeUrl, protowire.BytesType)
	p.out = protowire.AppendString(p.out, url)
	start := len(p.out)
	p.out = protowire.AppendTag(p.out, fieldnum.Any_Value, protowire.BytesType)
	at := p.out.openLength()
	inner := newJSONParser(raw, p.tables)
	inner.out, inner.depth, inner.anys = p.out, p.depth, p.anys+1
	name := wire.AnyType([]byte(url))
	if !name.IsValid() {
		return fmt.Errorf("an Any has the type %q, which is not a valid message name", name)
	}
	if _, err := inner.token(); err != nil { // the opening brace
		return err
	}
	md := jsonMessage(name)
	if md != nil && !special(p.of(md)) {
		err = inner.members(p.of(md), true)
	} else {
		err = inner.anyValue(md)
	}
	if p.out = inner.out; len(p.out) == at+1 {
		p.out = p.out[:start] // no value
		return err
	}
	p.out.closeLength(at)
	return err
}

// anyURL returns the type URL of an Any and the number of its members.
func anyURL(raw []byte) (url string, members int, err error) {
	p := newJSONParser(raw, nil)
	if begin, err := p.token(); err != nil || begin != json.Delim('{') {
		return "", 0, errors.Join(err, errors.New("an Any is not an object"))
	}
	for ; p.dec.More(); members++ {
		name, err := p.token()
		if err != nil {
			return "", 0, err
		}
		var value json.RawMessage
		if err := p.dec.Decode(&value); err != nil {
			return "", 0, err
		}
		if name == typeMember {
			if url != "" || json.Unmarshal(value, &url) != nil {
				return "", 0, errors.New(`an Any has an invalid "@type"`)
			}
		}
	}
	return url, members, nil
}

// anyValue reads the members of an Any whose message is the member "value": as base64 if md is nil, else in the special
// form of md. It appends the content.
func (p *jsonParser) anyValue(md protoreflect.MessageDescriptor) error {
	for p.dec.More() {
		name, err := p.token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := p.dec.Decode(&value); err != nil {
			return err
		}
		switch {
		case name == typeMember:
		case name != "value":
			return fmt.Errorf("an Any has the member %q besides its type and value", name)
		case md != nil:
			err = p.special(p.of(md), value)
		default:
			var content string
			if err = json.Unmarshal(value, &content); err == nil {
				p.out, err = appendBase64(p.out, content)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
